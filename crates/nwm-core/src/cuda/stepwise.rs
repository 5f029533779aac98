//! Launches step by step: dense cells, and maps that are too large for the shared memory of a block.
//!
//! A state is `[batch, position and velocity, units]`. The two kernels of a dense cell on position and velocity lie one
//! behind the other in the packed parameters, so that both couplings are one product of matrices; so are those on the drive of
//! all steps, and the gradients of the kernels over all steps and samples.

use nwm_cuda::{Argument, Grid, Matrix, Product, Queue};

use super::lattice::SUM_WORDS;
use super::local::place_or_none;
use super::modules::{STEP_COUPLE, STEP_UPDATE, kernel};
use super::path::{Run, Targets};
use super::recorded::{Rows, SampleRows, Tape, View, pointer};
use crate::config::CellConfig;
use crate::error::Result;
use crate::imex::cpu::Extent;
use crate::topology::Topology;

/// Threads of a block that has some of the units of a sample.
const SOME_UNITS: usize = 256;
/// Threads of a block that has all units of a sample.
const ALL_UNITS: usize = 512;

/// How the couplings of a step are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepwise {
    /// By products of matrices.
    Dense,
    /// Site by site.
    Local { channels: usize, rows: usize, columns: usize, tap_rows: usize, tap_columns: usize },
}

/// What a backward pass keeps from the step at hand for the gradients of the kernels.
struct Traces<A> {
    /// `[steps or 1, batch, 2, units]`: states before the steps.
    states: A,
    /// `[steps or 1, batch, units]`: gradients of the pre-activations.
    grad_pre: A,
}

impl Stepwise {
    pub(super) fn new(config: &CellConfig) -> Self {
        let (channels, size) = (config.channels, config.kernel_size);
        match config.topology {
            Topology::Dense { .. } => Self::Dense,
            Topology::Torus { rows, columns } => {
                Self::Local { channels, rows, columns, tap_rows: size, tap_columns: size }
            }
            Topology::Rings { rings, sites } => Self::Local {
                channels,
                rows: rings,
                columns: sites,
                tap_rows: 1,
                tap_columns: size,
            },
        }
    }

    /// Runs all steps and writes `rows`.
    pub(super) fn forward<Q: Queue>(
        &self,
        run: &Run<'_, Q>,
        rows: &Rows<'_, Q::Array>,
    ) -> Result<()> {
        let Run { queue, layout, extent, inputs, .. } = run;
        let Extent { steps, samples, units, inputs: width } = *extent;
        let state = queue.array(2 * extent.row())?;
        join_states(run, Some(inputs.initial), Some(inputs.initial.from(extent.row())), &state)?;
        let pre = queue.array(extent.row())?;
        // The drive of a dense cell is coupled once for all steps; what enters as it is needs nothing.
        let coupled_drive = match (self, layout.drive_start()) {
            (Self::Dense, Some(kernel)) => {
                let coupled = queue.array(steps * extent.row())?;
                queue.multiply(&Product {
                    rows: steps * samples,
                    columns: units,
                    inner: units,
                    left: matrix(inputs.drive, false),
                    right: matrix(inputs.packed.from(kernel), false),
                    result: (&coupled, 0),
                    accumulate: false,
                })?;
                Some(coupled)
            }
            _ => None,
        };
        for time in 0..steps {
            let drive = inputs.drive.from(time * samples * width);
            self.couple(run, &state, drive, &pre)?;
            let projects = layout.projection_start().is_some();
            let added = match &coupled_drive {
                Some(coupled) => Some(View::of(coupled).from(time * extent.row())),
                None if layout.drive_start().is_some() || projects => None,
                None => Some(drive),
            };
            let last = time + 1 == steps;
            let mut arguments = vec![
                Argument::count("the number of units", units)?,
                Argument::count("the number of features", if projects { width } else { 0 })?,
                Argument::array(&pre, 0),
                pointer(added),
                pointer(projects.then_some(drive)),
                run.packed(layout.projection_start()),
                run.packed(layout.bias_start()),
                run.packed(Some(layout.dt)),
                run.packed(layout.gain_start()),
                run.packed(layout.offset_start()),
                Argument::array(&state, 0),
            ];
            arguments.extend(rows.positions.at(time).arguments()?);
            arguments.extend(rows.velocities.at(time).arguments()?);
            arguments.extend([
                pointer(rows.last_position.filter(|_| last)),
                pointer(rows.last_velocity.filter(|_| last)),
            ]);
            let grid =
                if run.config.state_norm { one_block(samples) } else { some_blocks(*extent) };
            queue.launch(kernel(&STEP_UPDATE, "update_forward"), grid, &arguments)?;
        }
        Ok(())
    }

