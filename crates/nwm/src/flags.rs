//! The command line; its help is the commands' documentation.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use nwm_core::Topology;
use nwm_models::simulation::{SimulationDrive, SimulationPreset};

/// Train, measure and understand neural wave machines: recurrent networks whose hidden state is a sheet
/// of locally coupled oscillators.
///
/// Exit codes: 0 ok, 1 a result outside its tolerance, 2 usage or configuration, 3 data, 4 device, 5 training failed,
/// 6 file system, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "nwm", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// Print the result as one line of JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print nothing but the result and errors.
    #[arg(long, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an untrained cell and look at its waves: the first thing to try.
    ///
    /// Writes a film (waves.gif), all states (trajectory.h5, which `nwm inspect` verifies and h5py reads) and a page
    /// (report.html) that compares the strongest wave with the cell's dispersion relation.
    Simulate(SimulateArguments),
    /// Make and look at data sets.
    #[command(subcommand)]
    Data(DataCommand),
    /// Train one model, in a run folder.
    ///
    /// Safe to start twice (the folder is locked) and safe to kill at any time: `--resume` continues from the newest
    /// intact checkpoint and ends with the same bits as a run that was never interrupted.
    Train(TrainArguments),
    /// Score a trained run on its test set; writes result.json into its folder.
    Eval(EvalArguments),
    /// Hidden states, inputs and predictions of test sequences, in an HDF5 file for those who analyse waves.
    ///
    /// Sequences are the windows on which the run is evaluated. Arrays and axes are described in docs/formats.md and in the
    /// file's own attribute `metadata`; h5py and MATLAB read it, and `nwm inspect` verifies it.
    Unroll(UnrollArguments),
    /// Keep one checkpoint of a run in a folder of its own, to hand on.
    ///
    /// The folder holds the parameters, the configuration and the record of what made them, and no optimiser, log or page:
    /// eval, unroll and all that reads a trained model take it like a run, and no training can go on from it.
    Export(ExportArguments),
    /// Wave analysis of any recording on a grid of sites: is there a wave, of which kind, length, speed and direction.
    ///
    /// Reads NPY, NPZ and HDF5 files (so also MATLAB 7.3 and NWB), of whole or real numbers. What is found is compared with
    /// surrogates, in which sites are shuffled or shifted in time. Writes summary.json, per_step.csv, phase.h5, report.html
    /// and phase.gif into the folder --out; docs/guides/waves.md explains them.
    Waves(WavesArguments),
    /// Move the last state of a variational model along its rings and look at what it decodes to: induced travelling waves.
    ///
    /// The model reads one whole period of each test film, driven by the means of its posteriors. Its last state is then shifted
    /// site by site, without a step of the cell, and every shifted state is decoded. If the waves of the state carry the film,
    /// this runs it backwards; at a speed that is measured by the frames that the decodings match. Errors are compared with those
    /// of states whose sites were shuffled within their rings. Writes summary.json, per_shift.csv, induced.h5, induced.svg,
    /// induced.png, induced.gif, matches.svg, errors.svg and report.html into the folder --out; docs/formats.md explains them.
    Induce(InduceArguments),
    /// What the units of a variational model respond to: orientation maps, pinwheels, and the images that drive each unit most.
    ///
    /// The model sees still gratings of eight orientations and 18 phases, each for 36 frames. The mean position of a unit is its
    /// response, and Cohen's d says whether an orientation stands out of the others. The same is measured of the model as it was
    /// before training, and smoothness is compared with that of shuffled units. Then the model sees test films of its own kind
    /// (turning digits from random first angles): the last frame of the film after which a unit's position is largest is its
    /// image. Writes summary.json, units.csv, selectivity.h5, orientation_map and orientation_map_initial (.svg and .png),
    /// maximum_activation.png and report.html into the folder --out; docs/formats.md explains them.
    Selectivity(SelectivityArguments),
    /// One self-contained page of one or more runs: curves, tables, forecasts as movies.
    Report(ReportArguments),
    /// Statistics and pages of many runs.
    ///
    /// PLAN_DIR holds a plan.json; writes table.md, table.csv, table.json and report.html.
    Table(TableArguments),
    /// A figure of the paper: pictures of its runs, and whether they show what the paper shows.
    ///
    /// Collects what `cargo xtask reproduce` made of the runs of a plan: results, and the folders of `nwm selectivity`,
    /// `nwm induce` and `nwm waves`. Writes the pictures with their data, figure.json, figure.md and report.html. Each check says
    /// what was measured, what is expected, what shuffled sites give and what the model gave before training. What is missing
    /// is listed and no error, and a check that does not hold is a result, not a failure.
    Figure(FigureArguments),
    /// One page that leads to all tables and figures of a folder.
    ///
    /// Writes REPORTS_DIR/index.html: a card with the result of each table and figure in REPORTS_DIR/NAME, and the command that
    /// makes those that are not there.
    Gallery(GalleryArguments),
    /// Print the configuration to start from: every key with its value and origin.
    Config(ConfigArguments),
    /// What a file or run folder contains, and whether it is intact.
    Inspect(InspectArguments),
    /// Look at an HDF5 file that may be harmful, with a limit on memory; other commands run this one.
    #[command(hide = true)]
    Examine(ExamineArguments),
    /// Devices, threads, features: what is here, what is missing, what to do.
    Doctor,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// List the data sets.
    List,
    /// Generate a data set: the same bytes on every machine from the same seed.
    Generate(GenerateArguments),
    /// A contact sheet (PNG) and a movie (GIF) of some trajectories, with energy against time (SVG).
    Show(ShowArguments),
    /// Copy the suite's published TFRecord files into one HDF5 file.
    ///
    /// Records say neither which system they are of nor their time step and friction: they are compared with what
    /// --set, --variant and --dt say, and refused if they do not fit.
    Import(ImportArguments),
    /// Get a published data set: mnist.
    ///
    /// Downloads from the first mirror that has the files, goes on where a former download broke off, and compares every
    /// file with its published digest.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetName {
    /// A disturbance that runs away to all sides.
    Pulse,
    /// Waves that travel to the left alone, and grow.
    OneWay,
    /// Two spirals that turn against each other; only on a torus.
    Spiral,
    /// The published initial values, which show no wave.
    Published,
}

