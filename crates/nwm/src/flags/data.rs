//! `nwm data`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use nwm_data::Variant;

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// List the data sets.
    #[command(after_long_help = examples::DATA_LIST)]
    List,
    /// Generate a data set: the same bytes on every machine from the same seed.
    #[command(after_long_help = examples::DATA_GENERATE)]
    Generate(GenerateArguments),
    /// A contact sheet (PNG) and a movie (GIF) of some trajectories, with energy against time (SVG).
    #[command(after_long_help = examples::DATA_SHOW)]
    Show(ShowArguments),
    /// Copy the suite's published TFRecord files into one HDF5 file.
    ///
    /// Records say neither which system they are of nor their time step and friction: they are compared with what
    /// --set, --variant and --dt say, and refused if they do not fit.
    #[command(after_long_help = examples::DATA_IMPORT)]
    Import(ImportArguments),
    /// Get a published data set: mnist.
    ///
    /// Downloads from the first mirror that has the files, goes on where a former download broke off, and compares every
    /// file with its published digest.
    #[command(after_long_help = examples::DATA_FETCH)]
    Fetch(FetchArguments),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitName {
    Train,
    Validation,
    Test,
}

impl From<SplitName> for nwm_data::Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Validation => Self::Validation,
            SplitName::Test => Self::Test,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// Name of the system, such as mass_spring or pendulum, or a row of Table 1, such as spring.
    pub(crate) name: String,
    /// Which split; splits never share a random number.
    #[arg(long, value_enum)]
    pub(crate) split: SplitName,
    /// How many trajectories. A larger set begins with a smaller one.
    #[arg(long, value_name = "N")]
    pub(crate) count: usize,
    /// Seed: the same one gives the same bytes on every machine.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The HDF5 file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Frames of each trajectory, the first of which is the initial state.
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub(crate) steps: usize,
    /// Time between frames; the system's own by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) dt: Option<f64>,
    /// Store rendered frames beside the states.
    #[arg(long)]
    pub(crate) frames: bool,
    /// Variant of the system; plain by default, if the name does not say another.
    #[arg(long, value_parser = PossibleValuesParser::new(Variant::ALL.map(Variant::name)))]
    pub(crate) variant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// An HDF5 file that `nwm data generate` or `nwm data import` wrote, or the name of a set that is made as it is used:
    /// mnist, rotating_mnist, gratings, static_gratings or noise.
    pub(crate) file: PathBuf,
    /// Folder for sheet.png, movie.gif and, of a file, energy.svg.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Trajectories or sequences shown, at most 32.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) count: usize,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// TFRecord files, in the order in which their records are wanted.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The system that the records are of, such as mass_spring.
    #[arg(long)]
    pub(crate) set: String,
    /// Variant of the system; plain by default, if the name does not say another.
    #[arg(long, value_parser = PossibleValuesParser::new(Variant::ALL.map(Variant::name)))]
    pub(crate) variant: Option<String>,
    /// Time between frames; by default the one of the suite's, 0.05 and 0.1, by which the records move.
    #[arg(long, value_name = "TIME")]
    pub(crate) dt: Option<f64>,
    /// Which split the records are; the one in the files' names by default, else train.
    #[arg(long, value_enum)]
    pub(crate) split: Option<SplitName>,
    /// Store the pictures beside the states.
    #[arg(long)]
    pub(crate) frames: bool,
    /// The HDF5 file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct FetchArguments {
    /// Name of the data set: mnist.
    pub(crate) name: String,
    /// Copy the files from this folder instead of downloading them.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// Folder to put them into [default: data/cache/NAME].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
