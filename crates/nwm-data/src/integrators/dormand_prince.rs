//! The explicit Runge-Kutta pair of Dormand and Prince, orders 5 and 4, with adaptive steps.
//!
//! The step follows the error of the embedded solution; the solution between two steps is the
//! quartic interpolant of Shampine, fourth order and continuous with its derivative. Only basic
//! arithmetic, square roots and one `libm` power are used, so that the result is the same on every
//! machine.

use super::{Coordinates, check_request};
use crate::error::{Error, Result};

/// Stages per step; the last one is the first one of the next step.
const STAGES: usize = 7;

/// Coupling of the stages (Dormand and Prince 1980), row by row; the last row gives the solution.
const STAGE_WEIGHTS: [[f64; 6]; 6] = [
    [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
    [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0, 0.0],
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// Fifth-order minus fourth-order weights.
const ERROR_WEIGHTS: [f64; STAGES] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// Stage weights of the interpolant as polynomials of the fraction of the step, without the
/// common factor of one fraction; coefficients of the powers 0 to 3.
const INTERPOLANT: [[f64; 4]; STAGES] = [
    [
        1.0,
        -8_048_581_381.0 / 2_820_520_608.0,
        8_663_915_743.0 / 2_820_520_608.0,
        -12_715_105_075.0 / 11_282_082_432.0,
    ],
    [0.0, 0.0, 0.0, 0.0],
    [
        0.0,
        131_558_114_200.0 / 32_700_410_799.0,
        -68_118_460_800.0 / 10_900_136_933.0,
        87_487_479_700.0 / 32_700_410_799.0,
    ],
    [
        0.0,
        -1_754_552_775.0 / 470_086_768.0,
        14_199_869_525.0 / 1_410_260_304.0,
        -10_690_763_975.0 / 1_880_347_072.0,
    ],
    [
        0.0,
        127_303_824_393.0 / 49_829_197_408.0,
        -318_862_633_887.0 / 49_829_197_408.0,
        701_980_252_875.0 / 199_316_789_632.0,
    ],
    [
        0.0,
        -282_668_133.0 / 205_662_961.0,
        2_019_193_451.0 / 616_988_883.0,
        -1_453_857_185.0 / 822_651_844.0,
    ],
    [0.0, 40_617_522.0 / 29_380_423.0, -110_615_467.0 / 29_380_423.0, 69_997_945.0 / 29_380_423.0],
];

/// Steps between two states after which the method gives up.
const MOST_STEPS: usize = 1_000_000;

/// What a solution cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Effort {
    /// Steps that were kept.
    pub accepted: usize,
    /// Steps that were repeated with a smaller size.
    pub rejected: usize,
}

/// Adaptive Dormand-Prince 5(4) with dense output, for autonomous equations.
///
/// ```
/// use nwm_data::DormandPrince;
/// # fn main() -> Result<(), nwm_data::Error> {
/// let mut decay = [0.0; 3];
/// DormandPrince::default().solve(|[y], slope| *slope = [-y], [1.0], 0.5, &mut decay)?;
/// assert!((decay[2] - (-1.0_f64).exp()).abs() < 1e-8);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DormandPrince {
    /// Accepted error of one step, relative to the state.
    pub relative_tolerance: f64,
    /// Accepted error of one step, in the units of the state.
    pub absolute_tolerance: f64,
}

impl Default for DormandPrince {
    /// Both tolerances 1e-9, as the suite integrates its particle systems.
    fn default() -> Self {
        Self::with_tolerance(1e-9)
    }
}

impl DormandPrince {
    /// The same tolerance relative to the state and in its units.
    #[must_use]
    pub const fn with_tolerance(tolerance: f64) -> Self {
        Self { relative_tolerance: tolerance, absolute_tolerance: tolerance }
    }

