//! `cargo xtask package`: every crate as it would be published.
//!
//! Cargo packs the crates, with all their siblings, and resolves each as if they were on crates.io. The packages are then unpacked
//! into a workspace of their own (`unpacked.rs`) under the build folder, in which nothing of the repository can be
//! reached by a relative path and siblings are the other packages; there each is built, tested and documented alone.

mod archive;
mod command;
mod contents;
mod deny;
mod documentation;
mod features;
mod manifest;
mod metadata;
mod order;
mod origin;
mod process;
mod semver;
mod unpacked;

pub(crate) use command::stages;
