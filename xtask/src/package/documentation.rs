//! The documentation of a crate as docs.rs makes it.

use std::process::Command;

use super::metadata::Crate;
use super::unpacked::Unpacked;

/// Documents a crate alone, with the features of `[package.metadata.docs.rs]` and without warnings. docs.rs has no CUDA
/// toolkit and, while it builds, no network. It sets `--cfg docsrs` for what needs a nightly compiler; none of our crates asks for it.
pub(super) fn documenting(unpacked: &Unpacked<'_>, it: &Crate) -> Command {
    let mut command = unpacked.cargo("doc", it);
    command.args(["--no-deps", "--lib"]);
    let features = it.documented_features();
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    command.env("RUSTDOCFLAGS", "-D warnings").env("CARGO_NET_OFFLINE", "true");
    command
}
