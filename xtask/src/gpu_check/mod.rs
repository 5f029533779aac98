//! `cargo xtask gpu-check`: what runs on a GPU, checked and timed within minutes, on one page.
//!
//! The programs are built here or were carried in a folder ([`pack`]). What is done has [`part`]s, in the order of their
//! importance, each with a time of its own; every process ([`child`]) is a [`run`] with an outcome, so that what fails or
//! cannot be done is a row of the page and not its end. Programs speak in lines of JSON ([`reading`]); [`page`] and
//! [`record`] are made of these lines alone.

mod card;
mod child;
mod command;
mod floor;
mod libraries;
mod pack;
mod page;
mod part;
mod peers;
mod perform;
mod programs;
mod reading;
mod record;
mod run;
mod sanitizer;
mod step;
mod targets;
mod times;
mod training;

pub(crate) use card::NoGpu;
pub(crate) use part::Part;
