//! The command line; its help is the commands' documentation.

mod data;
mod examples;
mod files;
mod pages;
mod runs;
mod waves;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use data::{
    DataCommand, FetchArguments, GenerateArguments, ImportArguments, ShowArguments,
};
pub(crate) use files::{ExamineArguments, InspectArguments};
pub(crate) use pages::{FigureArguments, GalleryArguments, ReportArguments, TableArguments};
pub(crate) use runs::{
    ConfigArguments, DeviceArgument, DoctorArguments, EvalArguments, ExportArguments,
    TrainArguments, UnrollArguments,
};
pub(crate) use waves::{
    GridName, InduceArguments, SelectivityArguments, SimulateArguments, WavesArguments,
};

/// Over the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// With what a report of a problem needs.
const LONG_VERSION: &str = if cfg!(feature = "cuda") {
    concat!(env!("CARGO_PKG_VERSION"), "\ncommit ", env!("NWM_COMMIT"), "\nfeatures cuda")
} else {
    concat!(env!("CARGO_PKG_VERSION"), "\ncommit ", env!("NWM_COMMIT"), "\nfeatures none")
};

/// Train, measure and understand neural wave machines: recurrent networks whose hidden state is a sheet
/// of locally coupled oscillators.
///
/// Exit codes: 0 ok, 1 a result outside its tolerance, 2 usage or configuration, 3 data, 4 device, 5 training failed,
/// 6 file system, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "nwm", version, long_version = LONG_VERSION, propagate_version = true)]
pub(crate) struct Arguments {
    /// Print the result as one line of JSON on standard output.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,

    /// Print nothing but the result, warnings and errors: no progress, no remarks.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,

    /// Without one, what to try first.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an untrained cell and look at its waves: the first thing to try.
    ///
    /// Writes a film (waves.gif), all states (trajectory.h5, which `nwm inspect` verifies and h5py reads) and a page
    /// (report.html) that compares the strongest wave with the cell's dispersion relation.
    #[command(after_long_help = examples::SIMULATE)]
    Simulate(SimulateArguments),
    /// Make and look at data sets.
    #[command(subcommand)]
    Data(DataCommand),
    /// Train one model, in a run folder.
    ///
    /// Safe to start twice (the folder is locked) and safe to kill at any time: `--resume` continues from the newest
    /// intact checkpoint and ends with the same bits as a run that was never interrupted.
    #[command(after_long_help = examples::TRAIN)]
    Train(TrainArguments),
    /// Score a trained run on its test set; writes result.json into its folder.
    #[command(after_long_help = examples::EVAL)]
    Eval(EvalArguments),
    /// Hidden states, inputs and predictions of test sequences, in an HDF5 file for those who analyse waves.
    ///
    /// Sequences are the windows on which the run is evaluated. Arrays and axes are described in docs/formats.md and in the
    /// file's own attribute `metadata`; h5py and MATLAB read it, and `nwm inspect` verifies it.
    #[command(after_long_help = examples::UNROLL)]
    Unroll(UnrollArguments),
    /// Keep one checkpoint of a run in a folder of its own, to hand on.
    ///
    /// The folder holds the parameters, the configuration and the record of what made them, and no optimiser, log or page:
    /// eval, unroll and all that reads a trained model take it like a run, and no training can go on from it.
    #[command(after_long_help = examples::EXPORT)]
    Export(ExportArguments),
    /// Wave analysis of any recording on a grid of sites: is there a wave, of which kind, length, speed and direction.
    ///
    /// Reads NPY, NPZ and HDF5 files (so also MATLAB 7.3 and NWB), of whole or real numbers. What is found is compared with
    /// surrogates, in which sites are shuffled or shifted in time. Writes summary.json, per_step.csv, phase.h5, report.html
    /// and phase.gif into the folder --out; docs/guides/waves.md explains them.
    #[command(after_long_help = examples::WAVES)]
    Waves(WavesArguments),
    /// Move the last state of a variational model along its rings and look at what it decodes to: induced travelling waves.
    ///
    /// The model reads one whole period of each test film, driven by the means of its posteriors. Its last state is then shifted
    /// site by site, without a step of the cell, and every shifted state is decoded. If the waves of the state carry the film,
    /// this runs it backwards; at a speed that is measured by the frames that the decodings match. Errors are compared with those
    /// of states whose sites were shuffled within their rings. Writes summary.json, per_shift.csv, induced.h5, induced.svg,
    /// induced.png, induced.gif, matches.svg, errors.svg and report.html into the folder --out; docs/formats.md explains them.
    #[command(after_long_help = examples::INDUCE)]
    Induce(InduceArguments),
    /// What the units of a variational model respond to: orientation maps, pinwheels, and the images that drive each unit most.
    ///
    /// The model sees still gratings of eight orientations and 18 phases, each for 36 frames. The mean position of a unit is its
    /// response, and Cohen's d says whether an orientation stands out of the others. The same is measured of the model as it was
    /// before training, and smoothness is compared with that of shuffled units. Then the model sees test films of its own kind
    /// (turning digits from random first angles): the last frame of the film after which a unit's position is largest is its
    /// image. Writes summary.json, units.csv, selectivity.h5, orientation_map and orientation_map_initial (.svg and .png),
    /// maximum_activation.png and report.html into the folder --out; docs/formats.md explains them.
    #[command(after_long_help = examples::SELECTIVITY)]
    Selectivity(SelectivityArguments),
    /// One self-contained page of one or more runs: curves, tables, forecasts as movies.
    #[command(after_long_help = examples::REPORT)]
    Report(ReportArguments),
    /// Statistics and pages of many runs.
    ///
    /// PLAN_DIR holds a plan.json; writes table.md, table.csv, table.json and report.html.
    #[command(after_long_help = examples::TABLE)]
    Table(TableArguments),
    /// A figure of the paper: pictures of its runs, and whether they show what the paper shows.
    ///
    /// Collects what `cargo xtask reproduce` made of the runs of a plan: results, and the folders of `nwm selectivity`,
    /// `nwm induce` and `nwm waves`. Writes the pictures with their data, figure.json, figure.md and report.html. Each check says
    /// what was measured, what is expected, what shuffled sites give and what the model gave before training. What is missing
    /// is listed and no error, and a check that does not hold is a result, not a failure.
    #[command(after_long_help = examples::FIGURE)]
    Figure(FigureArguments),
    /// One page that leads to all tables and figures of a folder.
    ///
    /// Writes REPORTS_DIR/index.html: a card with the result of each table and figure in REPORTS_DIR/NAME, and the command that
    /// makes those that are not there.
    #[command(after_long_help = examples::GALLERY)]
    Gallery(GalleryArguments),
    /// Print the configuration to start from: every key with its value and origin.
    #[command(after_long_help = examples::CONFIG)]
    Config(ConfigArguments),
    /// What a file or run folder contains, and whether it is intact.
    #[command(after_long_help = examples::INSPECT)]
    Inspect(InspectArguments),
    /// Look at an HDF5 file that may be harmful, with a limit on memory; other commands run this one.
    #[command(hide = true)]
    Examine(ExamineArguments),
    /// Devices, threads, features: what is here, what is missing, what to do.
    ///
    /// With --device it ends with exit code 4 if that device cannot be used.
    #[command(after_long_help = examples::DOCTOR)]
    Doctor(DoctorArguments),
    /// Print completions for a shell.
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual: a page of roff for each command, which `man -l FILE` shows.
    #[command(after_long_help = examples::MAN)]
    Man {
        /// The folder of the pages, such as ~/.local/share/man/man1, where `man nwm` finds them.
        dir: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
