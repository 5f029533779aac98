//! The `nwm` command.
fn main() {}
