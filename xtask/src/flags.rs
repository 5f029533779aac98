//! The command line of `cargo xtask`, declared in one place.

mod sweep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

use crate::bench::Peer;
use crate::engine::EngineOptions;
use crate::gpu_check::Part;

pub(crate) use sweep::{Sweep, SweepAction, SweepFile, Task};

/// Tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Reproduce(Reproduce),
    Sweep(Sweep),
    Task(Task),
    Bench(Bench),
    GpuCheck(GpuCheck),
    Kernels(Kernels),
    Package(Package),
    Soak(Soak),
    Mutants(Mutants),
    Ci(Ci),
}

/// Train and evaluate the models of a published table or figure, and write it.
///
/// Says first what it will do and about how long that takes, then runs what is missing, one folder
/// per run; figures share their runs with each other and with Table 1. Interrupt it at any time:
/// starting it again continues where it stopped. The table or figure and its page are in the folder
/// of reports at the end, and its text is printed; index.html in that folder leads to all of them.
///
/// Exit codes: 0 ok, 1 a run failed, 2 usage, 6 file system, 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct Reproduce {
    /// What to reproduce.
    #[arg(value_enum)]
    pub(crate) target: Target,

    /// How much of the published training to do: smoke (minutes: proves that everything works),
    /// quick (about an hour on two cores: a reduced but honest table or figure) or paper (the
    /// published setting, for a large machine: a run of Table 1 takes three to five weeks on two
    /// cores).
    #[arg(long, default_value = "quick")]
    pub(crate) preset: String,

    /// Repeat every cell of a table with the seeds 0, 1, ..., K - 1 [default: 1]. The runs of figures
    /// name their seeds.
    #[arg(long, value_name = "K", value_parser = value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: Option<u64>,

    /// Only these cells of the table: row names, column names and ROW/COLUMN pairs, separated by
    /// commas. Rows and columns given separately are intersected: `spring,pendulum` is all of two
    /// rows, `spring,nwm_2d` is one cell. Of a figure: names of its runs.
    #[arg(long, value_name = "ROW,COLUMN,ROW/COLUMN,...")]
    pub(crate) only: Option<String>,

    /// Folder of reports [default: reports in the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Folder of runs [default: runs in the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,

    /// Say what would be done, and do none of it.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Run nothing, and write the table or figure of what is there.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) collect: bool,

    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

/// What can be reproduced, as data/experiments describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Forecasting error of five dynamical systems, rendered as movies.
    Table1,
    /// Accuracy on digits that are read pixel by pixel.
    Table2,
    /// Error on the adding problem, of which the paper has no table.
    Adding,
    /// Hidden waves of models of noise, gratings, dynamical systems and a game.
    Fig2,
    /// The orientations and images that units prefer.
    Fig3,
    /// Hidden waves of a turning digit.
    Fig4,
    /// What induced waves decode to.
    Fig5,
    /// The image that each unit prefers.
    Fig6,
    /// Hidden waves of a whole turn.
    Fig7,
    /// The same from other initial parameters.
    Fig8,
    /// Induced waves beside input and reconstruction.
    Fig9,
    /// All of them, in an order that shares runs early.
    All,
}

impl Target {
    /// The name used in folders and in data/experiments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table1 => "table1",
            Self::Table2 => "table2",
            Self::Adding => "adding",
            Self::Fig2 => "fig2",
            Self::Fig3 => "fig3",
            Self::Fig4 => "fig4",
            Self::Fig5 => "fig5",
            Self::Fig6 => "fig6",
            Self::Fig7 => "fig7",
            Self::Fig8 => "fig8",
            Self::Fig9 => "fig9",
            Self::All => "all",
        }
    }

    /// Whether it is a figure, whose runs name their seeds.
    pub(crate) fn is_figure(self) -> bool {
        !matches!(self, Self::Table1 | Self::Table2 | Self::Adding | Self::All)
    }
}

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

/// Check and time on a GPU what runs there, within minutes, and print one page.
///
/// Agreement with the cpu in double precision, the same bits twice, times of all cases with floors and targets, a training
/// step of Table 1 with its breakdown, compute-sanitizer, the same in PyTorch, torch.compile and JAX, and two minutes of
/// training: in this order, as far as the time allows. What fails or cannot be done, such as peers that are not installed,
/// is a row of the page and not its end; a target that is missed is no failure. All numbers are left as JSON.
///
/// The machine with the GPU needs no compiler and no network: --pack fills a folder on another one, and there
/// `DIR/xtask gpu-check --from DIR` does the rest. docs/performance.md says how to read the page.
///
/// Exit codes: 0 everything that ran passed, 1 something did not, or nothing ran, 2 usage, 4 there is no GPU,
/// 6 file system, 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct GpuCheck {
    /// Build what the parts need, for a GPU, into a folder to be carried, and check nothing. Needs no GPU, but the CUDA
    /// toolkit, which is installed in target/cuda if it is not there.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "emulated", "save", "json"])]
    pub(crate) pack: Option<PathBuf>,

    /// Use the programs of this folder, which --pack filled; cargo is not needed.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,

    /// Check without a GPU what the emulation of the kernels can do: agreement and determinism on small cases.
    #[arg(long, conflicts_with = "from")]
    pub(crate) emulated: bool,

    /// Only these parts. They run in the order of this list's possible values whatever their order here.
    #[arg(long, value_name = "PART,...", value_delimiter = ',')]
    pub(crate) only: Vec<Part>,

    /// Seconds for everything but building. Parts that no longer fit are left out.
    #[arg(long, value_name = "SECONDS", default_value_t = 780, value_parser = value_parser!(u32).range(1..=86_400))]
    pub(crate) limit: u32,

    /// Leave the numbers in this file [default: gpu-check.json in the folder of --from, or in the build folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Keep page and numbers in docs/benchmarks, by date, card and commit; with --from, of the folder in which it is run.
    #[arg(long)]
    pub(crate) save: bool,
}

