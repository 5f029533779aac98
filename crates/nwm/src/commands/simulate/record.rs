//! The file of a simulation's states.

use std::path::Path;

use nwm_data::arrays::{self, ArrayLayout, Element};
use nwm_models::simulation::{MapTrajectory, Simulation};
use serde::Serialize;

/// The kind of such a file.
const KIND: &str = "simulated_cell";

/// What a simulation is of (docs/formats.md).
#[derive(Debug, Serialize)]
pub(super) struct SimulatedCell<'a> {
    version: &'static str,
    preset: &'static str,
    drive: &'static str,
    topology: String,
    channels: usize,
    steps: usize,
    seed: u64,
    dt: f64,
    gamma: f64,
    alpha: f64,
    kernel_size: [usize; 2],
    coupling: &'a [f64],
    damping: &'a [f64],
}

impl<'a> SimulatedCell<'a> {
    pub(super) fn of(simulation: &'a Simulation) -> Self {
        let (options, oscillator) = (simulation.options(), simulation.oscillator());
        Self {
            version: env!("CARGO_PKG_VERSION"),
            preset: options.preset.as_str(),
            drive: simulation.drive().as_str(),
            topology: options.topology.to_string(),
            channels: options.channels,
            steps: options.steps,
            seed: options.seed,
            dt: oscillator.dt,
            gamma: oscillator.gamma,
            alpha: oscillator.alpha,
            kernel_size: simulation.kernel_size(),
            coupling: simulation.coupling(),
            damping: simulation.damping(),
        }
    }
}

/// Writes the states of all maps.
pub(super) fn write(
    path: &Path,
    simulation: &Simulation,
    maps: &[MapTrajectory],
) -> nwm_data::Result<()> {
    let [rows, columns] = simulation.map_size();
    let shape = [maps.len(), simulation.options().steps, rows, columns];
    let axes = ["channel", "time", "row", "column"];
    let layout = |name| ArrayLayout::new(name, &axes, &shape, Element::F32);
    let layouts = vec![layout("position"), layout("velocity")];
    arrays::write(path, KIND, &SimulatedCell::of(simulation), layouts, |file| {
        for map in maps {
            file.append("position", &map.positions)?;
            file.append("velocity", &map.velocities)?;
        }
        Ok(())
    })
}
