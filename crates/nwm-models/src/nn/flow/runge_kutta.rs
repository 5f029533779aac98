//! Explicit Runge-Kutta methods with steps of one size or with a controlled error, and their gradients.
//!
//! The step is the same for all samples of a batch. A gradient goes through the steps that were kept; their lengths count
//! as constants. Where the error allows too short steps, a state is read off the last step that was kept, beyond its end, as
//! the solver of the original experiments does (Botev et al. 2021).

use rayon::prelude::*;

use super::super::matrix::add;
use super::super::real::Real;
use super::control::Control;
use super::field::{Field, Recorded};
use super::tableau::{DORMAND_PRINCE_ERROR, Tableau, dormand_prince_between};
use super::unroll::{Unroll, blocks, pull_back_blocks, scatter};

/// A method applied to a field.
pub(super) struct RungeKutta<F> {
    pub(super) field: F,
    /// Numbers of a state.
    pub(super) size: usize,
    pub(super) method: Tableau,
    /// Time between two states.
    pub(super) interval: f64,
    /// Steps follow the error if this is given, which only Dormand and Prince's method tells; otherwise each is one interval
    /// long.
    pub(super) control: Option<Control>,
}

/// Steps that were kept, and the evaluations of each block of samples.
pub(super) struct RungeKuttaTape<Tape> {
    steps: Vec<Step>,
    blocks: Vec<Tape>,
}

/// A step that was kept.
struct Step {
    start: f64,
    length: f64,
    /// States that are read off it: their number, and the fraction of the step at which they lie.
    states: Vec<(usize, f64)>,
}

/// A block of samples on its way.
struct Block<'a, T, Tape> {
    signs: &'a [T],
    state: Vec<T>,
    /// Where the step that is tried ends.
    end: Vec<T>,
    /// The field at each stage, with the sign of each sample.
    stages: Vec<Vec<T>>,
    /// Where the last step that was kept began, and its stages.
    kept_start: Vec<T>,
    kept_stages: Vec<Vec<T>>,
    tape: Option<Tape>,
}

/// `state + length * sum of weights * stages`.
fn combination<T: Real>(state: &[T], stages: &[Vec<T>], weights: &[f64], length: f64) -> Vec<T> {
    let mut sum = state.to_vec();
    for (stage, &weight) in stages.iter().zip(weights) {
        add_scaled(&mut sum, stage, length * weight);
    }
    sum
}

