//! What is compared between a recording and its surrogates.

use super::measures::FrameMeasures;

/// Frames above this share of those of surrogates are significant.
const PERCENTILE: f64 = 0.99;

/// Means of measures over frames.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Means {
    pub(super) synchrony: Mean,
    pub(super) local_coherence: Mean,
    pub(super) plane_wave_order: Mean,
    pub(super) local_plane_order: Mean,
}

impl Means {
    pub(super) fn add(&mut self, measures: &FrameMeasures) {
        if measures.local_coherence.is_nan() {
            return;
        }
        self.synchrony.push(measures.synchrony);
        self.local_coherence.push(measures.local_coherence);
        self.plane_wave_order.push(measures.plane_wave_order);
        self.local_plane_order.push(measures.local_plane_order);
    }
}

/// A mean of what is a number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mean {
    count: f64,
    sum: f64,
}

impl Mean {
    pub(super) fn push(&mut self, value: f64) {
        if !value.is_nan() {
            self.count += 1.0;
            self.sum += value;
        }
    }

    pub(super) fn get(self) -> f64 {
        self.sum / self.count
    }
}

/// What is compared between a recording and its surrogates.
#[derive(Debug, Clone, Default)]
pub(super) struct Compared {
    pub(super) shuffled: Means,
    pub(super) synchrony: Mean,
    pub(super) travel: [f64; 2],
    pub(super) mode_shares: f64,
    pub(super) rho_distance: Largest,
}

/// The largest of what is a number; NaN if there is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Largest(pub(super) f64);

impl Default for Largest {
    fn default() -> Self {
        Self(f64::NAN)
    }
}

impl Largest {
    pub(super) fn push(&mut self, value: f64) {
        self.0 = self.0.max(value);
    }
}

/// The value that all but one in a hundred do not exceed. Without values nothing can be said, and everything
/// exceeds them.
pub(super) fn percentile<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let mut values: Vec<f64> = values.copied().filter(|value| !value.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let place = (PERCENTILE * values.len() as f64).ceil() as usize;
    place.checked_sub(1).map_or(f64::NEG_INFINITY, |place| values[place])
}
