//! The command lines of `cargo xtask soak` and `cargo xtask mutants`.

use std::path::PathBuf;

use clap::{Args, value_parser};

/// Train a run while it is killed, stopped, filled up and damaged, and compare it with one that is left alone.
///
/// First a run is trained undisturbed for about half the minutes, and its memory is watched. Then the same run is trained in
/// another folder: SIGKILL, SIGTERM, a full disk, damage to the newest checkpoint or to metrics.csv, a second process in the
/// same folder, each kind in turn at moments that a seed decides, and each time the run is started again. Disturbances cost it
/// about as much time again. Weights, moments, metrics and result of both must be the same, times excepted, and memory must not
/// grow. soak.json, soak.md, memory.csv (KiB over time) and disturbed.log are left in the folder.
///
/// Exit codes: 0 ok, 1 something was lost or memory grew, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// Minutes of disturbed training, about.
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = value_parser!(u32).range(1..=10_080))]
    pub(crate) minutes: u32,

    /// Seed of the disturbances.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Folder of runs and summary, which is emptied first [default: soak in the build folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Change the numerical code line by line, and see whether the tests notice.
///
/// Draws some of the mutants that cargo-mutants makes of the cell and of the analysis of waves, the same ones for the same seed,
/// and tries them, for hours. Interrupted, it goes on with those that it has not seen caught. cargo-mutants' own reports are in
/// the build folder, under mutants.
///
/// Exit codes: 0 ok, 1 a mutant is missed, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Mutants {
    /// Mutants to draw, in proportion to what each folder has.
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub(crate) count: usize,

    /// Draw others.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Try those of one package alone.
    #[arg(long, value_name = "NAME", value_parser = ["nwm-analysis", "nwm-core"])]
    pub(crate) package: Option<String>,

    /// Print the names of the drawn ones, and try none.
    #[arg(long)]
    pub(crate) list: bool,
}
