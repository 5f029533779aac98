//! The strongest wave of a simulation, and what linear theory says of it.

use nwm_analysis::waves::{Grid, SpaceTimeSpectrum, refined_mode};
use nwm_models::simulation::{MapTrajectory, Simulation};

use crate::pages::SimulatedWave;

/// Fewest steps in which a wave can be measured.
const FEWEST_STEPS: usize = 8;

/// The strongest wave of a map; none if nothing moves.
pub(super) fn strongest(
    simulation: &Simulation,
    map: &MapTrajectory,
) -> anyhow::Result<Option<SimulatedWave>> {
    let steps = simulation.options().steps;
    if steps < FEWEST_STEPS {
        return Ok(None);
    }
    let [rows, columns] = simulation.map_size();
    let grid = if simulation.is_torus() { Grid::Torus } else { Grid::Rings };
    let shape = [steps, rows, columns];
    let spectrum = SpaceTimeSpectrum::of(&map.positions, shape, grid)?;
    let Some(peak) = spectrum.peak() else { return Ok(None) };
    let mode = refined_mode(&map.positions, shape, grid, peak)?;
    Ok(Some(SimulatedWave {
        mode,
        travel_index: spectrum.travel_index(),
        mode_share: spectrum.mode_share(),
        predicted: simulation.plane_wave(mode.wave_number)?,
    }))
}
