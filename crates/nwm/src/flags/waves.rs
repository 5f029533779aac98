//! Commands that make, find and measure waves.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nwm_core::Topology;
use nwm_models::simulation::{SimulationDrive, SimulationPreset};

use super::runs::DeviceArgument;

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
    /// The cell: kernels and scalars in which waves are known to live, or not.
    #[arg(long, value_enum, default_value_t = PresetName::Pulse)]
    pub(crate) preset: PresetName,
    /// torus:ROWSxCOLUMNS, or rings:RINGSxSITES for rings that know nothing of each other.
    #[arg(long, default_value = "torus:64x64")]
    pub(crate) topology: Topology,
    /// Maps, which know nothing of each other.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) channels: usize,
    /// How many steps.
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) steps: usize,
    /// Seed of what is random: noise, a random start, the places of all pulses but the first.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// What drives the cell; none for spirals, else a pulse by default.
    #[arg(long, value_enum)]
    pub(crate) drive: Option<DriveName>,
    /// Folder for waves.gif, trajectory.h5 and report.html.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
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
    #[arg(long, value_name = "N", default_value_t = 39)]
    pub(crate) surrogates: usize,
    /// Seed of the surrogates.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Do not write phase.h5, which has five numbers for each one of the recording.
    #[arg(long)]
    pub(crate) no_fields: bool,
    /// Folder for what is found.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InduceArguments {
    /// The run folder of a variational model on rings or a torus, trained on rotating_mnist or gratings.
    pub(crate) run_dir: PathBuf,
    /// Folder for what is found.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Sites that each step moves activity by, toward larger indices; negative numbers move it the other way, fractions are
    /// interpolated.
    #[arg(long, value_name = "SITES", default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) velocity: f64,
    /// Steps; the state is decoded unmoved, too.
    #[arg(long, value_name = "N", default_value_t = 18)]
    pub(crate) steps: usize,
    /// Test films that are measured, the first ones; all, if there are fewer. With fewer than 20 nothing is compared with the
    /// control.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) count: usize,
    /// Where activity moves: along columns or, on a torus, along rows.
    #[arg(long, value_enum, default_value_t = AlongName::Columns)]
    pub(crate) along: AlongName,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long, value_name = "WHICH")]
    pub(crate) checkpoint: Option<String>,
    #[command(flatten)]
    pub(crate) device: DeviceArgument,
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
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// best (the least validation error), last, or the step of a checkpoint; what the run's own eval.checkpoint says by
    /// default.
    #[arg(long, value_name = "WHICH")]
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
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) device: DeviceArgument,
}
