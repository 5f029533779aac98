//! The fused forward pass: every task carries its samples through all steps before the next one.

use rayon::prelude::*;

use crate::imex::coupling::{Coupling, Fields};
use crate::imex::norm::normalise;
use crate::parameters::Parameters;
use crate::state::{Real, Record};

/// How many steps, samples and units a call covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) steps: usize,
    pub(crate) samples: usize,
    pub(crate) units: usize,
}

impl Extent {
    /// Values in a tape of this extent.
    pub(crate) fn tape_len(&self, record: Record) -> usize {
        let rows = match record {
            Record::States => 2 * self.steps,
            Record::Velocities => self.steps + 1,
        };
        rows * self.samples * self.units
    }

    /// One step's slice of an array `[time, batch, units]` for the samples from `first` on.
    pub(crate) fn rows<'a, R>(
        &self,
        array: &'a [R],
        time: usize,
        first: usize,
        samples: usize,
    ) -> &'a [R] {
        &array[(time * self.samples + first) * self.units..][..samples * self.units]
    }
}

/// Runs all samples and writes the tape that `record` asks for.
///
/// `drive` is `[time, batch, units]`, `initial` is `[2, batch, units]`.
pub(crate) fn forward<R: Real, C: Coupling<R>>(
    coupling: &C,
    parameters: &Parameters<'_, R>,
    extent: Extent,
    drive: &[R],
    initial: &[R],
    record: Record,
) -> Vec<R> {
    let mut tape = vec![R::zero(); extent.tape_len(record)];
    let per_task = coupling.samples_per_task();
    let values_per_sample = match record {
        Record::States => 2 * extent.units,
        Record::Velocities => extent.units,
    };
    split_by_task(&mut tape, extent.samples * values_per_sample, per_task * values_per_sample)
        .into_par_iter()
        .enumerate()
        .for_each(|(task, rows)| {
            let first = task * per_task;
            let samples = per_task.min(extent.samples - first);
            run_task(coupling, parameters, extent, drive, initial, record, first, samples, rows);
        });
    tape
}

/// Regroups an array of rows of `row` values: one list per task, holding that task's `chunk` values
/// of each row.
pub(crate) fn split_by_task<R>(array: &mut [R], row: usize, chunk: usize) -> Vec<Vec<&mut [R]>> {
    let mut tasks: Vec<Vec<&mut [R]>> = Vec::new();
    tasks.resize_with(row.div_ceil(chunk), || Vec::with_capacity(array.len() / row));
    for row in array.chunks_exact_mut(row) {
        for (task, part) in tasks.iter_mut().zip(row.chunks_mut(chunk)) {
            task.push(part);
        }
    }
    tasks
}

#[expect(clippy::too_many_arguments, reason = "the arguments of `forward` and a range of samples")]
fn run_task<R: Real, C: Coupling<R>>(
    coupling: &C,
    parameters: &Parameters<'_, R>,
    extent: Extent,
    drive: &[R],
    initial: &[R],
    record: Record,
    first: usize,
    samples: usize,
    mut tape: Vec<&mut [R]>,
) {
    let units = extent.units;
    let mut space = coupling.forward_space(samples);
    let mut position = extent.rows(initial, 0, first, samples).to_vec();
    let mut velocity = extent.rows(initial, 1, first, samples).to_vec();
    let mut pre = vec![R::zero(); samples * units];
    for time in 0..extent.steps {
        let drive = extent.rows(drive, time, first, samples);
        start_pre_activation(parameters, drive, &mut pre);
        let fields = Fields { position: &position, velocity: &velocity, drive };
        coupling.add_coupled(&mut space, fields, &mut pre);
        advance(parameters, &pre, &mut position, &mut velocity);
        if let Some(norm) = &parameters.norm {
            for position in position.chunks_exact_mut(units) {
                normalise(position, norm);
            }
        }
        match record {
            Record::Velocities => tape[time].copy_from_slice(&velocity),
            Record::States => {
                let states = position.chunks_exact(units).zip(velocity.chunks_exact(units));
                for ((x, v), row) in states.zip(tape[time].chunks_exact_mut(2 * units)) {
                    row[..units].copy_from_slice(x);
                    row[units..].copy_from_slice(v);
                }
            }
        }
    }
    if record == Record::Velocities {
        tape[extent.steps].copy_from_slice(&position);
    }
}

/// The terms of the pre-activation that need no coupling: the bias, and a drive that enters as it
/// is.
fn start_pre_activation<R: Real>(parameters: &Parameters<'_, R>, drive: &[R], pre: &mut [R]) {
    if parameters.drive.is_some() {
        pre.fill(R::zero());
    } else {
        pre.copy_from_slice(drive);
    }
    if let Some(bias) = parameters.bias {
        for pre in pre.chunks_exact_mut(bias.len()) {
            for (pre, &bias) in pre.iter_mut().zip(bias) {
                *pre += bias;
            }
        }
    }
}

/// `v' = v + dt (tanh(pre) - gamma x - alpha v)`, then `x' = x + dt v'`, in place.
fn advance<R: Real>(
    parameters: &Parameters<'_, R>,
    pre: &[R],
    position: &mut [R],
    velocity: &mut [R],
) {
    let Parameters { dt, gamma, alpha, .. } = *parameters;
    for ((x, v), &pre) in position.iter_mut().zip(velocity).zip(pre) {
        *v += dt * (pre.tanh() - gamma * *x - alpha * *v);
        *x += dt * *v;
    }
}
