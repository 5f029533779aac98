//! `nwm report`.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::atomic::write_atomically;
use nwm_train::{Error, ForecastSamples, SAMPLES_FILE};
use serde_json::json;

use crate::exit::{Ending, UsageError};
use crate::flags::ReportArguments;
use crate::pages;
use crate::terminal::Terminal;

/// Pixels of a movie for one of the data.
const MOVIE_MAGNIFICATION: usize = 3;

/// Writes the page of some runs, or the movie of one.
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
        let content = match out.extension().is_some_and(|extension| extension == "gif") {
            true => movie(&runs)?,
            false => pages::runs_page(&runs)?.into_bytes(),
        };
        write_atomically(out, |scratch| {
            std::fs::write(scratch, content)
                .map_err(|source| Error::Io { path: out.clone(), source })
        })?;
        Ok(())
    };
    write().with_context(|| format!("failed to write {}", out.display()))?;
    terminal.result(&json!({"format": 1, "report": out}), &format!("wrote {}", out.display()));
    Ok(Ending::Done)
}

/// The first forecast of one run: true, predicted and their difference.
fn movie(runs: &[(&Path, Option<&pages::ForecastSamples>)]) -> anyhow::Result<Vec<u8>> {
    match runs {
        [(_, Some(samples))] => samples.movie(0, 1, MOVIE_MAGNIFICATION),
        [(run_dir, None)] => Err(UsageError(format!(
            "{}: found no forecasts, expected {SAMPLES_FILE}; run nwm eval first",
            run_dir.display()
        ))
        .into()),
        _ => Err(UsageError(format!("a .gif shows one run: found {}", runs.len())).into()),
    }
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
    let states = samples.states.as_ref().map(|sheets| pages::Sheets {
        rows: sheets.rows,
        columns: sheets.columns,
        values: (0..samples.count)
            .filter_map(|index| samples.sheet(index).map(<[f32]>::to_vec))
            .collect(),
    });
    Ok(Some(pages::ForecastSamples {
        frames: samples.frames,
        rows,
        columns,
        first_frame: samples.first_frame,
        inference_steps: samples.inference_steps,
        truth,
        prediction,
        states,
    }))
}