    /// Pulls `gradients` back to `targets`.
    pub(super) fn backward<Q: Queue>(
        &self,
        run: &Run<'_, Q>,
        tape: &Tape<'_, Q::Array>,
        gradients: &Rows<'_, Q::Array>,
        targets: &Targets<'_, Q::Array>,
    ) -> Result<()> {
        let Run { queue, layout, extent, inputs, .. } = run;
        let Extent { steps, samples, units, inputs: width } = *extent;
        let row = extent.row();
        let kept_steps = if *self == Self::Dense { steps } else { 1 };
        let traces = Traces {
            states: queue.array(kept_steps * 2 * row)?,
            grad_pre: queue.array(kept_steps * row)?,
        };
        let grad_state = queue.array(2 * row)?;
        join_states(run, gradients.last_position, gradients.last_velocity, &grad_state)?;
        // The kernels of a dense cell have gradients of their own; all other parameters follow them.
        let first = if *self == Self::Dense { layout.kernels_end() } else { 0 };
        let count = layout.len() - first;
        let partials = queue.zeros(samples * count)?;
        let place = |start: Option<usize>| place_or_none(start.map(|start| start - first));
        let projects = layout.projection_start().is_some();
        let enters = layout.drive_start().is_none() && !projects;

        for time in (0..steps).rev() {
            let kept = if *self == Self::Dense { time } else { 0 };
            let state = View::of(&traces.states).from(kept * 2 * row);
            let grad_pre = View::of(&traces.grad_pre).from(kept * row);
            let drive = inputs.drive.from(time * samples * width);
            let grad_drive = targets.drive.map(|drive| drive.from(time * samples * width));
            let positions = if tape.positions.is_there() && time > 0 {
                tape.positions.at(time - 1)
            } else if time == 0 {
                SampleRows::rows(inputs.initial, units)
            } else {
                SampleRows::none()
            };
            let next_position = if time + 1 == steps {
                tape.last_position.map_or_else(SampleRows::none, |x| SampleRows::rows(x, units))
            } else {
                // The state that the pass has just come from.
                let kept = if *self == Self::Dense { time + 1 } else { 0 };
                let state = View::of(&traces.states).from(kept * 2 * row);
                SampleRows { view: Some(state), sample: 2 * units }
            };
            let velocities = if time > 0 {
                tape.velocities.at(time - 1)
            } else {
                SampleRows::rows(inputs.initial.from(row), units)
            };
            let mut arguments = vec![
                Argument::count("the number of units", units)?,
                Argument::count("the number of features", if projects { width } else { 0 })?,
            ];
            arguments.extend(next_position.arguments()?);
            arguments.extend(positions.arguments()?);
            arguments.extend(tape.velocities.at(time).arguments()?);
            arguments.extend(velocities.arguments()?);
            arguments.extend(gradients.positions.at(time).arguments()?);
            arguments.extend(gradients.velocities.at(time).arguments()?);
            arguments.extend([
                pointer(projects.then_some(drive)),
                run.packed(layout.projection_start()),
                run.packed(Some(layout.dt)),
                run.packed(layout.gain_start()),
                pointer(Some(state)),
                Argument::array(&grad_state, 0),
                pointer(Some(grad_pre)),
                pointer(grad_drive.filter(|_| enters)),
                pointer(grad_drive.filter(|_| projects)),
                Argument::array(&partials, 0),
                Argument::distance("the number of parameters", count)?,
                place(layout.projection_start())?,
                place(layout.bias_start())?,
                place(Some(layout.dt))?,
                place(layout.gain_start())?,
                place(layout.offset_start())?,
            ]);
            let update = kernel(&STEP_UPDATE, "update_backward");
            queue.launch(update, one_block(samples), &arguments)?;
            self.pull_back(run, grad_pre, &grad_state, grad_drive)?;
            if let Some(sizes) = self.sizes()? {
                let mut arguments = sizes;
                arguments.extend([
                    pointer(Some(state)),
                    pointer(Some(drive)),
                    pointer(Some(grad_pre)),
                    Argument::array(&partials, 0),
                    Argument::distance("the number of parameters", count)?,
                    place(Some(layout.coupling.start))?,
                    place(Some(layout.damping.start))?,
                    place(layout.drive_start())?,
                ]);
                let pairs = run.config.channels * run.config.channels;
                let grid = Grid {
                    blocks: [pairs, samples, 1],
                    threads: SOME_UNITS,
                    shared_words: SUM_WORDS,
                };
                queue.launch(kernel(&STEP_COUPLE, "couple_weights"), grid, &arguments)?;
            }
        }
        split_states(run, &grad_state, targets.initial, targets.initial.from(row))?;
        if *self == Self::Dense {
            dense_weights(run, &traces, targets)?;
        }
        run.sum_partials(&partials, count, targets.packed.from(first))
    }

