//! `nwm simulate`.

mod record;
mod wave;

use anyhow::Context as _;
use nwm_models::simulation::{Simulation, SimulationOptions};
use nwm_train::Error;
use serde_json::json;

use super::output::write_file;
use crate::exit::Ending;
use crate::flags::SimulateArguments;
use crate::pages::{SimulatedWaves, WaveFilm, simulation_page};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Runs an untrained cell; writes trajectory.h5, waves.gif and report.html.
pub(crate) fn run(arguments: &SimulateArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    simulate(arguments, terminal)
        .with_context(|| format!("failed to simulate into {}", arguments.out.display()))
}

fn simulate(arguments: &SimulateArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let simulation = Simulation::new(options(arguments))?;
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|source| Error::Io { path: out.clone(), source })?;
    let maps = Progress::of(terminal, "step", |progress| simulation.run(progress))?;

    let wave = wave::strongest(&simulation, &maps[0])?;
    let film = WaveFilm::of(&maps, simulation.map_size())?;
    let waves = SimulatedWaves { simulation: &simulation, maps: &maps, wave, film: &film };
    let report = simulation_page(&waves)?;
    let trajectory = out.join("trajectory.h5");
    record::write(&trajectory, &simulation, &maps)?;
    let movie = out.join("waves.gif");
    write_file(&movie, film.gif())?;
    let page = out.join("report.html");
    write_file(&page, report.as_bytes())?;

    let files = [trajectory, movie, page];
    let lines = files.iter().map(|file| format!("wrote {}\n", file.display()));
    let text = lines.collect::<String>() + &wave.map_or_else(String::new, |wave| wave.to_string());
    let json = json!({
        "format": 1,
        "files": files,
        "simulation": record::SimulatedCell::of(&simulation),
        "amplitude": waves.amplitudes().last(),
        "wave": wave.map(|wave| wave.measured_json()),
        "predicted": wave.map(|wave| wave.predicted_json()),
    });
    terminal.result(&json, &text);
    Ok(Ending::Done)
}

fn options(arguments: &SimulateArguments) -> SimulationOptions {
    let mut options = SimulationOptions::default();
    options.preset = arguments.preset.into();
    options.topology = arguments.topology;
    options.channels = arguments.channels;
    options.steps = arguments.steps;
    options.seed = arguments.seed;
    options.drive = arguments.drive.map(Into::into);
    options
}
