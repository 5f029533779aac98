//! The backward pass: one sweep over the tape, from the last step to the first.
//!
//! With `s = tanh(pre)` and incoming gradients `gx'`, `gv'` of the new state, one step pulls back as
//!
//! ```text
//! gv'   += dt gx'                   gpre    = dt (1 - s²) gv'
//! gx     = gx' - dt gamma gv' + Kxᵀ gpre
//! gv     = (1 - dt alpha) gv' + Kvᵀ gpre
//! gd     = Kdᵀ gpre                 gbias   = gpre
//! gdt    = <gx', v'> + <gv', (v' - v) / dt>
//! ggamma = -dt <gv', x>             galpha  = -dt <gv', v>
//! ```
//!
//! No coupling is evaluated again: the recorded velocities give `s = (v' - v) / dt + gamma x + alpha v`.
//! When the tape holds velocities alone, `x = x' - dt v'` recovers the positions on the way. With a
//! state norm the positions are on the tape too, and `gx'` is pulled back through the norm first, whose
//! input was `x + dt v'`.
//!
//! Parameter gradients are sums over units, samples and steps. Over the units of a few steps they run
//! in the element type, over more in double precision, and the tasks are then added in order. The
//! matrices of a dense cell are the exception: a task sums theirs in the element type.

use std::iter::once;

use num_traits::Float;
use nwm_simd::{Kernel, Real, Simd, TaskRows, Unwritten, Vector, prefetch};
use rayon::prelude::*;

use crate::imex::coupling::{Coupling, FieldGradients, Fields};
use crate::imex::cpu::{Extent, whole_vectors};
use crate::imex::norm;
use crate::imex::sums::StepSums;
use crate::parameters::{PackedLayout, Parameters};
use crate::state::{Record, Tape};

/// What the forward pass read and wrote, and the gradient of what it wrote.
pub(crate) struct Recorded<'a, R> {
    pub(crate) drive: &'a [R],
    pub(crate) initial: &'a [R],
    pub(crate) tape: Tape<'a, R>,
    pub(crate) record: Record,
    /// The gradient of what was recorded.
    pub(crate) gradient: &'a [R],
}

/// Gradients of the three inputs of the op.
pub(crate) struct Gradients<R> {
    /// `[time, batch, inputs]`, if it was asked for.
    pub(crate) drive: Option<Vec<R>>,
    /// `[2, batch, units]`.
    pub(crate) initial: Vec<R>,
    /// Laid out as the packed parameters.
    pub(crate) packed: Vec<R>,
}

/// Pulls the gradient of the tape back to drive (if `with_drive`), initial state and parameters.
pub(crate) fn backward<R: Real, C: Coupling<R>>(
    simd: Simd,
    coupling: &C,
    parameters: &Parameters<'_, R>,
    layout: &PackedLayout,
    extent: Extent,
    recorded: &Recorded<'_, R>,
    with_drive: bool,
) -> Gradients<R> {
    let row = extent.row();
    let per_task = coupling.samples_per_task();
    let chunk = per_task * extent.units;
    let tasks = extent.samples.div_ceil(per_task);
    let drive_row = extent.samples * extent.inputs;
    let mut grad_drive = with_drive.then(|| Unwritten::new(extent.steps * drive_row));
    let mut grad_initial = Unwritten::new(2 * row);
    let drive_rows: Vec<Option<TaskRows<'_, R>>> = match &mut grad_drive {
        Some(gradient) => {
            let tasks = gradient.split_by_task(drive_row, per_task * extent.inputs);
            tasks.into_iter().map(Some).collect()
        }
        None => (0..tasks).map(|_| None).collect(),
    };
    let partial_sums: Vec<Vec<f64>> = grad_initial
        .split_by_task(row, chunk)
        .into_par_iter()
        .zip(drive_rows)
        .enumerate()
        .map(|(task, (initial_rows, drive_rows))| {
            let first = task * per_task;
            let samples = per_task.min(extent.samples - first);
            let task = Task { coupling, parameters, layout, extent, recorded, first, samples };
            simd.run(Sweep { task, initial_rows, drive_rows })
        })
        .collect();
    let mut sums = vec![0.0; layout.len()];
    for partial in &partial_sums {
        for (sum, value) in sums.iter_mut().zip(partial) {
            *sum += value;
        }
    }
    let packed = sums.into_iter().map(R::nearest).collect();
    Gradients { drive: grad_drive.map(Unwritten::finish), initial: grad_initial.finish(), packed }
}

/// Some samples, all steps.
struct Task<'a, R, C> {
    coupling: &'a C,
    parameters: &'a Parameters<'a, R>,
    layout: &'a PackedLayout,
    extent: Extent,
    recorded: &'a Recorded<'a, R>,
    first: usize,
    samples: usize,
}