    /// Solves `y' = derivative(y)` from `initial` at time 0 and writes the states at the times
    /// `k * dt` to `states`, axes `[time, dimension]`; the first one is `initial` itself.
    /// `derivative` writes the slope at its first argument to its second.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if `states` is not a whole number of states,
    /// [`Error::InvalidSetting`] if `dt` is not positive, [`Error::StepTooSmall`] if the equations
    /// give values that are not finite or the tolerance is out of reach, [`Error::TooManySteps`] if it
    /// takes more than a million steps from one state to the next.
    pub fn solve<C: Coordinates>(
        &self,
        derivative: impl Fn(&C, &mut C),
        initial: C,
        dt: f64,
        states: &mut [f64],
    ) -> Result<Effort> {
        let dimension = initial.as_ref().len();
        check_request(dimension, dt, states)?;
        let mut step = Step::start(self, &derivative, initial, dt);
        let mut effort = Effort::default();
        for (frame, state) in states.chunks_exact_mut(dimension).enumerate() {
            let time = frame as f64 * dt;
            let steps_before = effort.accepted;
            while step.end < time {
                step.advance(self, &derivative, &mut effort)?;
                let steps = effort.accepted - steps_before;
                if steps > MOST_STEPS {
                    return Err(Error::TooManySteps { time: step.end, steps });
                }
            }
            step.interpolate(time, state);
        }
        Ok(effort)
    }

    /// Root mean square of `values`, each in units of the accepted error at `state`.
    fn scaled_norm(&self, values: &[f64], state: impl Fn(usize) -> f64) -> f64 {
        let mut sum = 0.0;
        for (index, value) in values.iter().enumerate() {
            let scale = self.absolute_tolerance + self.relative_tolerance * state(index).abs();
            sum += (value / scale) * (value / scale);
        }
        (sum / values.len() as f64).sqrt()
    }
}

/// The last accepted step, which can be interpolated, and the size proposed for the next one.
struct Step<C> {
    begin: f64,
    end: f64,
    before: C,
    after: C,
    stages: [C; STAGES],
    /// Where a step is tried before it is accepted.
    trial: Trial<C>,
    next_size: f64,
}

/// The working memory of a step.
struct Trial<C> {
    after: C,
    stages: [C; STAGES],
    error: C,
}

impl<C: Coordinates> Step<C> {
    /// The empty step at time 0, with a first size after Hairer, Norsett and Wanner (II.4):
    /// a trial Euler step tells the second derivative.
    fn start(
        method: &DormandPrince,
        derivative: &impl Fn(&C, &mut C),
        initial: C,
        longest: f64,
    ) -> Self {
        let mut slope = initial.clone();
        derivative(&initial, &mut slope);
        let at = |index: usize| initial.as_ref()[index];
        let state_norm = method.scaled_norm(initial.as_ref(), at);
        let slope_norm = method.scaled_norm(slope.as_ref(), at);
        let trial = if state_norm < 1e-5 || slope_norm < 1e-5 {
            1e-6
        } else {
            (0.01 * state_norm / slope_norm).min(longest)
        };
        let mut euler = initial.clone();
        for (value, slope) in euler.as_mut().iter_mut().zip(slope.as_ref()) {
            *value += trial * slope;
        }
        let mut bend = initial.clone();
        derivative(&euler, &mut bend);
        for (bend, slope) in bend.as_mut().iter_mut().zip(slope.as_ref()) {
            *bend = (*bend - slope) / trial;
        }
        let bend_norm = method.scaled_norm(bend.as_ref(), at);
        let largest = slope_norm.max(bend_norm);
        let proposal = if largest <= 1e-15 {
            (trial * 1e-3).max(1e-6)
        } else {
            libm::pow(0.01 / largest, 0.2)
        };
        let stages = std::array::from_fn(|_| slope.clone());
        let trial_memory =
            Trial { after: initial.clone(), stages: stages.clone(), error: initial.clone() };
        Self {
            begin: 0.0,
            end: 0.0,
            before: initial.clone(),
            after: initial,
            stages,
            trial: trial_memory,
            next_size: proposal.min(100.0 * trial),
        }
    }

