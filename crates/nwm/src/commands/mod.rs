//! One module per command; each has a `run`.

mod config;
mod data;
mod device;
mod doctor;
mod eval;
mod examine;
mod export;
mod figure;
mod gallery;
pub(crate) mod induce;
mod inspect;
mod manual;
mod output;
mod report;
pub(crate) mod selectivity;
mod simulate;
mod table;
mod train;
mod unroll;
pub(crate) mod waves;
mod welcome;

use clap::CommandFactory as _;
use serde_json::json;

use crate::exit::Ending;
use crate::flags::{Arguments, Command};
use crate::terminal::Terminal;

/// Runs one command, or says which one to try first.
pub(crate) fn run(command: Option<Command>, terminal: &Terminal) -> anyhow::Result<Ending> {
    let Some(command) = command else { return Ok(welcome::run(terminal)) };
    match command {
        Command::Data(command) => data::run(&command, terminal),
        Command::Simulate(arguments) => simulate::run(&arguments, terminal),
        Command::Train(arguments) => train::run(&arguments, terminal),
        Command::Eval(arguments) => eval::run(&arguments, terminal),
        Command::Export(arguments) => export::run(&arguments, terminal),
        Command::Unroll(arguments) => unroll::run(&arguments, terminal),
        Command::Waves(arguments) => waves::run(&arguments, terminal),
        Command::Induce(arguments) => induce::run(&arguments, terminal),
        Command::Selectivity(arguments) => selectivity::run(&arguments, terminal),
        Command::Report(arguments) => report::run(&arguments, terminal),
        Command::Table(arguments) => table::run(&arguments, terminal),
        Command::Figure(arguments) => figure::run(&arguments, terminal),
        Command::Gallery(arguments) => gallery::run(&arguments, terminal),
        Command::Config(arguments) => config::run(&arguments, terminal),
        Command::Inspect(arguments) => inspect::run(&arguments, terminal),
        Command::Examine(arguments) => examine::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments, terminal),
        Command::Completions { shell } => {
            // Not straight to standard output: the library panics where a reader closes the pipe.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "nwm", &mut script);
            let script = String::from_utf8_lossy(&script);
            let json = json!({"format": 1, "shell": shell.to_string(), "script": script});
            terminal.result(&json, &script);
            Ok(Ending::Done)
        }
        Command::Man { dir } => manual::run(&dir, terminal),
    }
}
