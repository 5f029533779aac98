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
//! When only velocities were recorded, `x = x' - dt v'` recovers the positions on the way. With a
//! state norm the positions are on the tape, and `gx'` is pulled back through the norm first, whose
//! input was `x + dt v'`.
//!
//! Parameter gradients are sums over units, samples and steps. Over the units of a step they run in
//! the element type, over steps in double precision, and the tasks are then added in order. The
//! matrices of a dense cell are the exception: a task sums theirs in the element type.

use rayon::prelude::*;

use crate::imex::coupling::{Coupling, FieldGradients, Fields};
use crate::imex::cpu::{Extent, split_by_task};
use crate::imex::norm;
use crate::parameters::{PackedLayout, Parameters};
use crate::state::{Real, Record};

/// What the forward pass read and wrote, and the gradient of what it wrote.
pub(crate) struct Recorded<'a, R> {
    pub(crate) drive: &'a [R],
    pub(crate) initial: &'a [R],
    pub(crate) tape: &'a [R],
    pub(crate) grad_tape: &'a [R],
    pub(crate) record: Record,
}

/// Gradients of the three inputs of the op.
pub(crate) struct Gradients<R> {
    /// `[time, batch, units]`, if it was asked for.
    pub(crate) drive: Option<Vec<R>>,
    /// `[2, batch, units]`.
    pub(crate) initial: Vec<R>,
    /// Laid out as the packed parameters.
    pub(crate) packed: Vec<R>,
}

/// Pulls the gradient of the tape back to drive (if `with_drive`), initial state and parameters.
pub(crate) fn backward<R: Real, C: Coupling<R>>(
    coupling: &C,
    parameters: &Parameters<'_, R>,
    layout: &PackedLayout,
    extent: Extent,
    recorded: &Recorded<'_, R>,
    with_drive: bool,
) -> Gradients<R> {
    let row = extent.samples * extent.units;
    let per_task = coupling.samples_per_task();
    let chunk = per_task * extent.units;
    let tasks = extent.samples.div_ceil(per_task);
    let mut grad_drive = with_drive.then(|| vec![R::zero(); extent.steps * row]);
    let mut grad_initial = vec![R::zero(); 2 * row];
    let drive_rows: Vec<Option<Vec<&mut [R]>>> = match &mut grad_drive {
        Some(gradient) => split_by_task(gradient, row, chunk).into_iter().map(Some).collect(),
        None => (0..tasks).map(|_| None).collect(),
    };
    let partial_sums: Vec<Vec<f64>> = split_by_task(&mut grad_initial, row, chunk)
        .into_par_iter()
        .zip(drive_rows)
        .enumerate()
        .map(|(task, (initial_rows, drive_rows))| {
            let first = task * per_task;
            let samples = per_task.min(extent.samples - first);
            let sweep = Sweep { coupling, parameters, layout, extent, recorded, first, samples };
            sweep.run(initial_rows, drive_rows)
        })
        .collect();
    let mut sums = vec![0.0; layout.len()];
    for partial in &partial_sums {
        for (sum, value) in sums.iter_mut().zip(partial) {
            *sum += value;
        }
    }
    let packed = sums.into_iter().map(R::nearest).collect();
    Gradients { drive: grad_drive, initial: grad_initial, packed }
}

/// One task: some samples, all steps.
struct Sweep<'a, R, C> {
    coupling: &'a C,
    parameters: &'a Parameters<'a, R>,
    layout: &'a PackedLayout,
    extent: Extent,
    recorded: &'a Recorded<'a, R>,
    first: usize,
    samples: usize,
}