    /// Takes the next step, repeating it with smaller sizes until its error is accepted.
    fn advance(
        &mut self,
        method: &DormandPrince,
        derivative: &impl Fn(&C, &mut C),
        effort: &mut Effort,
    ) -> Result<()> {
        let (begin, before) = (self.end, self.after.as_ref());
        let Trial { after, stages, error } = &mut self.trial;
        stages[0].as_mut().copy_from_slice(self.stages[STAGES - 1].as_ref());
        let mut size = self.next_size;
        let mut rejected = false;
        loop {
            let smallest = (10.0 * f64::EPSILON * begin.abs()).max(f64::MIN_POSITIVE);
            if size.is_nan() || size <= smallest {
                return Err(Error::StepTooSmall { time: begin, step: size });
            }
            for (index, weights) in STAGE_WEIGHTS.iter().enumerate() {
                for (axis, (after, before)) in after.as_mut().iter_mut().zip(before).enumerate() {
                    let mut slope = 0.0;
                    for (weight, stage) in weights.iter().zip(&stages[..=index]) {
                        slope += weight * stage.as_ref()[axis];
                    }
                    *after = before + size * slope;
                }
                derivative(after, &mut stages[index + 1]);
            }
            for (axis, error) in error.as_mut().iter_mut().enumerate() {
                let mut sum = 0.0;
                for (weight, stage) in ERROR_WEIGHTS.iter().zip(stages.iter()) {
                    sum += weight * stage.as_ref()[axis];
                }
                *error = size * sum;
            }
            let norm = method.scaled_norm(error.as_ref(), |axis| {
                before[axis].abs().max(after.as_ref()[axis].abs())
            });
            // An error of order 5: the size that would just be accepted, with some safety.
            let factor = 0.9 * libm::pow(norm, -0.2);
            if norm < 1.0 {
                let largest = if rejected { 1.0 } else { 10.0 };
                self.next_size = size * factor.clamp(0.2, largest);
                (self.begin, self.end) = (begin, begin + size);
                std::mem::swap(&mut self.before, &mut self.after);
                std::mem::swap(&mut self.after, &mut self.trial.after);
                std::mem::swap(&mut self.stages, &mut self.trial.stages);
                effort.accepted += 1;
                return Ok(());
            }
            rejected = true;
            effort.rejected += 1;
            // A factor that is not a number (the state overflowed) counts as the smallest one.
            size *= factor.max(0.2);
        }
    }

    /// Writes the state at `time`, between the ends of the step.
    fn interpolate(&self, time: f64, state: &mut [f64]) {
        let size = self.end - self.begin;
        if size == 0.0 {
            state.copy_from_slice(self.after.as_ref());
            return;
        }
        let fraction = (time - self.begin) / size;
        let weights = interpolant_weights(fraction);
        for (axis, (state, before)) in state.iter_mut().zip(self.before.as_ref()).enumerate() {
            let mut slope = 0.0;
            for (weight, stage) in weights.iter().zip(&self.stages) {
                slope += weight * stage.as_ref()[axis];
            }
            *state = before + size * slope;
        }
    }
}

