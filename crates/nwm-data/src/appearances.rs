//! What pictures need beside the states, for many trajectories.

use crate::error::{Error, Result, check_length};
use crate::render::Appearance;
use crate::spec::DatasetSpec;
use crate::systems::System;

/// Parameters, displacement and colours of every trajectory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Appearances {
    system: System,
    /// `[trajectory, parameter]`.
    pub(crate) parameters: Vec<f64>,
    /// `[trajectory, 2]`.
    pub(crate) offsets: Vec<f64>,
    /// `[trajectory, ball]`.
    pub(crate) colour_indices: Vec<u32>,
}

impl Appearances {
    /// Checks the lengths against the specification.
    pub(crate) fn new(
        spec: &DatasetSpec,
        parameters: Vec<f64>,
        offsets: Vec<f64>,
        colour_indices: Vec<u32>,
    ) -> Result<Self> {
        let (system, count) = (spec.system, spec.trajectories);
        let width = system.parameter_names().len();
        check_length("parameters", "[trajectory, parameter]", count * width, parameters.len())?;
        check_length("offsets", "[trajectory, 2]", count * 2, offsets.len())?;
        let width = system.ball_count();
        check_length("colour indices", "[trajectory, ball]", count * width, colour_indices.len())?;
        Ok(Self { system, parameters, offsets, colour_indices })
    }

    /// What the renderer needs beside the states of one trajectory.
    pub(crate) fn of(&self, trajectory: usize) -> Result<Appearance<'_>> {
        let offset = row(&self.offsets, 2, trajectory)?;
        Ok(Appearance {
            parameters: row(&self.parameters, self.system.parameter_names().len(), trajectory)?,
            offset: [offset[0], offset[1]],
            colour_indices: row(&self.colour_indices, self.system.ball_count(), trajectory)?,
        })
    }
}

/// Row number `trajectory` of a table with `width` columns; a table without columns has every row.
pub(crate) fn row<T>(table: &[T], width: usize, trajectory: usize) -> Result<&[T]> {
    if width == 0 {
        return Ok(&[]);
    }
    table.chunks_exact(width).nth(trajectory).ok_or(Error::OutOfRange {
        axis: "trajectory",
        start: trajectory,
        end: trajectory.saturating_add(1),
        length: table.len() / width,
    })
}