impl<R: Real, C: Coupling<R>> Sweep<'_, R, C> {
    /// Returns the task's parameter gradients; writes those of its part of the other inputs.
    fn run(&self, initial_rows: Vec<&mut [R]>, mut drive_rows: Option<Vec<&mut [R]>>) -> Vec<f64> {
        let &Self { coupling, parameters, extent, recorded, first, samples, .. } = self;
        let count = samples * extent.units;
        let mut sums = vec![0.0; self.layout.len()];
        let mut space = coupling.adjoint_space(samples);
        let zeros = || vec![R::zero(); count];
        let (mut position, mut velocity) = (zeros(), zeros());
        let (mut next_velocity, mut grad_pre) = (zeros(), zeros());
        let (mut grad_position, mut grad_velocity) = (zeros(), zeros());

        self.read_velocity(extent.steps, &mut next_velocity);
        self.read_last_position(&mut position);
        for time in (0..extent.steps).rev() {
            self.read_velocity(time, &mut velocity);
            self.step_position_back(time, &next_velocity, &mut position);
            self.add_tape_gradient(time, &mut grad_position, &mut grad_velocity);
            self.pull_back_norm(&position, &next_velocity, &mut grad_position, &mut sums);
            self.pull_back_update(
                [&position, &velocity, &next_velocity],
                [&mut grad_position, &mut grad_velocity, &mut grad_pre],
                &mut sums,
            );
            let mut grad_drive = drive_rows.as_mut().map(|rows| &mut *rows[time]);
            if parameters.drive.is_none()
                && let Some(gradient) = grad_drive.take()
            {
                gradient.copy_from_slice(&grad_pre);
            }
            let drive = extent.rows(recorded.drive, time, first, samples);
            let fields = Fields { position: &position, velocity: &velocity, drive };
            let gradients = FieldGradients {
                position: &mut grad_position,
                velocity: &mut grad_velocity,
                drive: grad_drive,
            };
            coupling.pull_back(&mut space, fields, &grad_pre, gradients);
            std::mem::swap(&mut velocity, &mut next_velocity);
        }
        for (row, gradient) in initial_rows.into_iter().zip([&grad_position, &grad_velocity]) {
            row.copy_from_slice(gradient);
        }
        coupling.finish(space, self.layout, &mut sums);
        sums
    }

    /// This task's values after `time` steps (at least 1) of a tape of states: position or velocity.
    fn states<'t>(&self, tape: &'t [R], time: usize, part: usize) -> impl Iterator<Item = &'t [R]> {
        let units = self.extent.units;
        let start = ((time - 1) * self.extent.samples + self.first) * 2 * units;
        tape[start..][..self.samples * 2 * units]
            .chunks_exact(2 * units)
            .map(move |state| &state[part * units..][..units])
    }

    /// The velocities after `time` steps.
    fn read_velocity(&self, time: usize, velocity: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        if time == 0 {
            velocity.copy_from_slice(extent.rows(recorded.initial, 1, first, samples));
            return;
        }
        match recorded.record {
            Record::Velocities => {
                velocity.copy_from_slice(extent.rows(recorded.tape, time - 1, first, samples));
            }
            Record::States => copy_rows(self.states(recorded.tape, time, 1), velocity),
        }
    }

    /// The position at the end of a tape of velocities, where the reconstruction starts.
    fn read_last_position(&self, position: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        if recorded.record == Record::Velocities {
            position.copy_from_slice(extent.rows(recorded.tape, extent.steps, first, samples));
        }
    }

    /// Replaces the positions after `time + 1` steps by those after `time` steps.
    fn step_position_back(&self, time: usize, next_velocity: &[R], position: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        if time == 0 {
            position.copy_from_slice(extent.rows(recorded.initial, 0, first, samples));
            return;
        }
        match recorded.record {
            Record::States => copy_rows(self.states(recorded.tape, time, 0), position),
            Record::Velocities => {
                for (x, &v) in position.iter_mut().zip(next_velocity) {
                    *x = *x - self.parameters.dt * v;
                }
            }
        }
    }

    /// Adds what the tape's gradient holds for the state after step `time`.
    fn add_tape_gradient(&self, time: usize, grad_position: &mut [R], grad_velocity: &mut [R]) {
        let &Self { extent, recorded, first, samples, .. } = self;
        let grad_tape = recorded.grad_tape;
        match recorded.record {
            Record::States => {
                add_rows(self.states(grad_tape, time + 1, 0), grad_position);
                add_rows(self.states(grad_tape, time + 1, 1), grad_velocity);
            }
            Record::Velocities => {
                let row = |time| std::iter::once(extent.rows(grad_tape, time, first, samples));
                add_rows(row(time), grad_velocity);
                if time + 1 == extent.steps {
                    add_rows(row(extent.steps), grad_position);
                }
            }
        }
    }

    /// Replaces the gradient of the normalised positions by that of the positions before the norm.
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

    /// Pulls the gradients of the new state back through everything but the couplings.
    fn pull_back_update(
        &self,
        [position, velocity, next_velocity]: [&[R]; 3],
        [grad_position, grad_velocity, grad_pre]: [&mut [R]; 3],
        sums: &mut [f64],
    ) {
        let (layout, units) = (self.layout, self.extent.units);
        let Parameters { dt, gamma, alpha, .. } = *self.parameters;
        let inverse_dt = dt.recip();
        let (restoring, damping) = (dt * gamma, R::one() - dt * alpha);
        for (gv, &gx) in grad_velocity.iter_mut().zip(&*grad_position) {
            *gv += dt * gx;
        }
        let dt_by_velocity = inner_product(grad_position, |unit| next_velocity[unit]);
        let dt_by_position = inner_product(grad_velocity, |unit| {
            (next_velocity[unit] - velocity[unit]) * inverse_dt
        });
        sums[layout.dt] += dt_by_velocity + dt_by_position;
        sums[layout.gamma] -= dt.widen() * inner_product(grad_velocity, |unit| position[unit]);
        sums[layout.alpha] -= dt.widen() * inner_product(grad_velocity, |unit| velocity[unit]);
        for unit in 0..grad_pre.len() {
            let (x, v, gv) = (position[unit], velocity[unit], grad_velocity[unit]);
            let activation = (next_velocity[unit] - v) * inverse_dt + gamma * x + alpha * v;
            grad_pre[unit] = dt * (R::one() - activation * activation) * gv;
            grad_position[unit] = grad_position[unit] - restoring * gv;
            grad_velocity[unit] = damping * gv;
        }
        if let Some(bias) = &layout.bias {
            for grad_pre in grad_pre.chunks_exact(units) {
                for (sum, &value) in sums[bias.clone()].iter_mut().zip(grad_pre) {
                    *sum += value.widen();
                }
            }
        }
    }
}

/// The sum of `left[unit] * right(unit)`, in a fixed order that allows vector instructions.
fn inner_product<R: Real>(left: &[R], right: impl Fn(usize) -> R) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [R::zero(); LANES];
    let groups = left.len() / LANES;
    for group in 0..groups {
        for lane in 0..LANES {
            let unit = group * LANES + lane;
            lanes[lane] += left[unit] * right(unit);
        }
    }
    let rest = (groups * LANES..left.len()).map(|unit| (left[unit] * right(unit)).widen());
    lanes.iter().map(|lane| lane.widen()).sum::<f64>() + rest.sum::<f64>()
}

fn copy_rows<'t, R: Real>(rows: impl Iterator<Item = &'t [R]>, target: &mut [R]) {
    let mut target = target;
    for row in rows {
        let (head, tail) = target.split_at_mut(row.len());
        head.copy_from_slice(row);
        target = tail;
    }
}

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