impl From<PresetName> for SimulationPreset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Pulse => Self::Pulse,
            PresetName::OneWay => Self::OneWay,
            PresetName::Spiral => Self::Spiral,
            PresetName::Published => Self::Published,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriveName {
    /// Some swings in one place at the beginning.
    Pulse,
    /// Smooth random numbers at all sites, new ones in every step.
    Noise,
    /// No drive: the cell begins with random numbers, or with two spirals.
    None,
}

impl From<DriveName> for SimulationDrive {
    fn from(name: DriveName) -> Self {
        match name {
            DriveName::Pulse => Self::Pulse,
            DriveName::Noise => Self::Noise,
            DriveName::None => Self::None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Which cell.
    #[arg(long, value_enum, default_value_t = PresetName::Pulse)]
    pub(crate) preset: PresetName,
    /// torus:ROWSxCOLUMNS, or rings:RINGSxSITES for rings that know nothing of each other.
    #[arg(long, default_value = "torus:64x64")]
    pub(crate) topology: Topology,
    /// Maps, which know nothing of each other.
    #[arg(long, default_value_t = 1)]
    pub(crate) channels: usize,
    /// Steps.
    #[arg(long, default_value_t = 400)]
    pub(crate) steps: usize,
    /// Seed of what is random: noise, a random start, the places of all pulses but the first.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// What drives the cell; none for spirals, else a pulse by default.
    #[arg(long, value_enum)]
    pub(crate) drive: Option<DriveName>,
    /// Folder for waves.gif, trajectory.h5 and report.html.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// Name of the system, such as mass_spring or pendulum, or a row of Table 1, such as spring.
    pub(crate) name: String,
    /// Which split; splits never share a random number.
    #[arg(long, value_enum)]
    pub(crate) split: SplitName,
    /// Trajectories.
    #[arg(long)]
    pub(crate) count: usize,
    /// Seed.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// The HDF5 file to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Frames of each trajectory.
    #[arg(long, default_value_t = 512)]
    pub(crate) steps: usize,
    /// Time between frames; the system's own by default.
    #[arg(long)]
    pub(crate) dt: Option<f64>,
    /// Store rendered frames beside the states.
    #[arg(long)]
    pub(crate) frames: bool,
    /// Variant of the system: plain (the default), colors or colors_friction.
    #[arg(long)]
    pub(crate) variant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// An HDF5 file that `nwm data generate` or `nwm data import` wrote, or the name of a set that is made as it is used:
    /// mnist, rotating_mnist, gratings, static_gratings or noise.
    pub(crate) file: PathBuf,
    /// Folder for sheet.png, movie.gif and, of a file, energy.svg.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Trajectories or sequences shown, at most 32.
    #[arg(long, default_value_t = 4)]
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
    /// Variant of the system: plain (the default), colors or colors_friction.
    #[arg(long)]
    pub(crate) variant: Option<String>,
    /// Time between frames; by default the one of the suite's, 0.05 and 0.1, by which the records move.
    #[arg(long)]
    pub(crate) dt: Option<f64>,
    /// Which split the records are; the one in the files' names by default, else train.
    #[arg(long, value_enum)]
    pub(crate) split: Option<SplitName>,
    /// Store the pictures beside the states.
    #[arg(long)]
    pub(crate) frames: bool,
    /// The HDF5 file to write.
    #[arg(long)]
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

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// Configuration file (TOML).
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Set one key, such as train.steps=1000; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The run folder.
    #[arg(long)]
    pub(crate) run_dir: PathBuf,
    /// smoke, quick or paper; the configuration file and --set are laid over it.
    #[arg(long)]
    pub(crate) preset: Option<String>,
    /// Seed of initial parameters and of the order of the data; the same as --set train.seed=S.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// auto, cpu or cuda:0.
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
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
    #[arg(long)]
    pub(crate) checkpoint: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The run folder.
    pub(crate) run_dir: PathBuf,
    /// The new folder, which must not hold a run.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Keep numbers in half precision: half as large, and off by up to 2^-11 of their size.
    #[arg(long)]
    pub(crate) half: bool,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long)]
    pub(crate) checkpoint: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UnrollArguments {
    /// The run folder.
    pub(crate) run_dir: PathBuf,
    /// The HDF5 file to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Test trajectories, films or sequences, the first ones; all, if there are fewer.
    #[arg(long, default_value_t = 8)]
    pub(crate) count: usize,
    /// Test trajectories by number, from 0, such as 3,7,11.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', conflicts_with = "count")]
    pub(crate) trajectories: Option<Vec<usize>>,
    /// Frames to predict; by default those of an evaluation, and of films 72. Forecasts may go on where the true frames end. Of
    /// a run that answers sequences, the steps whose states are written; all by default.
    #[arg(long)]
    pub(crate) steps: Option<usize>,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long)]
    pub(crate) checkpoint: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct WavesArguments {
    /// The recording: an NPY, NPZ or HDF5 file.
    pub(crate) file: PathBuf,
    /// The array in an NPZ or HDF5 file, such as /acquisition/lfp; the only one that can be a recording by default.
    #[arg(long, value_name = "PATH")]
    pub(crate) dataset: Option<String>,
    /// What the axes of the array are, in its order: trial, time, row and column between commas. By default
    /// trial,time,row,column, of three axes time,row,column, of two time,column. An array that MATLAB saved has its axes
    /// reversed.
    #[arg(long, value_name = "NAMES")]
    pub(crate) axes: Option<String>,
    /// Samples per second; frequencies are in Hz then, in cycles per step without it.
    #[arg(long, value_name = "HZ")]
    pub(crate) sampling_rate: Option<f64>,
    /// The band that is looked at: its edges in Hz (with --sampling-rate) or cycles per step, or paper (0.1 to 0.2 cycles
    /// per step) or fundamental (0.025 to 0.1); by default an octave either side of the spectral peak.
    #[arg(long, num_args = 1..=2, value_names = ["LOW", "HIGH"])]
    pub(crate) band: Option<Vec<String>>,
    /// Which sites are neighbours: nothing wraps (open), both axes do (torus), or rows are circles of their own (rings).
    #[arg(long, value_enum, default_value_t = GridName::Open)]
    pub(crate) grid: GridName,
    /// Recordings without waves to compare with.
    #[arg(long, default_value_t = 39)]
    pub(crate) surrogates: usize,
    /// Seed of the surrogates.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Do not write phase.h5, which has five numbers for each one of the recording.
    #[arg(long)]
    pub(crate) no_fields: bool,
    /// Folder for what is found.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InduceArguments {
    /// The run folder of a variational model on rings or a torus, trained on rotating_mnist or gratings.
    pub(crate) run_dir: PathBuf,
    /// Folder for what is found.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Sites that each step moves activity by, toward larger indices; negative numbers move it the other way, fractions are
    /// interpolated.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) velocity: f64,
    /// Steps; the state is decoded unmoved, too.
    #[arg(long, default_value_t = 18)]
    pub(crate) steps: usize,
    /// Test films that are measured, the first ones; all, if there are fewer. With fewer than 20 nothing is compared with the
    /// control.
    #[arg(long, default_value_t = 64)]
    pub(crate) count: usize,
    /// Where activity moves: along columns or, on a torus, along rows.
    #[arg(long, value_enum, default_value_t = AlongName::Columns)]
    pub(crate) along: AlongName,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long)]
    pub(crate) checkpoint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlongName {
    /// To larger columns: along rings.
    Columns,
    /// To larger rows.
    Rows,
}

