//! plans/FIGURE.json: which runs and products a figure is drawn of. `nwm figure` reads it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

/// Version of the file format.
pub(super) const FORMAT: u32 = 1;

/// The content of the file; field by field in docs/formats.md.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FigurePlan {
    pub(super) format: u32,
    pub(super) figure: String,
    pub(super) title: String,
    pub(super) preset: String,
    pub(super) reduced: bool,
    pub(super) note: String,
    pub(super) commit: String,
    pub(super) runs: Vec<PlannedFigureRun>,
}

/// One run of a figure. Paths are relative to the folder above the plan's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PlannedFigureRun {
    pub(super) name: String,
    pub(super) data: String,
    pub(super) model: String,
    pub(super) seed: u64,
    pub(super) run_dir: String,
    /// The folder of each product by its name.
    pub(super) products: BTreeMap<String, String>,
}

impl FigurePlan {
    /// The text of the file.
    pub(super) fn to_json(&self) -> Result<String> {
        let text =
            serde_json::to_string_pretty(self).context("failed to write the plan as JSON")?;
        Ok(text + "\n")
    }
}
