//! The state that a simulation begins with.

use std::f64::consts::TAU;

use nwm_core::State;

use super::medium::Medium;
use super::preset::{SimulationDrive, SimulationPreset};
use super::sheet::Sheet;

/// Size of the random numbers that a cell without a drive begins with.
const RANDOM: f64 = 0.5;

/// Sites from one arm of a spiral to the next.
const ARMS: f64 = 20.0;

/// Size of the swings that spirals begin with.
const SWING: f64 = 1.2;

/// Position and velocity of all maps at the beginning.
pub(super) fn start(
    preset: SimulationPreset,
    drive: SimulationDrive,
    medium: &Medium,
    sheet: Sheet,
    channels: usize,
    seed: u64,
) -> State<f64> {
    let random = |what: &str| {
        let numbers = |channel| sheet.smooth_normals(seed, &format!("simulation.{what}.{channel}"));
        (0..channels).flat_map(numbers).map(|number| RANDOM * number).collect()
    };
    match (preset, drive) {
        (SimulationPreset::Spiral, _) => {
            let phases: Vec<f64> = (0..channels)
                .flat_map(|channel| spirals(sheet, TAU * channel as f64 / channels as f64))
                .collect();
            let frequency = medium.oscillator.gamma.sqrt();
            State {
                position: phases.iter().map(|phase| SWING * phase.cos()).collect(),
                velocity: phases.iter().map(|phase| -SWING * frequency * phase.sin()).collect(),
            }
        }
        (_, SimulationDrive::None) => {
            State { position: random("position"), velocity: random("velocity") }
        }
        _ => State::zeros(channels * sheet.sites()),
    }
}

/// Phases of two spirals that turn against each other, at a quarter and three quarters of the middle row. On a torus
/// the windings of all phases sum to zero, so that there is no single one.
fn spirals(sheet: Sheet, phase: f64) -> Vec<f64> {
    let [row, column] = sheet.middle();
    let quarter = sheet.columns as f64 / 4.0;
    let cores = [[row, column - quarter], [row, column + quarter]];
    sheet.each(|at_row, at_column| {
        let down = TAU * (at_row as f64 - row) / sheet.rows as f64;
        let right = TAU * (at_column as f64 - column) / sheet.columns as f64;
        // Zero in both parts at the cores alone: elsewhere in their rows and columns one part is not.
        let angle = (right.cos() + 0.6 * (down.cos() - 1.0)).atan2(down.sin());
        let distance = cores
            .map(|core| sheet.squared_distance([at_row, at_column], core).sqrt())
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        angle - TAU * distance / ARMS + phase
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often the phase turns around a site along the eight sites around it.
    fn winding(phases: &[f64], sheet: Sheet, row: usize, column: usize) -> i64 {
        let around = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)];
        let at = |(down, right): (isize, isize)| {
            let [row, column] = [row as isize + down, column as isize + right];
            let row = row.rem_euclid(sheet.rows as isize) as usize;
            phases[row * sheet.columns + column.rem_euclid(sheet.columns as isize) as usize]
        };
        let steps = (0..8).map(|place| at(around[(place + 1) % 8]) - at(around[place]));
        (steps.map(|step| step - (step / TAU).round() * TAU).sum::<f64>() / TAU).round() as i64
    }

    #[test]
    fn two_spirals_turn_against_each_other_and_nothing_else_does() {
        let sheet = Sheet { rows: 64, columns: 64, is_torus: true };
        let phases = spirals(sheet, 0.3);
        let left = winding(&phases, sheet, 32, 16);
        assert_eq!(left.abs(), 1);
        assert_eq!(winding(&phases, sheet, 32, 48), -left);
        for (row, column) in [(0, 16), (0, 48), (32, 0), (32, 32), (10, 20), (50, 40)] {
            assert_eq!(winding(&phases, sheet, row, column), 0, "({row}, {column})");
        }
    }

    #[test]
    fn cells_without_drive_and_pattern_begin_at_random() {
        let sheet = Sheet { rows: 9, columns: 12, is_torus: true };
        let medium = Medium::of(SimulationPreset::Pulse, sheet);
        let start = |drive, seed| start(SimulationPreset::Pulse, drive, &medium, sheet, 2, seed);
        assert_eq!(start(SimulationDrive::Noise, 1), State::zeros(216));
        let random = start(SimulationDrive::None, 1);
        assert_eq!(random, start(SimulationDrive::None, 1));
        assert_ne!(random, start(SimulationDrive::None, 2));
        assert_ne!(random.position, random.velocity);
        assert_ne!(random.position[..108], random.position[108..]);
    }
}