    /// Sizes of the maps, for the kernels that go site by site.
    fn sizes<'a, A>(&self) -> Result<Option<Vec<Argument<'a, A>>>> {
        let Self::Local { channels, rows, columns, tap_rows, tap_columns } = *self else {
            return Ok(None);
        };
        let sizes = [
            ("the number of channels", channels),
            ("the number of rows", rows),
            ("the number of columns", columns),
            ("the number of rows of a kernel", tap_rows),
            ("the number of columns of a kernel", tap_columns),
        ];
        let sizes = sizes.into_iter().map(|(what, size)| Ok(Argument::count(what, size)?));
        sizes.collect::<Result<Vec<_>>>().map(Some)
    }

    /// A block for every 256 sites of every map.
    fn site_grid(&self, run: &Run<'_, impl Queue>) -> Grid {
        let (channels, sites) = (run.config.channels, run.config.topology.sites());
        let blocks = [sites.div_ceil(SOME_UNITS), channels, run.extent.samples];
        Grid { blocks, threads: SOME_UNITS, shared_words: 0 }
    }

    /// `pre`: the couplings of position and velocity; of maps also that of the drive.
    fn couple<Q: Queue>(
        &self,
        run: &Run<'_, Q>,
        state: &Q::Array,
        drive: View<'_, Q::Array>,
        pre: &Q::Array,
    ) -> Result<()> {
        let Run { queue, layout, extent, inputs, .. } = run;
        let Some(mut arguments) = self.sizes()? else {
            return Ok(queue.multiply(&Product {
                rows: extent.samples,
                columns: extent.units,
                inner: 2 * extent.units,
                left: matrix(View::of(state), false),
                right: matrix(inputs.packed.from(layout.coupling.start), false),
                result: (pre, 0),
                accumulate: false,
            })?);
        };
        arguments.extend([
            run.packed(Some(layout.coupling.start)),
            run.packed(Some(layout.damping.start)),
            run.packed(layout.drive_start()),
            Argument::array(state, 0),
            pointer(Some(drive)),
            Argument::array(pre, 0),
        ]);
        let couple = kernel(&STEP_COUPLE, "couple_forward");
        Ok(queue.launch(couple, self.site_grid(run), &arguments)?)
    }

