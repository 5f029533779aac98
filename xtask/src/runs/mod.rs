//! Runs of `nwm`: what one needs, how far it has come, and how it is taken to its end.
//!
//! A `Job` is one run with everything made of it. Tables, figures and sweeps are lists of jobs; whoever works on
//! a job, here or on another machine, does what `Job::finish` does, so that a job may be started twice.

pub(crate) mod arguments;
mod companion;
pub(crate) mod digits;
mod estimate;
mod failures;
mod finish;
mod interrupt;
mod job;
mod nwm;
mod product;
pub(crate) mod run_folder;
mod runner;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use arguments::{Arguments, Training};
pub(crate) use companion::Companion;
pub(crate) use estimate::remaining_seconds;
pub(crate) use failures::Failures;
pub(crate) use interrupt::{INTERRUPTED, Interrupt};
pub(crate) use job::Job;
pub(crate) use nwm::{Exit, Nwm, Output, terminate};
pub(crate) use product::{Product, ProductKind};
pub(crate) use run_folder::RunState;
pub(crate) use runner::{Finished, Outcome, available_cores, run_all, threads_each};
