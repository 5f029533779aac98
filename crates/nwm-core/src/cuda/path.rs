//! A run of the cell on a queue: arrays are made, kernels chosen and launched, gradients of samples added up.

use nwm_cuda::{Argument, Grid, Queue};

use super::local::LocalKernels;
use super::modules::{SUM_PARTIALS, kernel};
use super::recorded::{Rows, Series, Tape, View, pointer};
use crate::config::CellConfig;
use crate::error::Result;
use crate::imex::cpu::Extent;
use crate::parameters::PackedLayout;
use crate::state::Record;

/// The arguments of a run.
#[derive(Debug)]
pub struct Inputs<'a, A> {
    /// `[time, batch, inputs]`.
    pub drive: View<'a, A>,
    /// `[2, batch, units]`.
    pub initial: View<'a, A>,
    /// Laid out as [`PackedLayout`] says.
    pub packed: View<'a, A>,
}

impl<A> Clone for Inputs<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Inputs<'_, A> {}

/// What a forward pass leaves behind.
#[derive(Debug)]
pub struct Written<A> {
    /// What was asked for, in the shape that [`Record`] names.
    pub result: A,
    /// What the backward pass needs beside it.
    pub kept: Arrays<A>,
}

/// Trajectories `[time, batch, units]` that a result does not have.
#[derive(Debug)]
pub struct Arrays<A> {
    /// After every step.
    pub velocities: Option<A>,
    /// After every step, of a cell with a state norm.
    pub positions: Option<A>,
}

/// Gradients of the arguments of a run.
#[derive(Debug)]
pub struct Gradients<A> {
    /// `[time, batch, inputs]`, if it was asked for.
    pub drive: Option<A>,
    /// `[2, batch, units]`.
    pub initial: A,
    /// Laid out as the packed parameters.
    pub packed: A,
}

/// Runs `steps` steps of `samples` samples and writes what `record` asks for; if `kept`, also what a backward pass needs.
///
/// # Errors
/// A size that does not fit the device, or what the device answers.
pub fn forward<Q: Queue>(
    queue: &Q,
    config: &CellConfig,
    [steps, samples]: [usize; 2],
    inputs: Inputs<'_, Q::Array>,
    record: Record,
    kept: bool,
) -> Result<Written<Q::Array>> {
    let layout = PackedLayout::new(config)?;
    let extent = Extent { steps, samples, units: config.units(), inputs: config.inputs() };
    let row = extent.row();
    let rows = match record {
        Record::States => 2 * steps,
        Record::Velocities => steps + 1,
        Record::Positions => steps,
        Record::Last => 2,
    };
    let result = queue.array(rows * row)?;
    let trajectory = |wanted: bool| wanted.then(|| queue.array(steps * row)).transpose();
    let needs_velocities = kept && matches!(record, Record::Positions | Record::Last);
    let velocities = trajectory(needs_velocities)?;
    let positions = trajectory(needs_velocities && record == Record::Last && config.state_norm)?;
    let mut written = Rows::of_result(record, View::of(&result), extent);
    if let Some(velocities) = &velocities {
        written.velocities = Series::rows(View::of(velocities), extent);
    }
    if let Some(positions) = &positions {
        written.positions = Series::rows(View::of(positions), extent);
    }
    LocalKernels::new(config, queue.limits())?.forward(queue, &layout, extent, inputs, &written)?;
    Ok(Written { result, kept: Arrays { velocities, positions } })
}

/// Pulls the gradient of a result back to the arguments of [`forward`], which left `written` behind.
///
/// # Errors
/// A size that does not fit the device, or what the device answers.
#[expect(clippy::too_many_arguments, reason = "a run, its result, and the gradient of that")]
pub fn backward<Q: Queue>(
    queue: &Q,
    config: &CellConfig,
    [steps, samples]: [usize; 2],
    inputs: Inputs<'_, Q::Array>,
    record: Record,
    (result, kept): (View<'_, Q::Array>, &Arrays<Q::Array>),
    gradient: View<'_, Q::Array>,
    with_drive: bool,
) -> Result<Gradients<Q::Array>> {
    let layout = PackedLayout::new(config)?;
    let extent = Extent { steps, samples, units: config.units(), inputs: config.inputs() };
    let recorded = Rows::of_result(record, result, extent);
    let velocities = match &kept.velocities {
        Some(velocities) => Series::rows(View::of(velocities), extent),
        None => recorded.velocities,
    };
    let positions = match &kept.positions {
        Some(positions) => Series::rows(View::of(positions), extent),
        None if record == Record::States || config.state_norm => recorded.positions,
        None => Series::none(),
    };
    let last_position = match record {
        Record::Positions => Some(result.from((steps - 1) * extent.row())),
        _ => recorded.last_position,
    };
    let tape = Tape { positions, velocities, last_position };
    let gradients = Rows::of_result(record, gradient, extent);

    let drive = with_drive.then(|| queue.array(steps * samples * extent.inputs)).transpose()?;
    let initial = queue.array(2 * extent.row())?;
    let partials = queue.array(samples * layout.len())?;
    let targets = Targets {
        drive: drive.as_ref().map(View::of),
        initial: View::of(&initial),
        partials: View::of(&partials),
    };
    LocalKernels::new(config, queue.limits())?
        .backward(queue, &layout, extent, inputs, &tape, &gradients, &targets)?;
    let packed = sum_partials(queue, samples, layout.len(), &partials)?;
    Ok(Gradients { drive, initial, packed })
}

/// Where a backward pass writes.
pub(super) struct Targets<'a, A> {
    pub(super) drive: Option<View<'a, A>>,
    pub(super) initial: View<'a, A>,
    /// `[batch, packed]`.
    pub(super) partials: View<'a, A>,
}

/// The sum of the rows of `partials`, `[samples, parameters]`.
fn sum_partials<Q: Queue>(
    queue: &Q,
    samples: usize,
    parameters: usize,
    partials: &Q::Array,
) -> Result<Q::Array> {
    const THREADS: usize = 256;
    let packed = queue.array(parameters)?;
    let blocks = [parameters.div_ceil(THREADS), 1, 1];
    queue.launch(
        kernel(&SUM_PARTIALS, "sum_partials"),
        Grid { blocks, threads: THREADS, shared_words: 0 },
        &[
            Argument::count("the number of samples", samples)?,
            Argument::count("the number of parameters", parameters)?,
            pointer(Some(View::of(partials))),
            pointer(Some(View::of(&packed))),
        ],
    )?;
    Ok(packed)
}