impl From<AlongName> for nwm_analysis::induced::ShiftAxis {
    fn from(name: AlongName) -> Self {
        match name {
            AlongName::Columns => Self::Column,
            AlongName::Rows => Self::Row,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GridName {
    Open,
    Torus,
    Rings,
}

impl GridName {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Torus => "torus",
            Self::Rings => "rings",
        }
    }
}

impl From<GridName> for nwm_analysis::waves::Grid {
    fn from(name: GridName) -> Self {
        match name {
            GridName::Open => Self::Open,
            GridName::Torus => Self::Torus,
            GridName::Rings => Self::Rings,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SelectivityArguments {
    /// The run folder of a variational model, trained on rotating_mnist, gratings or noise.
    pub(crate) run_dir: PathBuf,
    /// Folder for what is found.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long)]
    pub(crate) checkpoint: Option<String>,
    /// Pixels of a period of the still gratings; by default data.wavelength of a run on gratings, and 24 of any other.
    #[arg(long, value_name = "PX", allow_negative_numbers = true)]
    pub(crate) wavelength: Option<f64>,
    /// Films among which the image of largest response is sought; 10000 by default, or all test digits if there are fewer.
    #[arg(long, value_name = "N")]
    pub(crate) images: Option<usize>,
    /// Let a large negative position count like a large positive one.
    #[arg(long)]
    pub(crate) absolute: bool,
    /// Seed of the shuffled units.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Run folders.
    #[arg(required = true)]
    pub(crate) run_dirs: Vec<PathBuf>,
    /// The file to write: .html for the page, .gif for the movie of one run's first forecast.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// Folder with a plan.json.
    pub(crate) plan_dir: PathBuf,
    /// Folder for the table's files.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct FigureArguments {
    /// The plan, such as runs/figures-quick/plans/fig4.json.
    pub(crate) plan: PathBuf,
    /// Folder for the figure's files.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct GalleryArguments {
    /// Folder with a folder for each table and figure.
    pub(crate) reports_dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// ar, hgn, ode_tr, rgn, cornn, nwm_2d (the default) or nwm_1d.
    pub(crate) model: Option<String>,
    /// The data set whose experiment is printed, such as smnist or rotating_mnist; mass_spring by default.
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// smoke, quick or paper.
    #[arg(long)]
    pub(crate) preset: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// An .h5, .safetensors or .json file, metrics.csv, a checkpoint folder or a run folder.
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExamineArguments {
    /// The file.
    pub(crate) file: PathBuf,
    /// The array in it.
    #[arg(long)]
    pub(crate) dataset: Option<String>,
    /// Whether it is a recording of waves, not of frames.
    #[arg(long)]
    pub(crate) recording: bool,
    /// The axes of the recording.
    #[arg(long)]
    pub(crate) axes: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
