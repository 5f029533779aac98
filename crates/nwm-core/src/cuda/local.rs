//! Launches of `kernels/local_forward.cu` and `kernels/local_backward.cu`.

use nwm_cuda::{Argument, Grid, Limits, Queue, WARP};

use super::modules::{LOCAL_BACKWARD, LOCAL_FORWARD, kernel};
use super::path::{Run, Targets};
use super::recorded::{Rows, Tape, pointer};
use crate::config::{Bias, CellConfig};
use crate::error::Result;
use crate::imex::cpu::Extent;
use crate::topology::Topology;

/// Rows of a column that a thread computes at once; `STRIP` of `kernels/lattice.cuh`.
const STRIP: usize = 4;
/// Threads of a block at most, as the kernels are compiled.
const MOST_THREADS: usize = 512;
/// Fields of a step that the backward kernel may copy ahead.
const MOST_COPIED_FIELDS: usize = 5;
/// Words that sums over a block need; `BlockSum::WORDS` of `nwm.cuh`.
const SUM_WORDS: usize = 2 * WARP;

/// Which kernels run a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One map, kernels of 3 x 3.
    Torus,
    /// One map, kernels of 3 along rings.
    Rings,
    /// Anything else.
    Maps,
}

/// The kernels for a cell, with all that their launches need to know.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LocalKernels {
    kind: Kind,
    channels: usize,
    rows: usize,
    columns: usize,
    tap_rows: usize,
    tap_columns: usize,
    coupled_drive: bool,
    features: usize,
    bias: bool,
    state_norm: bool,
    limits: Limits,
}

impl LocalKernels {
    /// The kernels for a cell, if a block can hold its maps forwards and back.
    pub(super) fn that_fit(config: &CellConfig, limits: Limits) -> Option<Self> {
        let kernels = Self::new(config, limits)?;
        let forward = kernels.forward_stages().is_some();
        (forward && kernels.backward_stages(MOST_COPIED_FIELDS).is_some()).then_some(kernels)
    }

    /// The kernels for a cell with local couplings.
    fn new(config: &CellConfig, limits: Limits) -> Option<Self> {
        let size = config.kernel_size;
        let (rows, columns, tap_rows) = match config.topology {
            Topology::Torus { rows, columns } => (rows, columns, size),
            // Rings are rows that do not mix.
            Topology::Rings { rings, sites } => (rings, sites, 1),
            Topology::Dense { .. } => return None,
        };
        let kind = match (config.channels, tap_rows, size) {
            (1, 3, 3) => Kind::Torus,
            (1, 1, 3) => Kind::Rings,
            _ => Kind::Maps,
        };
        Some(Self {
            kind,
            channels: config.channels,
            rows,
            columns,
            tap_rows,
            tap_columns: size,
            coupled_drive: config.drive_coupling,
            features: config.input_features.unwrap_or(0),
            bias: config.bias != Bias::None,
            state_norm: config.state_norm,
            limits,
        })
    }

    fn units(&self) -> usize {
        self.channels * self.rows * self.columns
    }

    /// Words of all maps, with border and whole strips.
    fn planes(&self) -> usize {
        let rows = self.rows.next_multiple_of(STRIP) + self.tap_rows - 1;
        self.channels * rows * (self.columns + self.tap_columns - 1)
    }

    /// Words of the kernels that a block keeps in shared memory.
    fn kernel_words(&self) -> usize {
        if self.kind != Kind::Maps {
            return 0;
        }
        let kernels = if self.coupled_drive { 3 } else { 2 };
        kernels * self.channels * self.channels * self.tap_rows * self.tap_columns
    }

    fn forward_words(&self, stages: usize) -> usize {
        let staged = if self.features == 0 { stages } else { 0 };
        SUM_WORDS + (4 + staged) * self.planes() + self.kernel_words()
    }

    fn backward_words(&self, stages: usize, copied_fields: usize) -> usize {
        let one_map = self.kind != Kind::Maps;
        let copies = if one_map { 2 } else { 1 };
        let own_fields = 4
            + usize::from(self.coupled_drive && !one_map)
            + usize::from(self.bias)
            + self.features
            + if self.state_norm { 2 } else { 0 };
        SUM_WORDS
            + copies * self.planes()
            + (own_fields + stages * copied_fields) * self.units()
            // The kernels, and the sums of their gradients.
            + 2 * self.kernel_words()
    }

    /// The first number of stages with which a block fits.
    fn choose_stages(&self, stages: [usize; 2], words: impl Fn(usize) -> usize) -> Option<usize> {
        stages.into_iter().find(|&stages| words(stages) <= self.limits.shared_words)
    }

    /// Steps of the drive in shared memory.
    fn forward_stages(&self) -> Option<usize> {
        self.choose_stages([3, 2], |stages| self.forward_words(stages))
    }

    /// Steps of the tape in shared memory.
    fn backward_stages(&self, copied_fields: usize) -> Option<usize> {
        self.choose_stages([3, 1], |stages| self.backward_words(stages, copied_fields))
    }

