//! The fused forward pass: every task carries its samples through all steps before the next one.

use nwm_simd::{Kernel, Real, Row, Simd, Unwritten, Vector};
use rayon::prelude::*;

use crate::imex::coupling::{Coupling, Fields};
use crate::imex::norm::normalise;
use crate::parameters::Parameters;
use crate::state::Record;

/// How many steps, samples and units a call covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) steps: usize,
    pub(crate) samples: usize,
    pub(crate) units: usize,
    /// Numbers that drive a sample at a step: its units, or the features of its input.
    pub(crate) inputs: usize,
}

impl Extent {
    /// Values in a tape of this extent.
    pub(crate) fn tape_len(&self, record: Record) -> usize {
        let rows = match record {
            Record::States => 2 * self.steps,
            Record::Velocities => self.steps + 1,
            Record::Last => 2,
        };
        rows * self.samples * self.units
    }

    /// One step's drive, `[samples, inputs]`, for the samples from `first` on.
    pub(crate) fn drive<'a, R>(
        &self,
        drive: &'a [R],
        time: usize,
        first: usize,
        samples: usize,
    ) -> &'a [R] {
        &drive[(time * self.samples + first) * self.inputs..][..samples * self.inputs]
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

/// `count` zeros and a few more, so that whole vectors of any instruction set cover them.
pub(crate) fn whole_vectors<R: Real>(count: usize) -> Vec<R> {
    vec![R::zero(); count.next_multiple_of(16)]
}

/// Runs all samples and writes the tape that `record` asks for.
///
/// `drive` is `[time, batch, inputs]`, `initial` is `[2, batch, units]`.
pub(crate) fn forward<R: Real, C: Coupling<R>>(
    simd: Simd,
    coupling: &C,
    parameters: &Parameters<'_, R>,
    extent: Extent,
    drive: &[R],
    initial: &[R],
    record: Record,
) -> Vec<R> {
    let mut tape = Unwritten::new(extent.tape_len(record));
    let per_task = coupling.samples_per_task();
    let values_per_sample = match record {
        Record::States => 2 * extent.units,
        Record::Velocities | Record::Last => extent.units,
    };
    tape.split_by_task(extent.samples * values_per_sample, per_task * values_per_sample)
        .into_par_iter()
        .enumerate()
        .for_each(|(task, tape)| {
            let first = task * per_task;
            let samples = per_task.min(extent.samples - first);
            let run =
                Run { coupling, parameters, extent, drive, initial, record, first, samples, tape };
            simd.run(run);
        });
    tape.finish()
}

/// One task: some samples, all steps.
struct Run<'a, R, C> {
    coupling: &'a C,
    parameters: &'a Parameters<'a, R>,
    extent: Extent,
    drive: &'a [R],
    initial: &'a [R],
    record: Record,
    first: usize,
    samples: usize,
    tape: Vec<Row<'a, R>>,
}

impl<R: Real, C: Coupling<R>> Kernel<R> for Run<'_, R, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) {
        let Self { coupling, parameters, extent, record, first, samples, .. } = self;
        let units = extent.units;
        let count = samples * units;
        let mut space = coupling.forward_space(samples);
        let [mut position, mut velocity, mut pre] = [(); 3].map(|()| whole_vectors::<R>(count));
        position[..count].copy_from_slice(extent.rows(self.initial, 0, first, samples));
        velocity[..count].copy_from_slice(extent.rows(self.initial, 1, first, samples));
        let mut tape = self.tape.into_iter();
        let mut next_row = || tape.next().into_iter();
        for time in 0..extent.steps {
            let drive = extent.drive(self.drive, time, first, samples);
            start_pre_activation(parameters, extent, drive, &mut pre[..count]);
            let fields =
                Fields { position: &position[..count], velocity: &velocity[..count], drive };
            coupling.add_coupled::<V>(&mut space, fields, &mut pre[..count]);
            advance::<V>(parameters, &pre, &mut position, &mut velocity);
            if let Some(norm) = &parameters.norm {
                for position in position[..count].chunks_exact_mut(units) {
                    normalise(position, norm);
                }
            }
            match record {
                Record::Last => {}
                Record::Velocities => {
                    next_row().for_each(|row| row.write([&velocity[..count]].into_iter()));
                }
                Record::States => {
                    let positions = position[..count].chunks_exact(units);
                    let states = positions.zip(velocity[..count].chunks_exact(units));
                    next_row().for_each(|row| row.write(states.clone().flat_map(|(x, v)| [x, v])));
                }
            }
        }
        match record {
            Record::States => {}
            Record::Velocities => {
                next_row().for_each(|row| row.write([&position[..count]].into_iter()));
            }
            Record::Last => {
                next_row().for_each(|row| row.write([&position[..count]].into_iter()));
                next_row().for_each(|row| row.write([&velocity[..count]].into_iter()));
            }
        }
    }
}

/// The terms of the pre-activation that need no coupling: the bias, a drive that enters as it is, and
/// the projection of an input.
#[inline(always)]
fn start_pre_activation<R: Real>(
    parameters: &Parameters<'_, R>,
    extent: Extent,
    drive: &[R],
    pre: &mut [R],
) {
    let Extent { units, inputs, .. } = extent;
    let drive_enters = parameters.drive.is_none() && parameters.projection.is_none();
    match (drive_enters, parameters.bias) {
        (false, None) => pre.fill(R::zero()),
        (true, None) => pre.copy_from_slice(drive),
        (false, Some(bias)) => {
            pre.chunks_exact_mut(units).for_each(|pre| pre.copy_from_slice(bias));
        }
        (true, Some(bias)) => {
            for (pre, drive) in pre.chunks_exact_mut(units).zip(drive.chunks_exact(units)) {
                for ((pre, &drive), &bias) in pre.iter_mut().zip(drive).zip(bias) {
                    *pre = drive + bias;
                }
            }
        }
    }
    if let Some(projection) = parameters.projection {
        for (pre, input) in pre.chunks_exact_mut(units).zip(drive.chunks_exact(inputs)) {
            for (&feature, weights) in input.iter().zip(projection.chunks_exact(units)) {
                for (pre, &weight) in pre.iter_mut().zip(weights) {
                    *pre += feature * weight;
                }
            }
        }
    }
}

/// `v' = v + dt (tanh(pre) - gamma x - alpha v)`, then `x' = x + dt v'`, in place, on whole vectors.
#[inline(always)]
fn advance<V: Vector>(
    parameters: &Parameters<'_, V::Element>,
    pre: &[V::Element],
    position: &mut [V::Element],
    velocity: &mut [V::Element],
) {
    let dt = V::splat(parameters.dt);
    let restoring = V::splat(-parameters.gamma);
    let damping = V::splat(-parameters.alpha);
    let states = position.chunks_exact_mut(V::LANES).zip(velocity.chunks_exact_mut(V::LANES));
    for ((position, velocity), pre) in states.zip(pre.chunks_exact(V::LANES)) {
        let (x, v) = (V::load(position), V::load(velocity));
        let force = damping.mul_add(v, restoring.mul_add(x, V::load(pre).tanh()));
        let v = dt.mul_add(force, v);
        v.store(velocity);
        dt.mul_add(v, x).store(position);
    }
}
