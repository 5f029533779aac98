//! `cargo xtask reproduce`: plans a table, runs what is missing and collects the results.

mod command;
mod estimate;
mod experiment;
mod interrupt;
mod nwm;
mod plan;
mod run_folder;
mod runner;
mod selection;
mod summary;

#[cfg(test)]
pub(crate) mod fixtures;
