//! How long the steps of an adaptive method are (Hairer, Norsett & Wanner 1993, II.4).

/// A step is multiplied by this much less than its error allows.
const SAFETY: f64 = 0.9;
/// Bounds on how much a step may grow or shrink at once.
const MOST_GROWTH: f64 = 10.0;
const MOST_SHRINKAGE: f64 = 0.2;
/// The order of the method.
const ORDER: f64 = 5.0;

/// Tolerances, the same for all samples of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Control {
    /// Accepted error of one step, relative to the state and in its units.
    pub(super) tolerance: f64,
    /// Attempts between two states that are asked for; after them the next one is read off the last step, beyond its end.
    pub(super) most_steps: usize,
}

impl Control {
    /// What the error of a number is measured in, from its size before and after the step.
    pub(super) fn scale(self, before: f64, after: f64) -> f64 {
        self.tolerance * (1.0 + before.abs().max(after.abs()))
    }

    /// The first step, from the root mean squares of the state, of the field there, and of the field's change over a step
    /// of [`Control::trial`], all in units of the scale.
    pub(super) fn first(state: f64, slope: f64, change: f64) -> f64 {
        let trial = Self::trial(state, slope);
        let bend = change / trial;
        let step = if slope <= 1e-15 && bend <= 1e-15 {
            (trial * 1e-3).max(1e-6)
        } else {
            (0.01 / slope.max(bend)).powf(1.0 / ORDER)
        };
        step.min(100.0 * trial)
    }

    /// A step that is surely short enough to see the field change.
    pub(super) fn trial(state: f64, slope: f64) -> f64 {
        if state < 1e-5 || slope < 1e-5 { 1e-6 } else { 0.01 * state / slope }
    }

    /// The step after one of `step` whose mean squared error, in units of the scale, was `error`.
    pub(super) fn next(step: f64, error: f64) -> f64 {
        if error == 0.0 {
            return step * MOST_GROWTH;
        }
        if !error.is_finite() {
            return step * MOST_SHRINKAGE;
        }
        let least = if error <= 1.0 { 1.0 } else { MOST_SHRINKAGE };
        let factor = SAFETY * error.sqrt().powf(-1.0 / ORDER);
        step * factor.clamp(least, MOST_GROWTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_and_shrink_within_their_bounds() {
        assert_eq!(Control::next(1.0, 0.0), 10.0);
        assert_eq!(Control::next(1.0, 1e-30), 10.0);
        assert_eq!(Control::next(1.0, 0.999), 1.0);
        assert_eq!(Control::next(1.0, 1e30), 0.2);
        assert_eq!(Control::next(1.0, f64::NAN), 0.2);
        // An error of 2^5, squared: half the step, and the safety factor.
        assert!((Control::next(1.0, 1024.0) - 0.45).abs() < 1e-15);
    }
}