/// A task and where it writes: its part of the gradients of the initial state and of the drive. The
/// result is the task's parameter gradients.
struct Sweep<'a, R, C> {
    task: Task<'a, R, C>,
    initial_rows: TaskRows<'a, R>,
    drive_rows: Option<TaskRows<'a, R>>,
}

impl<R: Real, C: Coupling<R>> Kernel<R> for Sweep<'_, R, C> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) -> Vec<f64> {
        let Self { task, mut initial_rows, mut drive_rows } = self;
        let Task { coupling, parameters, layout, extent, recorded, first, samples } = task;
        let count = samples * extent.units;
        let mut sums = vec![0.0; layout.len()];
        let mut space = coupling.adjoint_space(samples);
        let mut bias = layout.bias.as_ref().map(|bias| StepSums::<R>::new(bias.len(), 1));
        let mut projection =
            layout.projection.as_ref().map(|weights| StepSums::<R>::new(weights.len(), 1));
        let [mut position, mut velocity, mut next_velocity] =
            [(); 3].map(|()| whole_vectors::<R>(count));
        let [mut grad_position, mut grad_velocity, mut grad_pre] =
            [(); 3].map(|()| whole_vectors::<R>(count));

        let enters = parameters.drive.is_none() && parameters.projection.is_none();
        let mut grad_inputs = vec![R::zero(); samples * extent.inputs];

        task.read_velocity(extent.steps, &mut next_velocity[..count]);
        task.read_last_position(&mut position[..count]);
        for time in (0..extent.steps).rev() {
            task.prefetch_before(time);
            task.read_velocity(time, &mut velocity[..count]);
            task.step_position_back(time, &next_velocity[..count], &mut position[..count]);
            task.add_recorded_gradient(
                time,
                &mut grad_position[..count],
                &mut grad_velocity[..count],
            );
            task.pull_back_norm(
                &position[..count],
                &next_velocity[..count],
                &mut grad_position[..count],
                &mut sums,
            );
            let of_scalars = pull_back_update::<V>(
                parameters,
                [&position, &velocity, &next_velocity],
                [&mut grad_position, &mut grad_velocity, &mut grad_pre],
            );
            for (index, gradient) in
                [layout.dt, layout.gamma, layout.alpha].into_iter().zip(of_scalars)
            {
                sums[index] += gradient;
            }
            if let Some(bias) = &mut bias {
                for grad_pre in grad_pre[..count].chunks_exact(extent.units) {
                    for (sum, &value) in bias.recent().iter_mut().zip(grad_pre) {
                        *sum += value;
                    }
                }
                bias.end_step();
            }
            let drive = extent.drive(recorded.drive, time, first, samples);
            let mut grad_drive = drive_rows.is_some().then_some(&mut grad_inputs[..]);
            if let (Some(weights), Some(sums)) = (parameters.projection, &mut projection) {
                let gradient = grad_drive.take();
                pull_back_projection(extent, weights, drive, &grad_pre[..count], sums, gradient);
            } else if parameters.drive.is_none() {
                grad_drive = None;
            } else if let Some(gradient) = &mut grad_drive {
                gradient.fill(R::zero());
            }
            let fields =
                Fields { position: &position[..count], velocity: &velocity[..count], drive };
            let gradients = FieldGradients {
                position: &mut grad_position[..count],
                velocity: &mut grad_velocity[..count],
                drive: grad_drive,
            };
            coupling.pull_back::<V>(&mut space, fields, &grad_pre[..count], gradients);
            if let Some(rows) = &mut drive_rows {
                // Steps are taken from the last to the first.
                rows.write_last(once(if enters { &grad_pre[..count] } else { &grad_inputs }));
            }
            std::mem::swap(&mut velocity, &mut next_velocity);
        }
        initial_rows.write_first(once(&grad_position[..count]));
        initial_rows.write_first(once(&grad_velocity[..count]));
        coupling.finish::<V>(space, layout, &mut sums);
        for (gradient, range) in [(bias, &layout.bias), (projection, &layout.projection)] {
            if let (Some(gradient), Some(range)) = (gradient, range) {
                sums[range.clone()].copy_from_slice(&gradient.finish());
            }
        }
        sums
    }
}