/// Compile the CUDA kernels, and compare PTX and the table of registers, spills and shared memory with what is checked in.
///
/// Needs no GPU, but the compiler (nvcc) of CUDA 13.0: the one that NVCC names, that of CUDA_HOME or CUDA_PATH, that of
/// target/cuda, or the first in PATH. xtask/cuda/setup-toolkit.sh installs it in target/cuda, without root.
///
/// Exit codes: 0 ok, 1 something differs or does not compile, or there is no compiler, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Kernels {
    /// Write PTX and tables anew, for a change of a kernel that is meant.
    #[arg(long)]
    pub(crate) update: bool,
}

/// Pack every crate as it would be published, and build, test and document it from its package. Publishes nothing.
///
/// Checks what crates.io asks of manifests and packages, and prints what each holds. The packages are unpacked in
/// target/published, where nothing of the repository is beside them and siblings are the other packages; each is tested
/// alone, checked with other features than the default ones (but cuda, which `ci --cuda` builds), and documented as on docs.rs. Then
/// licences and advisories of the dependencies, by cargo-deny, and from the second release on interfaces, by cargo-semver-checks:
/// skipped, with the command that installs them, where these are not installed. docs/releasing.md says how to publish.
///
/// Exit codes: 0 ok, 1 something failed, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Package {
    /// Build, test and document only these crates. All are packed, since they need each other.
    #[arg(long, value_name = "CRATE,...", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

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

/// Run every check of this repository, and print how long each took.
#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Also what is too slow for every change: all examples, every command of the guides, sweeps by engines that really run, and
    /// everything that `package` does.
    #[arg(long)]
    pub(crate) full: bool,

    /// Only the program with its CUDA feature: install a toolkit with libraries in target/cuda (1.2 GB), build in
    /// target/cuda-build, and start it without a device. Needs no GPU, but a dozen CPU minutes.
    #[arg(long, conflicts_with = "full")]
    pub(crate) cuda: bool,

    /// Run this stage alone, by its name in the table, or one of those of --full.
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Command, Flags, Part, Peer, Subject, Target};

    #[test]
    fn command_line_is_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn reproduce_defaults_to_one_quick_seed() {
        let flags = Flags::parse_from(["cargo xtask", "reproduce", "table1"]);
        let Command::Reproduce(reproduce) = flags.command else { panic!("not reproduce") };
        assert_eq!(reproduce.target, Target::Table1);
        assert_eq!(reproduce.preset, "quick");
        assert_eq!((reproduce.seeds, reproduce.engine.jobs), (None, 1));
        assert!(!reproduce.dry_run);
    }

    #[test]
    fn bench_takes_several_cases_and_peers() {
        let flags = Flags::parse_from(
            "xtask bench cell --case rings --case dense --against torch,jax".split(' '),
        );
        let Command::Bench(bench) = flags.command else { panic!("not bench") };
        assert_eq!(bench.subjects, [Subject::Cell]);
        assert_eq!(bench.cases, ["rings", "dense"]);
        assert_eq!(bench.against, [Peer::Torch, Peer::Jax]);
        assert!(!bench.save);
        assert!(Flags::try_parse_from("xtask bench cell --against numpy".split(' ')).is_err());
        assert!(Flags::try_parse_from("xtask bench cell --repeats 0".split(' ')).is_err());
    }

    #[test]
    fn kernels_are_compared_unless_an_update_is_asked_for() {
        for (line, expected) in [("xtask kernels", false), ("xtask kernels --update", true)] {
            let Command::Kernels(kernels) = Flags::parse_from(line.split(' ')).command else {
                panic!("not kernels")
            };
            assert_eq!(kernels.update, expected);
        }
        assert!(Flags::try_parse_from("xtask ci --cuda --full".split(' ')).is_err());
    }

    #[test]
    fn some_or_all_crates_are_built_from_their_packages() {
        for (line, expected) in [
            ("xtask package", &[] as &[&str]),
            ("xtask package --only nwm-core,nwm", &["nwm-core", "nwm"]),
        ] {
            let Command::Package(package) = Flags::parse_from(line.split(' ')).command else {
                panic!("not package")
            };
            assert_eq!(package.only, expected);
        }
    }

    #[test]
    fn a_gpu_check_packs_or_checks() {
        let parse = |line: &str| Flags::try_parse_from(line.split(' '));
        let Command::GpuCheck(check) =
            parse("xtask gpu-check --only peers,agreement --limit 60").unwrap().command
        else {
            panic!("not gpu-check")
        };
        assert_eq!(check.only, [Part::Peers, Part::Agreement]);
        assert_eq!((check.limit, check.emulated, check.save), (60, false, false));
        for line in ["--pack a --from b", "--pack a --emulated", "--from a --emulated", "--limit 0"]
        {
            assert!(parse(&format!("xtask gpu-check {line}")).is_err(), "{line}");
        }
    }

    #[test]
    fn zero_seeds_and_zero_jobs_are_refused() {
        for flag in ["--seeds=0", "--jobs=0"] {
            assert!(Flags::try_parse_from(["cargo xtask", "reproduce", "table1", flag]).is_err());
        }
    }
}