    /// One block per sample, with threads for all strips or an equal share of several turns.
    fn grid(&self, samples: usize, outputs: usize, shared_words: usize) -> Grid {
        let groups = self.channels.div_ceil(outputs);
        let items = groups * self.rows.div_ceil(STRIP) * self.columns;
        let turns = items.div_ceil(MOST_THREADS);
        let threads = items.div_ceil(turns).next_multiple_of(WARP);
        Grid { blocks: [samples, 1, 1], threads, shared_words }
    }

    fn sizes<'a, A>(&self, extent: Extent, stages: usize) -> Result<Vec<Argument<'a, A>>> {
        [
            ("the number of channels", self.channels),
            ("the number of rows", self.rows),
            ("the number of columns", self.columns),
            ("the number of rows of a kernel", self.tap_rows),
            ("the number of columns of a kernel", self.tap_columns),
            ("the number of steps", extent.steps),
            ("the number of samples", extent.samples),
            ("the number of features", self.features),
            ("the number of stages", stages),
        ]
        .into_iter()
        .map(|(what, count)| Ok(Argument::count(what, count)?))
        .collect()
    }

    /// Runs all steps and writes `rows`.
    pub(super) fn forward<Q: Queue>(
        &self,
        run: &Run<'_, Q>,
        rows: &Rows<'_, Q::Array>,
    ) -> Result<()> {
        let Run { extent, layout, inputs, .. } = run;
        let (name, outputs) = match self.kind {
            Kind::Torus => ("torus_forward", 1),
            Kind::Rings => ("rings_forward", 1),
            Kind::Maps => ("maps_forward", 4),
        };
        let stages = self.forward_stages().unwrap_or(2);
        let grid = self.grid(extent.samples, outputs, self.forward_words(stages));
        let mut arguments = self.sizes(*extent, stages)?;
        arguments.extend([
            run.packed(Some(layout.coupling.start)),
            run.packed(Some(layout.damping.start)),
            run.packed(layout.drive_start()),
            run.packed(layout.projection_start()),
            run.packed(layout.bias_start()),
            run.packed(Some(layout.dt)),
            run.packed(layout.gain_start()),
            run.packed(layout.offset_start()),
            pointer(Some(inputs.drive)),
            pointer(Some(inputs.initial)),
        ]);
        arguments.extend(rows.positions.arguments()?);
        arguments.extend(rows.velocities.arguments()?);
        arguments.extend([pointer(rows.last_position), pointer(rows.last_velocity)]);
        Ok(run.queue.launch(kernel(&LOCAL_FORWARD, name), grid, &arguments)?)
    }

    /// Pulls `gradients` back to `targets`.
    pub(super) fn backward<Q: Queue>(
        &self,
        run: &Run<'_, Q>,
        tape: &Tape<'_, Q::Array>,
        gradients: &Rows<'_, Q::Array>,
        targets: &Targets<'_, Q::Array>,
    ) -> Result<()> {
        let Run { extent, layout, inputs, .. } = run;
        let name = match self.kind {
            Kind::Torus => "torus_backward",
            Kind::Rings => "rings_backward",
            Kind::Maps => "maps_backward",
        };
        let copied: [bool; MOST_COPIED_FIELDS] = [
            true,
            tape.positions.is_there(),
            self.coupled_drive,
            gradients.positions.is_there(),
            gradients.velocities.is_there(),
        ];
        let copied = copied.into_iter().filter(|&is_there| is_there).count();
        let stages = self.backward_stages(copied).unwrap_or(1);
        let grid = self.grid(extent.samples, 1, self.backward_words(stages, copied));
        let partials = run.queue.array(extent.samples * layout.len())?;
        let mut arguments = self.sizes(*extent, stages)?;
        arguments.extend([
            run.packed(Some(layout.coupling.start)),
            run.packed(Some(layout.damping.start)),
            run.packed(layout.drive_start()),
            run.packed(layout.projection_start()),
            run.packed(Some(layout.dt)),
            run.packed(layout.gain_start()),
            pointer(Some(inputs.drive)),
            pointer(Some(inputs.initial)),
        ]);
        arguments.extend(tape.positions.arguments()?);
        arguments.extend(tape.velocities.arguments()?);
        arguments.push(pointer(tape.last_position));
        arguments.extend(gradients.positions.arguments()?);
        arguments.extend(gradients.velocities.arguments()?);
        arguments.extend([
            pointer(gradients.last_position),
            pointer(gradients.last_velocity),
            pointer(targets.drive),
            pointer(Some(targets.initial)),
            Argument::array(&partials, 0),
            Argument::distance("the number of parameters", layout.len())?,
        ]);
        let places = [
            Some(layout.coupling.start),
            Some(layout.damping.start),
            layout.drive_start(),
            layout.projection_start(),
            layout.bias_start(),
            Some(layout.dt),
            layout.gain_start(),
            layout.offset_start(),
        ];
        for place in places {
            arguments.push(place_or_none(place)?);
        }
        run.queue.launch(kernel(&LOCAL_BACKWARD, name), grid, &arguments)?;
        run.sum_partials(&partials, layout.len(), targets.packed)
    }
}

/// The place of a parameter among those of a sample, or -1.
pub(super) fn place_or_none<'a, A>(place: Option<usize>) -> Result<Argument<'a, A>> {
    Ok(match place {
        Some(place) => Argument::count("the place of a parameter", place)?,
        None => Argument::Int(-1),
    })
}
