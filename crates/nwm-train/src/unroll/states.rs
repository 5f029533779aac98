//! The arrays of states that models write which read all of their sequences.

use candle_core::Tensor;
use nwm_data::arrays::{ArrayLayout, ArraysWriter, Element};
use nwm_models::CellSection;

use super::request::{numbers, whole};
use crate::error::Result;

/// Positions and velocities of `sequences` over `steps` as recordings, and which trajectory each sequence is.
pub(super) fn state_layouts(
    cell: &CellSection,
    sequences: usize,
    steps: usize,
) -> [ArrayLayout; 3] {
    let recording = [sequences * cell.channels, steps, cell.rows, cell.columns];
    let axes = ["recording", "time", "row", "column"];
    [
        ArrayLayout::new("position", &axes, &recording, Element::F32),
        ArrayLayout::new("velocity", &axes, &recording, Element::F32),
        ArrayLayout::new("trajectory_index", &["trajectory"], &[sequences], Element::U32),
    ]
}

/// Writes which trajectories the sequences are.
pub(super) fn append_trajectories(
    file: &mut ArraysWriter<'_>,
    trajectories: &[usize],
) -> Result<()> {
    let indices: Vec<u32> = trajectories.iter().copied().map(whole).collect();
    Ok(file.append("trajectory_index", &indices)?)
}

/// Writes the states `[time, batch, field, channel, row, column]` of the next sequences.
pub(super) fn append_states(file: &mut ArraysWriter<'_>, states: &Tensor) -> Result<()> {
    file.append("position", &recordings(states, 0)?)?;
    Ok(file.append("velocity", &recordings(states, 1)?)?)
}

/// One field of the states `[time, batch, field, channel, row, column]` of some sequences as recordings
/// `[batch * channel, time, row, column]`: channels do not know of each other's places, so that each is one of its own.
pub(super) fn recordings(states: &Tensor, field: usize) -> Result<Vec<f32>> {
    let values = states.narrow(2, field, 1)?.squeeze(2)?.permute((1, 2, 0, 3, 4))?;
    numbers(&values.contiguous()?)
}
