//! The fused forward pass: every task carries its samples through all steps before the next one.

use std::iter::once;

use nwm_simd::{Kernel, LONGEST_VECTOR, Real, Simd, TaskRows, Unwritten, Vector, prefetch};
use rayon::prelude::*;

use crate::imex::coupling::{Coupling, Fields};
use crate::imex::norm::normalise;
use crate::parameters::Parameters;
use crate::state::{Kept, Record};

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
    /// Values of a field of all samples.
    pub(crate) fn row(&self) -> usize {
        self.samples * self.units
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
    vec![R::zero(); count.next_multiple_of(LONGEST_VECTOR)]
}

/// What a forward pass leaves behind.
pub(crate) struct Written<R> {
    /// What the caller asked to record.
    pub(crate) result: Vec<R>,
    /// What the backward pass reads beside it.
    pub(crate) kept: Kept<R>,
}

/// Runs all samples and writes what `record` asks for, and, if the trajectory is `kept` for a
/// backward pass, what of it is not in there.
///
/// `drive` is `[time, batch, inputs]`, `initial` is `[2, batch, units]`.
pub(crate) fn forward<R: Real, C: Coupling<R>>(
    simd: Simd,
    coupling: &C,
    parameters: &Parameters<'_, R>,
    extent: Extent,
    (drive, initial): (&[R], &[R]),
    record: Record,
    kept: bool,
) -> Written<R> {
    let Extent { steps, units, .. } = extent;
    let (rows, row_units) = match record {
        Record::States => (steps, 2 * units),
        Record::Velocities => (steps + 1, units),
        Record::Positions => (steps, units),
        Record::Last => (2, units),
    };
    let needs_velocities = kept && matches!(record, Record::Positions | Record::Last);
    let needs_positions = needs_velocities && record == Record::Last && parameters.norm.is_some();
    let steps_if = |needed| if needed { steps } else { 0 };
    let mut arrays = [
        (rows, row_units),
        (steps_if(needs_velocities), units),
        (steps_if(needs_positions), units),
    ]
    .map(|(rows, row_units)| (Unwritten::new(rows * extent.samples * row_units), row_units));
    let per_task = coupling.samples_per_task();
    let [results, velocities, positions] = arrays.each_mut().map(|(array, row_units)| {
        array.split_by_task(extent.samples * *row_units, per_task * *row_units)
    });
    results.into_par_iter().zip(velocities).zip(positions).enumerate().for_each(
        |(task, ((result, velocities), positions))| {
            let first = task * per_task;
            let samples = per_task.min(extent.samples - first);
            let rows = Rows { result, velocities, positions };
            let run =
                Run { coupling, parameters, extent, drive, initial, record, first, samples, rows };
            simd.run(run);
        },
    );
    let [result, velocities, positions] = arrays.map(|(array, _)| array.finish());
    Written { result, kept: Kept { velocities, positions } }
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
    rows: Rows<'a, R>,
}

/// Where a task writes: its part of every row, in the order of the steps. Lists of what is not
/// wanted are empty.
struct Rows<'a, R> {
    result: TaskRows<'a, R>,
    velocities: TaskRows<'a, R>,
    positions: TaskRows<'a, R>,
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
        let Rows { result: mut results, mut velocities, mut positions } = self.rows;
        for time in 0..extent.steps {
            let drive = extent.drive(self.drive, time, first, samples);
            if time + 1 < extent.steps {
                prefetch(extent.drive(self.drive, time + 1, first, samples));
            }
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
            let (position, velocity) = (&position[..count], &velocity[..count]);
            match record {
                Record::Last => {}
                Record::Velocities => results.write_first(once(velocity)),
                Record::Positions => results.write_first(once(position)),
                Record::States => {
                    let states = position.chunks_exact(units).zip(velocity.chunks_exact(units));
                    results.write_first(states.flat_map(|(x, v)| [x, v]));
                }
            }
            velocities.write_first(once(velocity));
            positions.write_first(once(position));
        }
        // What is left is what the record has beside the steps.
        results.write_first(once(&position[..count]));
        results.write_first(once(&velocity[..count]));
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
