//! Launches of `kernels/local_*.cu` and `kernels/tile_*.cu`: a whole sequence in one block per sample.

use nwm_cuda::{Argument, Grid, Limits, Queue};

use super::lattice::{Kind, Lattice, MOST_COPIED_FIELDS};
use super::modules::{LOCAL_BACKWARD, LOCAL_FORWARD, TILE_BACKWARD, TILE_FORWARD, kernel};
use super::path::{Precision, Run, Targets};
use super::recorded::{Rows, Tape, pointer};
use crate::config::CellConfig;
use crate::error::Result;
use crate::imex::cpu::Extent;

/// The kernels for a cell, with all that their launches need to know.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LocalKernels {
    lattice: Lattice,
    limits: Limits,
}

impl LocalKernels {
    /// The kernels for a cell, if a block can hold its maps forwards and back: those on tensor cores where there are maps
    /// enough for them, unless single precision is asked for.
    pub(super) fn that_fit(
        config: &CellConfig,
        precision: Precision,
        limits: Limits,
    ) -> Option<Self> {
        let kinds = Lattice::kinds(config, precision);
        kinds.into_iter().filter_map(|kind| Lattice::new(config, kind)).find_map(|lattice| {
            let kernels = Self { lattice, limits };
            let forward = kernels.forward_stages().is_some();
            let backward = kernels.backward_stages(MOST_COPIED_FIELDS).is_some();
            (forward && backward && kernels.lattice.backward_parts().is_some()).then_some(kernels)
        })
    }

    /// The first number of stages with which a block fits.
    fn choose_stages(&self, stages: &[usize], words: impl Fn(usize) -> usize) -> Option<usize> {
        stages.iter().copied().find(|&stages| words(stages) <= self.limits.shared_words)
    }

    /// Steps of the drive in shared memory.
    fn forward_stages(&self) -> Option<usize> {
        self.choose_stages(&[3, 2], |stages| self.lattice.forward_words(stages))
    }

    /// Steps of the tape that are copied ahead.
    fn backward_stages(&self, copied_fields: usize) -> Option<usize> {
        let words = |stages| self.lattice.backward_words(stages, copied_fields);
        self.choose_stages(self.lattice.backward_stages(), words)
    }

    fn sizes<'a, A>(&self, extent: Extent, stages: usize) -> Result<Vec<Argument<'a, A>>> {
        let Lattice { channels, rows, columns, tap_rows, tap_columns, features, .. } = self.lattice;
        [
            ("the number of channels", channels),
            ("the number of rows", rows),
            ("the number of columns", columns),
            ("the number of rows of a kernel", tap_rows),
            ("the number of columns of a kernel", tap_columns),
            ("the number of steps", extent.steps),
            ("the number of samples", extent.samples),
            ("the number of features", features),
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
        let (module, name) = match self.lattice.kind {
            Kind::Sheet(sheet) => (&LOCAL_FORWARD, sheet.kernels()[0]),
            Kind::Maps => (&LOCAL_FORWARD, "maps_forward"),
            Kind::Tiles { products: 1 } => (&TILE_FORWARD, "tf32_forward"),
            Kind::Tiles { .. } => (&TILE_FORWARD, "tf32x3_forward"),
        };
        let stages = self.forward_stages().unwrap_or(2);
        let grid = Grid {
            blocks: [extent.samples, 1, 1],
            threads: self.lattice.forward_threads(),
            shared_words: self.lattice.forward_words(stages),
        };
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
        Ok(run.queue.launch(kernel(module, name), grid, &arguments)?)
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
        let (module, name) = match (self.lattice.kind, self.lattice.backward_parts()) {
            (Kind::Sheet(sheet), _) => (&LOCAL_BACKWARD, sheet.kernels()[1]),
            (Kind::Maps, _) => (&LOCAL_BACKWARD, "maps_backward"),
            (Kind::Tiles { products: 1 }, Some(0..=3)) => (&TILE_BACKWARD, "tf32_backward_3"),
            (Kind::Tiles { products: 1 }, _) => (&TILE_BACKWARD, "tf32_backward_6"),
            (Kind::Tiles { .. }, Some(0..=3)) => (&TILE_BACKWARD, "tf32x3_backward_3"),
            (Kind::Tiles { .. }, _) => (&TILE_BACKWARD, "tf32x3_backward_6"),
        };
        let copied: [bool; MOST_COPIED_FIELDS] = [
            true,
            tape.positions.is_there(),
            self.lattice.coupled_drive,
            gradients.positions.is_there(),
            gradients.velocities.is_there(),
        ];
        let copied = copied.into_iter().filter(|&is_there| is_there).count();
        let stages = self.backward_stages(copied).unwrap_or(0);
        let grid = Grid {
            blocks: [extent.samples, 1, 1],
            threads: self.lattice.backward_threads(),
            shared_words: self.lattice.backward_words(stages, copied),
        };
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
        run.queue.launch(kernel(module, name), grid, &arguments)?;
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
