//! `cargo xtask mutants`: whether the tests notice when a line of the numerical code is changed.
//!
//! cargo-mutants changes the source and runs the tests; `sample` draws which of its thousands of mutants are tried, and
//! `subjects` says where they come from and which tests must notice them.

mod command;
mod outcomes;
mod sample;
mod subjects;
