//! The command line of `cargo xtask bench`.

use clap::{Args, ValueEnum, value_parser};

use crate::bench::Peer;

/// Time the programs of this repository, beside what the processor could do and what others take.
///
/// Builds and runs the benchmark programs, measures the peak rate of the processor, and prints one table per
/// program: median, smallest and largest time, arithmetic per second, and the floor, which is the
/// arithmetic at the peak rate. docs/performance.md says how to read it.
///
/// Exit codes: 0 ok, 1 a program or a peer failed or computed something else, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure [default: all].
    #[arg(value_enum, value_name = "WHAT")]
    pub(crate) subjects: Vec<Subject>,

    /// Only this case of the one table that is asked for (cell, conv, train, data or instructions); may be repeated.
    #[arg(long = "case", value_name = "NAME")]
    pub(crate) cases: Vec<String>,

    /// Measure these libraries too. Installs what they need in the build folder, some gigabytes.
    #[arg(long, value_name = "PEER,...", value_delimiter = ',')]
    pub(crate) against: Vec<Peer>,

    /// Threads of every program and peer [default: all cores].
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Repeat every measurement so often [default: for about a second each].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) repeats: Option<u32>,

    /// Keep the result in docs/benchmarks, by date, processor and commit.
    #[arg(long)]
    pub(crate) save: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// Peak, cell, conv, train, data and waves.
    All,
    /// The peak rate of the processor alone.
    Peak,
    /// The oscillatory cell over a sequence.
    Cell,
    /// Convolution layers.
    Conv,
    /// One whole training step.
    Train,
    /// Integrating, drawing and loading data sets.
    Data,
    /// The analysis of waves in a recording.
    Waves,
    /// How the time of the cell grows with batch, steps, sites and channels.
    Scaling,
    /// How many instructions the cell takes, by callgrind, which does not depend on the load.
    Instructions,
}