impl<R: Real, C: Coupling<R>> Task<'_, R, C> {
    /// This task's states after `time` steps (at least 1) of a tape of states.
    #[inline(always)]
    fn both_parts<'t>(&self, tape: &'t [R], time: usize) -> &'t [R] {
        let width = 2 * self.extent.units;
        &tape[((time - 1) * self.extent.samples + self.first) * width..][..self.samples * width]
    }

    /// One part of them: position or velocity.
    #[inline(always)]
    fn states<'t>(&self, tape: &'t [R], time: usize, part: usize) -> impl Iterator<Item = &'t [R]> {
        let units = self.extent.units;
        self.both_parts(tape, time)
            .chunks_exact(2 * units)
            .map(move |state| &state[part * units..][..units])
    }

    /// Fetches into the cache what the step before `time`, which is pulled back next, reads.
    #[inline(always)]
    fn prefetch_before(&self, time: usize) {
        let &Self { extent, recorded, first, samples, .. } = self;
        let Some(time) = time.checked_sub(1) else { return };
        let rows = |array, row| extent.rows(array, row, first, samples);
        match recorded.record {
            Record::States => prefetch(self.both_parts(recorded.gradient, time + 1)),
            Record::Positions | Record::Velocities => prefetch(rows(recorded.gradient, time)),
            Record::Last => {}
        }
        if self.parameters.drive.is_some() {
            prefetch(extent.drive(recorded.drive, time, first, samples));
        }
        let Some(before) = time.checked_sub(1) else { return };
        match recorded.tape {
            Tape::States(states) => prefetch(self.both_parts(states, time)),
            Tape::Velocities { velocities, .. } => prefetch(rows(velocities, before)),
            Tape::Both { positions, velocities } => {
                prefetch(rows(positions, before));
                prefetch(rows(velocities, before));
            }
        }
    }

    /// The velocities after `time` steps.
    #[inline(always)]
    fn read_velocity(&self, time: usize, velocity: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        if time == 0 {
            velocity.copy_from_slice(extent.rows(recorded.initial, 1, first, samples));
            return;
        }
        match recorded.tape {
            Tape::States(states) => copy_rows(self.states(states, time, 1), velocity),
            Tape::Velocities { velocities, .. } | Tape::Both { velocities, .. } => {
                velocity.copy_from_slice(extent.rows(velocities, time - 1, first, samples));
            }
        }
    }

    /// The position at the end of a tape of velocities, where the reconstruction starts.
    #[inline(always)]
    fn read_last_position(&self, position: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        if let Tape::Velocities { last_position, .. } = recorded.tape {
            position.copy_from_slice(extent.rows(last_position, 0, first, samples));
        }
    }

    /// Replaces the positions after `time + 1` steps by those after `time` steps.
    #[inline(always)]
    fn step_position_back(&self, time: usize, next_velocity: &[R], position: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        if time == 0 {
            position.copy_from_slice(extent.rows(recorded.initial, 0, first, samples));
            return;
        }
        match recorded.tape {
            Tape::States(states) => copy_rows(self.states(states, time, 0), position),
            Tape::Both { positions, .. } => {
                position.copy_from_slice(extent.rows(positions, time - 1, first, samples));
            }
            Tape::Velocities { .. } => {
                for (x, &v) in position.iter_mut().zip(next_velocity) {
                    *x = *x - self.parameters.dt * v;
                }
            }
        }
    }

    /// Adds what the record's gradient holds for the state after step `time`.
    #[inline(always)]
    fn add_recorded_gradient(&self, time: usize, grad_position: &mut [R], grad_velocity: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        let row = |row| once(extent.rows(recorded.gradient, row, first, samples));
        let is_last = time + 1 == extent.steps;
        match recorded.record {
            Record::States => {
                add_rows(self.states(recorded.gradient, time + 1, 0), grad_position);
                add_rows(self.states(recorded.gradient, time + 1, 1), grad_velocity);
            }
            Record::Positions => add_rows(row(time), grad_position),
            Record::Velocities => {
                add_rows(row(time), grad_velocity);
                if is_last {
                    add_rows(row(extent.steps), grad_position);
                }
            }
            Record::Last => {
                if is_last {
                    add_rows(row(0), grad_position);
                    add_rows(row(1), grad_velocity);
                }
            }
        }
    }

    /// Replaces the gradient of the normalised positions by that of the positions before the norm.
    #[inline(always)]
    fn pull_back_norm(
        &self,
        position: &[R],
        next_velocity: &[R],
        grad_position: &mut [R],
        sums: &mut [f64],
    ) {
        let (Some(norm), Some((gain, offset))) = (&self.parameters.norm, &self.layout.norm) else {
            return;
        };
        let units = self.extent.units;
        let raw: Vec<R> =
            position.iter().zip(next_velocity).map(|(&x, &v)| x + self.parameters.dt * v).collect();
        let (head, grad_offset) = sums.split_at_mut(offset.start);
        for (raw, gradient) in raw.chunks_exact(units).zip(grad_position.chunks_exact_mut(units)) {
            norm::pull_back(raw, norm, gradient, &mut head[gain.clone()], grad_offset);
        }
    }
}

