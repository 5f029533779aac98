//! Untrained cells that show waves: a preset of parameters, something that sets it in motion, and the linear
//! theory of what must follow.
//!
//! The published initial values show no wave: their constant kernels hardly couple neighbours, and four fifths
//! of any motion are gone within a cycle. The other presets are media in which waves are known to live.
//!
//! ```
//! use nwm_models::simulation::{Simulation, SimulationOptions};
//!
//! # fn main() -> Result<(), nwm_models::Error> {
//! let mut options = SimulationOptions::default();
//! options.steps = 50;
//! let simulation = Simulation::new(options)?;
//! let maps = simulation.run(|_, _| ())?;
//! assert_eq!(maps[0].positions.len(), 50 * 64 * 64); // time, row, column
//! // A wave of 16 sites along the columns travels by a quarter of a site in each step, about.
//! let wave = simulation.plane_wave([0.0, 1.0 / 16.0])?;
//! assert!((wave.speed() - 0.25).abs() < 0.1);
//! # Ok(())
//! # }
//! ```

mod drive;
mod medium;
mod plane_wave;
mod preset;
mod run;
mod sheet;
mod start;

pub use plane_wave::PlaneWave;
pub use preset::{SimulationDrive, SimulationPreset};
pub use run::{MOST_SIMULATED_STATES, MapTrajectory, Simulation, SimulationOptions};
