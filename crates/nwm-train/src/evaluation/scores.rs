//! The error measures of Table 1 (docs/theory.md, section 6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::slices::{Slice, Slices};

/// Squared error and energy of each predicted frame of one trajectory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameErrors {
    /// The frame that index 0 is about.
    pub first_frame: usize,
    /// Sum over pixels and channels of (prediction - target)^2.
    pub error: Vec<f64>,
    /// Sum over pixels and channels of target^2.
    pub energy: Vec<f64>,
}

/// Sums over pixels and channels of `(prediction - target)^2` and of `target^2`.
pub(crate) fn error_and_energy(prediction: &[f32], target: &[f32]) -> [f64; 2] {
    let (mut error, mut energy) = (0.0, 0.0);
    for (&x, &y) in prediction.iter().zip(target) {
        let (x, y) = (f64::from(x), f64::from(y));
        error += (x - y) * (x - y);
        energy += y * y;
    }
    [error, energy]
}

impl FrameErrors {
    /// Nothing yet about a forecast that begins with frame `first_frame`.
    pub fn from_frame(first_frame: usize) -> Self {
        Self { first_frame, ..Self::default() }
    }

    /// Adds one frame.
    pub fn push(&mut self, prediction: &[f32], target: &[f32]) {
        let [error, energy] = error_and_energy(prediction, target);
        self.error.push(error);
        self.energy.push(energy);
    }

    /// Plain and relative mean squared error over a slice, both divided by the values of a frame. Frames that are black all
    /// over have no relative error and do not count in its mean; if there are no others there is none.
    pub fn means(&self, slice: Slice, values: usize) -> (f64, Option<f64>) {
        let frames = slice.0 - self.first_frame..slice.1 - self.first_frame;
        let values = values as f64;
        let plain = mean(self.error[frames.clone()].iter().copied()).unwrap_or(f64::NAN);
        let relative = mean(frames.filter_map(|frame| self.relative(frame)));
        (plain / values, relative.map(|mean| mean / values))
    }

    /// Error over energy of one entry; `None` where there is no energy.
    fn relative(&self, index: usize) -> Option<f64> {
        let energy = self.energy[index];
        (energy > 0.0).then(|| self.error[index] / energy)
    }
}

/// `None` of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// Scores under the suite's names, `DIRECTION_SLICE_MEASURE`: direction `forward`, `backward` or `combined` (the mean of
/// both), slice as in [`Slices`], measure `l2` (mean squared error) or `l2_norm` (relative squared error, divided by the
/// values of a frame once more). Means over trajectories; those without a relative error do not count in its mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scores {
    values: BTreeMap<String, f64>,
}

/// Names of the two measures, in the order of [`FrameErrors::means`].
const MEASURES: [&str; 2] = ["l2", "l2_norm"];

impl Scores {
    /// Scores of forecasts, and of forecasts of the past where there are any; `values` is the size of a frame. Errors of the
    /// past count frames from the window's end, 0 being the last.
    pub fn of(
        forward: &[FrameErrors],
        backward: &[FrameErrors],
        slices: &Slices,
        values: usize,
    ) -> Self {
        let mut scores = Self::default();
        for (slice_name, slice) in slices.named() {
            let means = |trajectories: &[FrameErrors]| {
                let of_each = || trajectories.iter().map(|errors| errors.means(slice, values));
                let plain = mean(of_each().map(|(plain, _)| plain));
                let relative = mean(of_each().filter_map(|(_, relative)| relative));
                [plain, relative].map(|mean| mean.unwrap_or(f64::NAN))
            };
            let forward = means(forward);
            let mut add = |direction: &str, means: [f64; 2]| {
                for (measure, mean) in MEASURES.iter().zip(means) {
                    scores.values.insert(format!("{direction}_{slice_name}_{measure}"), mean);
                }
            };
            add("forward", forward);
            if !backward.is_empty() {
                let backward = means(backward);
                add("backward", backward);
                add("combined", [0, 1].map(|index| (forward[index] + backward[index]) / 2.0));
            }
        }
        scores
    }

    /// The score of a key, if there is one.
    pub fn get(&self, key: &str) -> Option<f64> {
        self.values.get(key).copied()
    }

    /// Keys and scores, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().map(|(key, &value)| (key.as_str(), value))
    }
}

