//! Commands that look into files.

use std::path::PathBuf;

use clap::Args;

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
