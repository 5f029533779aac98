//! The command line of `cargo xtask reproduce`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use crate::engine::EngineOptions;

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