/// Mean over trajectories of each frame's plain and relative error, divided by the values of a frame.
pub(crate) fn per_step(trajectories: &[FrameErrors], values: usize) -> (Vec<f64>, Vec<f64>) {
    let steps = trajectories.first().map_or(0, |errors| errors.error.len());
    let means = |term: fn(&FrameErrors, usize) -> Option<f64>| {
        let at = |step| mean(trajectories.iter().filter_map(|errors| term(errors, step)));
        (0..steps).map(|step| at(step).map_or(f64::NAN, |mean| mean / values as f64)).collect()
    };
    (means(|errors, step| Some(errors.error[step])), means(FrameErrors::relative))
}

#[cfg(test)]
mod tests {
    use nwm_models::ModelName;

    use super::*;
    use crate::config::Config;

    const VALUES: usize = 32 * 32 * 3;

    fn slices() -> Slices {
        Slices::new(&Config::published(ModelName::Nwm2d, "mass_spring"), 1)
    }

    #[test]
    fn a_constant_prediction_scores_the_golden_numbers() {
        let mut errors = FrameErrors::from_frame(1);
        for _ in 1..120 {
            errors.push(&[0.6; VALUES], &[0.5; VALUES]);
        }
        let scores = Scores::of(&[errors.clone(), errors], &[], &slices(), VALUES);
        // f32 holds 0.6 to 2.4e-8, so (0.6 - 0.5)^2 to 5e-9.
        assert!((scores.get("forward_extrapolation_l2").unwrap() - 0.01).abs() < 1e-8);
        for slice in ["train", "extrapolation", "full", "matched"] {
            let relative = scores.get(&format!("forward_{slice}_l2_norm")).unwrap();
            assert!((relative - 1.302_083_3e-5).abs() < 1e-11, "{slice}: {relative}");
        }
        assert_eq!(scores.get("backward_full_l2"), None);
        assert_eq!(scores.iter().count(), 8);
    }

    #[test]
    fn the_slice_decides_which_frames_count() {
        let mut errors = FrameErrors::from_frame(1);
        for frame in 1..120 {
            let off = if frame < 60 { 0.0 } else { 0.5 };
            errors.push(&[1.0 - off; 4], &[1.0; 4]);
        }
        let scores = Scores::of(&[errors], &[], &slices(), 4);
        assert_eq!(scores.get("forward_train_l2"), Some(0.0));
        assert_eq!(scores.get("forward_extrapolation_l2"), Some(0.25));
        assert_eq!(scores.get("forward_extrapolation_l2_norm"), Some(0.25 / 4.0));
    }

    #[test]
    fn black_frames_have_no_relative_error() {
        let mut errors = FrameErrors::from_frame(1);
        for frame in 1..120 {
            let target = if frame < 90 { 0.0 } else { 1.0 };
            errors.push(&[0.5; 4], &[target; 4]);
        }
        assert_eq!(errors.means(Slice(60, 120), 4), (0.25, Some(0.25 / 4.0)));
        assert_eq!(errors.means(Slice(1, 60), 4), (0.25, None));
        let (l2, l2_norm) = per_step(std::slice::from_ref(&errors), 4);
        assert!(l2[0] == 0.25 && l2_norm[0].is_nan() && l2_norm[118] == 0.0625);
        // A black film beside others does not count, and one that is no number does.
        let mut black = FrameErrors::from_frame(1);
        (1..120).for_each(|_| black.push(&[0.5; 4], &[0.0; 4]));
        let relative = |films: &[FrameErrors]| {
            Scores::of(films, &[], &slices(), 4).get("forward_extrapolation_l2_norm").unwrap()
        };
        assert_eq!(relative(&[black.clone(), errors.clone()]), 0.25 / 4.0);
        assert!(relative(&[black]).is_nan());
        let mut lost = FrameErrors::from_frame(1);
        (1..120).for_each(|_| lost.push(&[f32::NAN; 4], &[1.0; 4]));
        assert!(relative(&[lost, errors]).is_nan());
    }

    #[test]
    fn combined_is_the_mean_of_both_directions() {
        let config = Config::published(ModelName::Hgn, "mass_spring");
        let errors = |off: f32| {
            let mut errors = FrameErrors::from_frame(0);
            (0..125).for_each(|_| errors.push(&[off], &[1.0]));
            errors
        };
        let slices = Slices::new(&config, 0);
        let scores = Scores::of(&[errors(0.5)], &[errors(0.0)], &slices, 1);
        assert_eq!(scores.get("forward_full_l2"), Some(0.25));
        assert_eq!(scores.get("backward_full_l2"), Some(1.0));
        assert_eq!(scores.get("combined_full_l2"), Some(0.625));
        assert_eq!(scores.iter().count(), 24);
    }
}
