//! Commands that draw pages.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Run folders.
    #[arg(required = true)]
    pub(crate) run_dirs: Vec<PathBuf>,
    /// The file to write: .html for the page, .gif for the movie of one run's first forecast.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// Folder with a plan.json.
    pub(crate) plan_dir: PathBuf,
    /// Folder for the table's files.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct FigureArguments {
    /// The plan, such as runs/figures-quick/plans/fig4.json.
    pub(crate) plan: PathBuf,
    /// Folder for the figure's files.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct GalleryArguments {
    /// Folder with a folder for each table and figure.
    pub(crate) reports_dir: PathBuf,
}
