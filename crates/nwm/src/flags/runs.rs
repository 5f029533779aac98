//! Commands on one run.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use nwm_models::ModelName;

use crate::presets;

/// Where a model runs.
#[derive(Debug, Args)]
pub(crate) struct DeviceArgument {
    /// auto (the GPU if this program can use one, else the CPU), cpu or cuda:0; `nwm doctor` says what is there.
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
}

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set one key, such as train.steps=1000; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The run folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: PathBuf,
    /// Settings to begin with: a smoke test of seconds, a reduced experiment of minutes, or that of the paper. The configuration
    /// file and --set are laid over it.
    #[arg(long, value_parser = PossibleValuesParser::new(presets::names()))]
    pub(crate) preset: Option<String>,
    /// Seed of initial parameters and of the order of the data; the same as --set train.seed=S.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) device: DeviceArgument,
    /// Continue the run in the folder; starts it if there is none. Without --preset and --config its own settings are
    /// used, with --set over them.
    #[arg(long)]
    pub(crate) resume: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// The run folder.
    pub(crate) run_dir: PathBuf,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long, value_name = "WHICH")]
    pub(crate) checkpoint: Option<String>,
    #[command(flatten)]
    pub(crate) device: DeviceArgument,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The run folder.
    pub(crate) run_dir: PathBuf,
    /// The new folder, which must not hold a run.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Keep numbers in half precision: half as large, and off by up to 2^-11 of their size.
    #[arg(long)]
    pub(crate) half: bool,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long, value_name = "WHICH")]
    pub(crate) checkpoint: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UnrollArguments {
    /// The run folder.
    pub(crate) run_dir: PathBuf,
    /// The HDF5 file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Test trajectories, films or sequences, the first ones; all, if there are fewer.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) count: usize,
    /// Test trajectories by number, from 0, such as 3,7,11.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', conflicts_with = "count")]
    pub(crate) trajectories: Option<Vec<usize>>,
    /// Frames to predict; by default those of an evaluation, and of films 72. Forecasts may go on where the true frames end. Of
    /// a run that answers sequences, the steps whose states are written; all by default.
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<usize>,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long, value_name = "WHICH")]
    pub(crate) checkpoint: Option<String>,
    #[command(flatten)]
    pub(crate) device: DeviceArgument,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// The model; nwm_2d by default.
    #[arg(value_parser = PossibleValuesParser::new(ModelName::ALL.map(ModelName::as_str)))]
    pub(crate) model: Option<String>,
    /// The data set whose experiment is printed, such as smnist or rotating_mnist; mass_spring by default.
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Settings to begin with: a smoke test of seconds, a reduced experiment of minutes, or that of the paper.
    #[arg(long, value_parser = PossibleValuesParser::new(presets::names()))]
    pub(crate) preset: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// A device that has to be usable: auto, cpu or cuda:0.
    #[arg(long)]
    pub(crate) device: Option<String>,
}
