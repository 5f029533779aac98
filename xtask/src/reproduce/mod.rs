//! `cargo xtask reproduce`: plans tables and figures, runs what is missing and collects the results.
//!
//! A table is described by `experiment`, the figures by `figures`; `table` and `figure` turn a description
//! into a `work::Work`, which is jobs, a plan and a command that collects. From there on both are the same.

mod all;
mod command;
mod experiment;
mod figure;
mod figure_plan;
mod figures;
mod perform;
mod plan;
mod selection;
mod summary;
mod table;
mod work;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use perform::Session;
pub(crate) use work::{Preset, Work};
