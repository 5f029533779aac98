//! `cargo xtask sweep`: a grid of trainings of the user's own.
//!
//! A `Grid` is read from a file; its `runs` are a pure function of it, made one after the other, so that grids of any
//! size are planned, watched and collected in little memory. A run's folder is named after what is computed in it.

mod axis;
mod command;
mod grid;
mod plan;
mod runs;
mod status;
mod task_id;
mod work;

#[cfg(test)]
mod fixtures;