/// Adds the gradient of a projection's weights, and writes that of the input if it is asked for.
#[inline(always)]
fn pull_back_projection<R: Real>(
    extent: Extent,
    weights: &[R],
    input: &[R],
    grad_pre: &[R],
    sums: &mut StepSums<R>,
    mut gradient: Option<&mut [R]>,
) {
    let Extent { units, inputs, .. } = extent;
    for (sample, grad_pre) in grad_pre.chunks_exact(units).enumerate() {
        let weights = weights.chunks_exact(units).zip(sums.recent().chunks_exact_mut(units));
        for (feature, (weights, sums)) in weights.enumerate() {
            let index = sample * inputs + feature;
            for (sum, &grad_pre) in sums.iter_mut().zip(grad_pre) {
                *sum += input[index] * grad_pre;
            }
            if let Some(gradient) = &mut gradient {
                gradient[index] = inner_product(weights, grad_pre);
            }
        }
    }
    sums.end_step();
}

/// The sum of the products of two lists, in a fixed order that allows vector instructions.
#[inline(always)]
fn inner_product<R: Real>(left: &[R], right: &[R]) -> R {
    const LANES: usize = 16;
    let mut lanes = [R::zero(); LANES];
    let groups = left.chunks_exact(LANES).zip(right.chunks_exact(LANES));
    for (left, right) in groups {
        for lane in 0..LANES {
            lanes[lane] += left[lane] * right[lane];
        }
    }
    let rest = left.len() / LANES * LANES;
    let tail = left[rest..].iter().zip(&right[rest..]);
    tail.fold(lanes.into_iter().fold(R::zero(), |sum, lane| sum + lane), |sum, (&left, &right)| {
        sum + left * right
    })
}

/// Pulls the gradients of the new state back through everything but the couplings, on whole vectors.
/// Returns the gradients of dt, gamma and alpha.
#[inline(always)]
fn pull_back_update<V: Vector>(
    parameters: &Parameters<'_, V::Element>,
    [position, velocity, next_velocity]: [&[V::Element]; 3],
    [grad_position, grad_velocity, grad_pre]: [&mut [V::Element]; 3],
) -> [f64; 3] {
    let Parameters { dt, gamma, alpha, .. } = *parameters;
    let one = V::splat(V::Element::nearest(1.0));
    let (step, inverse_step) = (V::splat(dt), V::splat(dt.recip()));
    let (restoring, damping) = (V::splat(gamma), V::splat(alpha));
    let minus_restoring = V::splat(-(dt * gamma));
    let keeping = V::splat(V::Element::nearest(1.0) - dt * alpha);
    let mut sums = [V::zero(); 3];
    let states = position
        .chunks_exact(V::LANES)
        .zip(velocity.chunks_exact(V::LANES))
        .zip(next_velocity.chunks_exact(V::LANES));
    let gradients = grad_position
        .chunks_exact_mut(V::LANES)
        .zip(grad_velocity.chunks_exact_mut(V::LANES))
        .zip(grad_pre.chunks_exact_mut(V::LANES));
    for (((x, v), next), ((grad_x, grad_v), grad_pre)) in states.zip(gradients) {
        let (x, v, next) = (V::load(x), V::load(v), V::load(next));
        let gx = V::load(grad_x);
        let gv = step.mul_add(gx, V::load(grad_v));
        let acceleration = (next - v) * inverse_step;
        let activation = damping.mul_add(v, restoring.mul_add(x, acceleration));
        sums[0] = gx.mul_add(next, gv.mul_add(acceleration, sums[0]));
        sums[1] = gv.mul_add(x, sums[1]);
        sums[2] = gv.mul_add(v, sums[2]);
        (step * (one - activation * activation) * gv).store(grad_pre);
        minus_restoring.mul_add(gv, gx).store(grad_x);
        (keeping * gv).store(grad_v);
    }
    let dt = dt.widen();
    let [of_dt, of_gamma, of_alpha] = sums;
    [of_dt.sum().widen(), -dt * of_gamma.sum().widen(), -dt * of_alpha.sum().widen()]
}

#[inline(always)]
fn copy_rows<'t, R: Real>(rows: impl Iterator<Item = &'t [R]>, target: &mut [R]) {
    let mut target = target;
    for row in rows {
        let (head, tail) = target.split_at_mut(row.len());
        head.copy_from_slice(row);
        target = tail;
    }
}

#[inline(always)]
fn add_rows<'t, R: Real>(rows: impl Iterator<Item = &'t [R]>, target: &mut [R]) {
    let mut target = target;
    for row in rows {
        let (head, tail) = target.split_at_mut(row.len());
        for (total, &value) in head.iter_mut().zip(row) {
            *total += value;
        }
        target = tail;
    }
}