    /// Adds the gradient of the pre-activation, pulled back, to that of the state; of maps also to that of the drive.
    fn pull_back<Q: Queue>(
        &self,
        run: &Run<'_, Q>,
        grad_pre: View<'_, Q::Array>,
        grad_state: &Q::Array,
        grad_drive: Option<View<'_, Q::Array>>,
    ) -> Result<()> {
        let Run { queue, layout, extent, inputs, .. } = run;
        let Some(mut arguments) = self.sizes()? else {
            return Ok(queue.multiply(&Product {
                rows: extent.samples,
                columns: 2 * extent.units,
                inner: extent.units,
                left: matrix(grad_pre, false),
                right: matrix(inputs.packed.from(layout.coupling.start), true),
                result: (grad_state, 0),
                accumulate: true,
            })?);
        };
        arguments.extend([
            run.packed(Some(layout.coupling.start)),
            run.packed(Some(layout.damping.start)),
            run.packed(layout.drive_start()),
            pointer(Some(grad_pre)),
            Argument::array(grad_state, 0),
            pointer(grad_drive.filter(|_| layout.drive_start().is_some())),
        ]);
        let couple = kernel(&STEP_COUPLE, "couple_backward");
        Ok(queue.launch(couple, self.site_grid(run), &arguments)?)
    }
}

/// The gradients of a dense cell's kernels, and of a drive that passes through one, for all steps at once.
fn dense_weights<Q: Queue>(
    run: &Run<'_, Q>,
    traces: &Traces<Q::Array>,
    targets: &Targets<'_, Q::Array>,
) -> Result<()> {
    let Run { queue, layout, extent, inputs, .. } = run;
    let Extent { steps, samples, units, .. } = *extent;
    let rows = steps * samples;
    let gradient = |left: Matrix<'_, Q::Array>, width: usize, target: View<'_, Q::Array>| {
        queue.multiply(&Product {
            rows: width,
            columns: units,
            inner: rows,
            left,
            right: matrix(View::of(&traces.grad_pre), false),
            result: (target.array, target.offset),
            accumulate: false,
        })
    };
    let states = matrix(View::of(&traces.states), true);
    gradient(states, 2 * units, targets.packed.from(layout.coupling.start))?;
    let Some(kernel) = layout.drive_start() else { return Ok(()) };
    gradient(matrix(inputs.drive, true), units, targets.packed.from(kernel))?;
    let Some(target) = targets.drive else { return Ok(()) };
    Ok(queue.multiply(&Product {
        rows,
        columns: units,
        inner: units,
        left: matrix(View::of(&traces.grad_pre), false),
        right: matrix(inputs.packed.from(kernel), true),
        result: (target.array, target.offset),
        accumulate: false,
    })?)
}

fn matrix<A>(view: View<'_, A>, transposed: bool) -> Matrix<'_, A> {
    Matrix { array: view.array, offset: view.offset, transposed }
}

/// One block for each sample.
fn one_block(samples: usize) -> Grid {
    Grid { blocks: [1, samples, 1], threads: ALL_UNITS, shared_words: SUM_WORDS }
}

/// Blocks that share the units of each sample.
fn some_blocks(extent: Extent) -> Grid {
    let blocks = [extent.units.div_ceil(SOME_UNITS), extent.samples, 1];
    Grid { blocks, threads: SOME_UNITS, shared_words: SUM_WORDS }
}

/// `[batch, 2, units]` of two arrays `[batch, units]`, or of zeros.
fn join_states<Q: Queue>(
    run: &Run<'_, Q>,
    first: Option<View<'_, Q::Array>>,
    second: Option<View<'_, Q::Array>>,
    target: &Q::Array,
) -> Result<()> {
    let arguments = [
        Argument::count("the number of samples", run.extent.samples)?,
        Argument::count("the number of units", run.extent.units)?,
        pointer(first),
        pointer(second),
        Argument::array(target, 0),
    ];
    let join = kernel(&STEP_UPDATE, "join_states");
    Ok(run.queue.launch(join, some_blocks(run.extent), &arguments)?)
}

/// The two arrays `[batch, units]` of `[batch, 2, units]`.
fn split_states<Q: Queue>(
    run: &Run<'_, Q>,
    states: &Q::Array,
    first: View<'_, Q::Array>,
    second: View<'_, Q::Array>,
) -> Result<()> {
    let arguments = [
        Argument::count("the number of samples", run.extent.samples)?,
        Argument::count("the number of units", run.extent.units)?,
        Argument::array(states, 0),
        pointer(Some(first)),
        pointer(Some(second)),
    ];
    let split = kernel(&STEP_UPDATE, "split_states");
    Ok(run.queue.launch(split, some_blocks(run.extent), &arguments)?)
}