/// `sum += factor * values`.
fn add_scaled<T: Real>(sum: &mut [T], values: &[T], factor: f64) {
    if factor == 0.0 {
        return;
    }
    let factor = <T as nwm_simd::Real>::nearest(factor);
    for (sum, &value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// Every sample's numbers times its sign.
fn apply_signs<T: Real>(values: &mut [T], signs: &[T]) {
    let size = values.len() / signs.len();
    for (values, &sign) in values.chunks_exact_mut(size).zip(signs) {
        values.iter_mut().for_each(|value| *value *= sign);
    }
}

impl<'a, T: Real, Tape: Recorded> Block<'a, T, Tape> {
    /// A block before its first step.
    fn new(start: &[T], signs: &'a [T], stages: usize, tape: Option<Tape>) -> Self {
        let zeros = vec![T::zero(); start.len()];
        Self {
            signs,
            state: start.to_vec(),
            end: zeros.clone(),
            stages: vec![zeros.clone(); stages],
            kept_start: zeros.clone(),
            kept_stages: vec![zeros; stages],
            tape,
        }
    }

    fn evaluations(&self) -> usize {
        self.tape.as_ref().map_or(0, Recorded::evaluations)
    }

    /// Evaluates one stage of a step.
    fn evaluate<F: Field<T, Tape = Tape>>(
        &mut self,
        field: &F,
        method: &Tableau,
        stage: usize,
        length: f64,
    ) {
        let point = combination(&self.state, &self.stages, method.couplings[stage], length);
        field.evaluate(&point, &mut self.stages[stage], self.tape.as_mut());
        apply_signs(&mut self.stages[stage], self.signs);
        if method.reuses_last && stage + 1 == method.couplings.len() {
            self.end = point;
        }
    }

    /// Tries a step; the sum of squares of its error in units of the tolerance, if that is controlled.
    fn attempt<F: Field<T, Tape = Tape>>(
        &mut self,
        flow: &RungeKutta<F>,
        first_stage: usize,
        length: f64,
    ) -> f64 {
        for stage in first_stage..flow.method.couplings.len() {
            self.evaluate(&flow.field, &flow.method, stage, length);
        }
        if !flow.method.reuses_last {
            self.end = combination(&self.state, &self.stages, flow.method.weights, length);
        }
        let Some(control) = flow.control else { return 0.0 };
        let none = vec![T::zero(); self.state.len()];
        let error = combination(&none, &self.stages, &DORMAND_PRINCE_ERROR, length);
        let mut sum = 0.0;
        for ((error, before), after) in error.iter().zip(&self.state).zip(&self.end) {
            sum += (error.widen() / control.scale(before.widen(), after.widen())).powi(2);
        }
        sum
    }

    /// Goes to the end of the step that was tried.
    fn keep(&mut self, reuses_last: bool) {
        std::mem::swap(&mut self.kept_start, &mut self.state);
        std::mem::swap(&mut self.state, &mut self.end);
        std::mem::swap(&mut self.kept_stages, &mut self.stages);
        if reuses_last && let [first, ..] = self.stages.as_mut_slice() {
            first.copy_from_slice(&self.kept_stages[self.kept_stages.len() - 1]);
        }
    }

    /// Forgets the step that was tried.
    fn forget(&mut self, evaluations: usize) {
        if let Some(tape) = &mut self.tape {
            tape.truncate(evaluations);
        }
    }
}

impl<F> RungeKutta<F> {
    /// Evaluates the field where the first step begins, which a method that reuses its last stage takes as given.
    fn evaluate_first_stage<T: Real>(&self, blocks: &mut [Block<'_, T, F::Tape>])
    where
        F: Field<T>,
    {
        blocks.par_iter_mut().for_each(|block| block.evaluate(&self.field, &self.method, 0, 0.0));
    }

    /// Tries a step of all blocks; the sum of their errors.
    fn attempt<T: Real>(&self, blocks: &mut [Block<'_, T, F::Tape>], length: f64) -> f64
    where
        F: Field<T>,
    {
        let first_stage = usize::from(self.method.reuses_last);
        let errors: Vec<f64> =
            blocks.par_iter_mut().map(|block| block.attempt(self, first_stage, length)).collect();
        errors.iter().sum()
    }

    /// The length of the first step.
    fn first_step<T: Real>(&self, blocks: &[Block<'_, T, F::Tape>], control: Control) -> f64
    where
        F: Field<T>,
    {
        let count = blocks.iter().map(|block| block.state.len()).sum::<usize>() as f64;
        // Sums of squares over all samples, in their order, in units of the tolerance.
        let squares = |block: &Block<'_, T, F::Tape>, values: &[T]| -> f64 {
            let scaled = values
                .iter()
                .zip(&block.state)
                .map(|(value, &state)| (value.widen() / control.scale(state.widen(), 0.0)).powi(2));
            scaled.sum()
        };
        let (mut state, mut slope) = (0.0, 0.0);
        for block in blocks {
            state += squares(block, &block.state);
            slope += squares(block, &block.stages[0]);
        }
        let (state, slope) = ((state / count).sqrt(), (slope / count).sqrt());
        let trial = Control::trial(state, slope);
        let mut change = 0.0;
        for block in blocks {
            let point = combination(&block.state, &block.stages, &[1.0], trial);
            let mut values = vec![T::zero(); point.len()];
            self.field.evaluate(&point, &mut values, None);
            apply_signs(&mut values, block.signs);
            add_scaled(&mut values, &block.stages[0], -1.0);
            change += squares(block, &values);
        }
        Control::first(state, slope, (change / count).sqrt())
    }

    /// The gradient of a block's start from that of its states; those of the parameters are added to `sums`.
    fn pull_back_block<T: Real>(
        &self,
        steps: &[Step],
        tape: &F::Tape,
        signs: &[T],
        gradient: &[T],
        sums: &mut [T],
    ) -> Vec<T>
    where
        F: Field<T>,
    {
        let mut adjoint = self.field.adjoint(tape);
        let stages = self.method.couplings.len();
        let stride = if self.method.reuses_last { stages - 1 } else { stages };
        let count = signs.len() * self.size;
        let mut of_state = vec![T::zero(); count];
        // Gradient of the field where a step ends, from the step after it.
        let mut of_last = vec![T::zero(); count];
        for (index, step) in steps.iter().enumerate().rev() {
            let mut of_stages = vec![vec![T::zero(); count]; stages];
            let mut of_start = of_state.clone();
            if self.method.reuses_last {
                of_stages[stages - 1] = std::mem::take(&mut of_last);
            }
            let mut spread = |of_end: &[T], weights: &[f64]| {
                for (of_stage, weight) in of_stages.iter_mut().zip(weights) {
                    add_scaled(of_stage, of_end, step.length * weight);
                }
            };
            spread(&of_state, self.method.weights);
            for &(state, fraction) in &step.states {
                let of_output = &gradient[state * count..][..count];
                add(&mut of_start, of_output);
                match self.control {
                    Some(_) => spread(of_output, &dormand_prince_between(fraction)),
                    None => spread(of_output, self.method.weights),
                }
            }
            let first = if self.method.reuses_last && index > 0 { 1 } else { 0 };
            for stage in (first..stages).rev() {
                let mut of_value = std::mem::take(&mut of_stages[stage]);
                apply_signs(&mut of_value, signs);
                let mut of_point = vec![T::zero(); count];
                let evaluation = index * stride + stage;
                self.field.pull_back(tape, evaluation, &of_value, &mut of_point, &mut adjoint);
                add(&mut of_start, &of_point);
                let couplings = self.method.couplings[stage];
                for (of_stage, coupling) in of_stages.iter_mut().zip(couplings) {
                    add_scaled(of_stage, &of_point, step.length * coupling);
                }
            }
            of_last = std::mem::take(&mut of_stages[0]);
            of_state = of_start;
        }
        self.field.add_parameter_gradients(tape, &adjoint, sums);
        of_state
    }
}

impl<T: Real, F: Field<T>> Unroll<T> for RungeKutta<F> {
    type Tape = RungeKuttaTape<F::Tape>;

    fn unroll(
        &self,
        start: &[T],
        signs: &[T],
        steps: usize,
        recorded: bool,
    ) -> (Vec<T>, Option<Self::Tape>) {
        let (samples, size) = (signs.len(), self.size);
        let ranges = blocks(samples);
        let mut blocks: Vec<Block<'_, T, F::Tape>> = ranges
            .iter()
            .map(|range| {
                let start = &start[range.start * size..range.end * size];
                let tape = recorded.then(|| self.field.tape(range.len()));
                Block::new(start, &signs[range.clone()], self.method.couplings.len(), tape)
            })
            .collect();
        let mut states = vec![T::nan(); steps * start.len()];
        let mut kept: Vec<Step> = Vec::new();
        let mut length = match self.control {
            Some(control) if steps > 0 => {
                self.evaluate_first_stage(&mut blocks);
                self.first_step(&blocks, control)
            }
            _ => self.interval,
        };
        let mut time = 0.0;
        for index in 0..steps {
            let target = (index + 1) as f64 * self.interval;
            let kept_before = kept.len();
            let mut attempts = 0;
            let mut error = 0.0;
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
                let evaluations: Vec<usize> = blocks.iter().map(Block::evaluations).collect();
                error = self.attempt(&mut blocks, length) / start.len() as f64;
                if error <= 1.0 {
                    blocks.iter_mut().for_each(|block| block.keep(self.method.reuses_last));
                    kept.push(Step { start: time, length, states: Vec::new() });
                    time += length;
                } else {
                    for (block, evaluations) in blocks.iter_mut().zip(evaluations) {
                        block.forget(evaluations);
                    }
                }
                if self.control.is_some() {
                    length = Control::next(length, error);
                }
            }
            // Where the field is no number, neither is any later state.
            let moves = error.is_finite() || kept.len() > kept_before;
            let Some(step) = kept.last_mut().filter(|_| moves) else { break };
            let fraction = (target - step.start) / step.length;
            step.states.push((index, fraction));
            let weights = self.control.map(|_| dormand_prince_between(fraction));
            let states = &mut states[index * start.len()..][..start.len()];
            for (range, block) in ranges.iter().zip(&blocks) {
                match &weights {
                    Some(weights) => {
                        let (start, stages) = (&block.kept_start, &block.kept_stages);
                        let rows = combination(start, stages, weights, step.length);
                        scatter(&rows, samples, range, size, states);
                    }
                    None => scatter(&block.state, samples, range, size, states),
                }
            }
        }
        let tape = recorded.then(|| RungeKuttaTape {
            steps: kept,
            blocks: blocks.into_iter().filter_map(|block| block.tape).collect(),
        });
        (states, tape)
    }

    fn pull_back(&self, tape: &Self::Tape, signs: &[T], gradient: &[T], sums: &mut [T]) -> Vec<T> {
        let gradient = (gradient, self.size);
        pull_back_blocks(&tape.blocks, signs, gradient, sums, |block, signs, gradient, sums| {
            self.pull_back_block(&tape.steps, block, signs, gradient, sums)
        })
    }
}
