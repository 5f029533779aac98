//! How the training step of Table 1 is asked for.

use std::ffi::OsString;
use std::path::Path;

/// The case of `crates/nwm-train/benches/step.rs`: the 2-D machine of the published size.
pub(super) const CASE: &str = "nwm_2d_paper";
/// What the program is told: the published batch on the card, and lines of JSON.
const ARGUMENTS: [&str; 7] = ["--case", CASE, "--batch", "32", "--device", "cuda", "--json"];
/// The time of a whole step among those that it reports.
pub(super) const WHOLE: &str = "step";

/// Its arguments. What a peer starts from is left in `inputs`.
pub(super) fn arguments(inputs: &Path, threads: usize) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ARGUMENTS.map(OsString::from).into();
    arguments.extend(["--threads".into(), threads.to_string().into()]);
    arguments.extend(["--write".into(), inputs.into()]);
    arguments
}