/// Weight of each stage in the solution at `fraction` of a step.
fn interpolant_weights(fraction: f64) -> [f64; STAGES] {
    INTERPOLANT.map(|[zeroth, first, second, third]| {
        fraction * (zeroth + fraction * (first + fraction * (second + fraction * third)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpolant_ends_in_the_solution_and_starts_with_its_slope() {
        let at_end = interpolant_weights(1.0);
        for (stage, weight) in at_end.iter().enumerate() {
            let solution = STAGE_WEIGHTS[5].get(stage).copied().unwrap_or(0.0);
            assert!((weight - solution).abs() < 1e-12, "stage {stage}: {weight} {solution}");
        }
        for fraction in [0.1, 0.5, 0.9] {
            let sum: f64 = interpolant_weights(fraction).iter().sum();
            assert!((sum - fraction).abs() < 1e-12, "a constant slope is exact");
        }
    }

    #[test]
    fn error_weights_cancel_for_a_constant_slope() {
        assert!(ERROR_WEIGHTS.iter().sum::<f64>().abs() < 1e-15);
    }

    /// Largest error of the unit oscillator over one period at tolerance `tolerance`.
    fn oscillator_error(tolerance: f64) -> (f64, Effort) {
        let method = DormandPrince::with_tolerance(tolerance);
        let mut states = [0.0; 2 * 126];
        let oscillator = |[q, p]: &[f64; 2], slope: &mut [f64; 2]| *slope = [*p, -q];
        let effort = method.solve(oscillator, [1.0, 0.0], 0.05, &mut states).unwrap();
        let mut largest = 0.0_f64;
        for (frame, state) in states.chunks_exact(2).enumerate() {
            let (sine, cosine) = (frame as f64 * 0.05).sin_cos();
            largest = largest.max((state[0] - cosine).abs()).max((state[1] + sine).abs());
        }
        (largest, effort)
    }

    #[test]
    fn the_error_follows_the_tolerance_and_the_effort_its_fifth_root() {
        let (coarse_error, coarse) = oscillator_error(1e-5);
        let (fine_error, fine) = oscillator_error(1e-10);
        assert!(coarse_error < 1e-3 && fine_error < 5e-9, "{coarse_error} {fine_error}");
        assert!(fine_error < coarse_error * 1e-4);
        // Order 5: a tolerance smaller by 1e5 costs ten times as many steps.
        let ratio = fine.accepted as f64 / coarse.accepted as f64;
        assert!((6.0..14.0).contains(&ratio), "{coarse:?} {fine:?}");
    }

    #[test]
    fn vectors_and_arrays_give_the_same_bits() {
        let (mut fixed, mut dynamic) = ([0.0; 2 * 40], [0.0; 2 * 40]);
        let method = DormandPrince::default();
        method.solve(|[q, p], slope| *slope = [*p, -q], [0.3, 0.8], 0.3, &mut fixed).unwrap();
        let pairs = |state: &Vec<f64>, slope: &mut Vec<f64>| {
            (slope[0], slope[1]) = (state[1], -state[0]);
        };
        method.solve(pairs, vec![0.3, 0.8], 0.3, &mut dynamic).unwrap();
        assert_eq!(fixed, dynamic);
    }

    #[test]
    fn a_solution_that_blows_up_is_an_error() {
        let mut states = [0.0; 100];
        let error =
            DormandPrince::default().solve(|[y], slope| *slope = [y * y], [1.0], 0.05, &mut states);
        assert!(matches!(error, Err(Error::StepTooSmall { time, .. }) if time < 1.01), "{error:?}");
        let error = DormandPrince::default().solve(
            |_, slope| *slope = [f64::NAN],
            [1.0],
            0.05,
            &mut states,
        );
        assert!(matches!(error, Err(Error::StepTooSmall { .. })), "{error:?}");
    }

    #[test]
    fn a_state_that_is_too_far_away_is_an_error() {
        let oscillator = |[q, p]: &[f64; 2], slope: &mut [f64; 2]| *slope = [*p, -q];
        let error = DormandPrince::default().solve(oscillator, [1.0, 0.0], 1e12, &mut [0.0; 4]);
        assert!(matches!(error, Err(Error::TooManySteps { .. })), "{error:?}");
    }

    #[test]
    fn wrong_arguments_are_errors() {
        let method = DormandPrince::default();
        let still = |_: &[f64; 2], slope: &mut [f64; 2]| *slope = [0.0; 2];
        let odd = method.solve(still, [0.0; 2], 0.1, &mut [0.0; 3]);
        assert!(matches!(odd, Err(Error::BufferLength { .. })));
        let backwards = method.solve(still, [0.0; 2], -0.1, &mut [0.0; 4]);
        assert!(matches!(backwards, Err(Error::InvalidSetting { .. })));
        let nothing = method.solve(|_: &Vec<f64>, _| {}, Vec::new(), 0.1, &mut []);
        assert!(matches!(nothing, Err(Error::BufferLength { .. })));
    }
}
