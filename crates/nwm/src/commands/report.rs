//! `nwm report`.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::atomic::write_atomically;
use nwm_train::{Error, ForecastSamples, SAMPLES_FILE};
use serde_json::json;

use crate::exit::Ending;
use crate::flags::ReportArguments;
use crate::pages;
use crate::terminal::Terminal;

/// Writes the page of some runs.
pub(crate) fn run(arguments: &ReportArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let out = &arguments.out;
    let write = || -> anyhow::Result<()> {
        let samples = arguments
            .run_dirs
            .iter()
            .map(|run_dir| samples_of(run_dir))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let runs: Vec<_> = arguments
            .run_dirs
            .iter()
            .zip(&samples)
            .map(|(run_dir, samples)| (run_dir.as_path(), samples.as_ref()))
            .collect();
        let page = pages::runs_page(&runs)?;
        write_atomically(out, |scratch| {
            std::fs::write(scratch, page).map_err(|source| Error::Io { path: out.clone(), source })
        })?;
        Ok(())
    };
    write().with_context(|| format!("failed to write {}", out.display()))?;
    terminal.result(&json!({"format": 1, "report": out}), &format!("wrote {}", out.display()));
    Ok(Ending::Done)
}

/// The forecasts that `nwm eval` left in a run folder, if it has been there.
pub(crate) fn samples_of(run_dir: &Path) -> anyhow::Result<Option<pages::ForecastSamples>> {
    let path = run_dir.join(SAMPLES_FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let samples = ForecastSamples::read(&path)?;
    let [rows, columns, channels] = samples.shape;
    if channels != 3 {
        // Pictures are RGB; other frames are scored and not shown.
        return Ok(None);
    }
    let trajectories = (0..samples.count).filter_map(|index| samples.trajectory(index));
    let (truth, prediction) =
        trajectories.map(|(truth, prediction)| (truth.to_vec(), prediction.to_vec())).unzip();
    Ok(Some(pages::ForecastSamples {
        frames: samples.frames,
        rows,
        columns,
        first_frame: 1,
        inference_steps: samples.inference_steps,
        truth,
        prediction,
    }))
}
