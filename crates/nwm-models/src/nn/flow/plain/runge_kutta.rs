//! Explicit Runge-Kutta methods, step by step: what `flow/runge_kutta.rs` does in one operation, with the same rules for the
//! lengths of steps.
//!
//! The error of each attempt is waited for, since it decides about the next one.

use candle_core::{DType, Tensor};

use super::super::super::mlp::Mlp;
use super::super::control::Control;
use super::super::tableau::{DORMAND_PRINCE_ERROR, Tableau, dormand_prince_between};
use crate::error::Result;

/// A method applied to a perceptron's output.
pub(in super::super) struct RungeKutta<'a> {
    pub(in super::super) field: &'a Mlp,
    pub(in super::super) method: Tableau,
    /// Time between two states.
    pub(in super::super) interval: f64,
    /// Steps follow the error if this is given; otherwise each is one interval long.
    pub(in super::super) control: Option<Control>,
}

/// A step that is tried or was kept.
struct Step {
    /// Where it begins: the state, and the time.
    state: Tensor,
    time: f64,
    length: f64,
    /// The field at each stage, with the sign of each sample.
    stages: Vec<Tensor>,
    /// Where it ends.
    end: Tensor,
}

/// `state + length * sum of weights * stages`.
fn combination(state: &Tensor, stages: &[Tensor], weights: &[f64], length: f64) -> Result<Tensor> {
    let mut sum = state.clone();
    for (stage, &weight) in stages.iter().zip(weights) {
        let factor = length * weight;
        if factor != 0.0 {
            sum = (sum + (stage * factor)?)?;
        }
    }
    Ok(sum)
}

/// The mean square of `values` in units of the tolerance, where numbers have the sizes of `before` and `after`.
fn mean_square(
    values: &Tensor,
    before: &Tensor,
    after: Option<&Tensor>,
    control: Control,
) -> Result<f64> {
    let wide = |tensor: &Tensor| tensor.detach().to_dtype(DType::F64);
    let mut size = wide(before)?.abs()?;
    if let Some(after) = after {
        size = size.maximum(&wide(after)?.abs()?)?;
    }
    let scaled = (wide(values)? / size.affine(control.tolerance, control.tolerance)?)?;
    Ok(scaled.sqr()?.mean_all()?.to_scalar::<f64>()?)
}

impl RungeKutta<'_> {
    /// The states after each of so many intervals. Those that cannot be reached are no numbers.
    pub(in super::super) fn steps(
        &self,
        start: &Tensor,
        signs: &Tensor,
        steps: usize,
    ) -> Result<Vec<Tensor>> {
        let mut states = Vec::with_capacity(steps);
        if steps == 0 {
            return Ok(states);
        }
        let (mut state, mut time) = (start.clone(), 0.0);
        let mut first = self.evaluate(&state, signs)?;
        let mut length = match self.control {
            Some(control) => self.first_length(&state, &first, signs, control)?,
            None => self.interval,
        };
        let mut kept: Option<Step> = None;
        for index in 0..steps {
            let target = (index + 1) as f64 * self.interval;
            let (mut attempts, mut error, mut has_moved) = (0, 0.0, false);
            while match self.control {
                Some(control) => time < target && attempts < control.most_steps,
                None => attempts == 0,
            } {
                // No step is short enough: the field is infinite here, or turns into no number nearby.
                if length.is_nan() || length <= 0.0 {
                    error = f64::NAN;
                    break;
                }
                attempts += 1;
                let step = self.attempt((&state, time), first.clone(), signs, length)?;
                error = self.error(&step)?;
                if error <= 1.0 {
                    (state, time) = (step.end.clone(), time + length);
                    first = match step.stages.last() {
                        Some(last) if self.method.reuses_last => last.clone(),
                        _ => self.evaluate(&state, signs)?,
                    };
                    has_moved = true;
                    kept = Some(step);
                }
                if self.control.is_some() {
                    length = Control::next(length, error);
                }
            }
            // Where the field is no number, neither is any later state.
            let Some(step) = kept.as_ref().filter(|_| error.is_finite() || has_moved) else {
                break;
            };
            states.push(match self.control {
                Some(_) => {
                    let weights = dormand_prince_between((target - step.time) / step.length);
                    combination(&step.state, &step.stages, &weights, step.length)?
                }
                None => step.end.clone(),
            });
        }
        let nowhere = (start.detach() * f64::NAN)?;
        states.resize(steps, nowhere);
        Ok(states)
    }

    /// The field with the sign of each sample.
    fn evaluate(&self, point: &Tensor, signs: &Tensor) -> Result<Tensor> {
        Ok(self.field.forward(point)?.broadcast_mul(signs)?)
    }

    /// Tries a step from a state, where the field is `first`.
    fn attempt(
        &self,
        (state, time): (&Tensor, f64),
        first: Tensor,
        signs: &Tensor,
        length: f64,
    ) -> Result<Step> {
        let method = &self.method;
        let mut stages = vec![first];
        let mut end = None;
        for couplings in &method.couplings[1..] {
            let point = combination(state, &stages, couplings, length)?;
            stages.push(self.evaluate(&point, signs)?);
            end = Some(point);
        }
        let end = match end {
            Some(end) if method.reuses_last => end,
            _ => combination(state, &stages, method.weights, length)?,
        };
        Ok(Step { state: state.clone(), time, length, stages, end })
    }

    /// The mean squared error of a step in units of the tolerance, if that is controlled.
    fn error(&self, step: &Step) -> Result<f64> {
        let Some(control) = self.control else { return Ok(0.0) };
        let stages: Vec<Tensor> = step.stages.iter().map(Tensor::detach).collect();
        let none = step.state.detach().zeros_like()?;
        let error = combination(&none, &stages, &DORMAND_PRINCE_ERROR, step.length)?;
        mean_square(&error, &step.state, Some(&step.end), control)
    }

    /// The length of the first step.
    fn first_length(
        &self,
        state: &Tensor,
        first: &Tensor,
        signs: &Tensor,
        control: Control,
    ) -> Result<f64> {
        let root = |values: &Tensor| {
            Ok::<_, crate::Error>(mean_square(values, state, None, control)?.sqrt())
        };
        let (size, slope) = (root(state)?, root(first)?);
        let trial = Control::trial(size, slope);
        let (state, first) = (state.detach(), first.detach());
        let point = combination(&state, std::slice::from_ref(&first), &[1.0], trial)?;
        let change = (self.evaluate(&point, signs)? - &first)?;
        Ok(Control::first(size, slope, root(&change)?))
    }
}
