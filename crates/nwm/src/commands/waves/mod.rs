//! `nwm waves`.

mod analysis;
mod band;
mod files;
mod map;
mod summary;

use anyhow::Context as _;
use nwm_data::recording::{Recording, RecordingOptions};
use nwm_train::Error;

pub(crate) use self::analysis::Analysis;
use self::analysis::Question;
use self::band::BandChoice;
pub(crate) use self::band::unit as frequency_unit;
use self::files::OutputFolder;
pub(crate) use self::summary::{sentence, short, telling_frame};
use super::examine;
use crate::exit::{Ending, UsageError};
use crate::flags::WavesArguments;
use crate::pages::waves_page;
use crate::terminal::Terminal;

/// Analyses the waves of a recording.
pub(crate) fn run(arguments: &WavesArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let file = arguments.file.display();
    let analysis = analyse(arguments, terminal)
        .with_context(|| format!("failed to analyse the waves of {file}"))?;
    for warning in analysis.warnings() {
        terminal.warning(&warning);
    }
    let text = summary::text(&analysis, &arguments.out);
    terminal.result(&summary::json(&analysis), &text);
    Ok(Ending::Done)
}

fn analyse(arguments: &WavesArguments, terminal: &Terminal) -> anyhow::Result<Analysis> {
    let rate = sampling_rate(arguments)?;
    let surrogates = arguments.surrogates;
    if surrogates < FEWEST_SURROGATES {
        return Err(UsageError(format!(
            "--surrogates {surrogates}: expected at least {FEWEST_SURROGATES}, since with fewer nothing can be significant"
        ))
        .into());
    }
    let band = BandChoice::parse(arguments.band.as_deref())?;
    let mut options = RecordingOptions::default();
    options.dataset.clone_from(&arguments.dataset);
    let axes = arguments.axes.as_deref().map(str::parse).transpose();
    options.axes = axes.map_err(|error: nwm_data::Error| UsageError(format!("--{error}")))?;
    examine::recording(&arguments.file, &options)?;
    let mut recording = Recording::open(&arguments.file, &options)?;
    let band = band.resolve(&mut recording, rate)?;
    let folder = &arguments.out;
    std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.clone(), source })?;
    terminal.message(&format!("band {}", band.describe(rate)));
    let question = Question {
        file: arguments.file.clone(),
        sampling_rate: rate,
        band,
        grid: arguments.grid,
        surrogates,
        seed: arguments.seed,
    };
    let output = OutputFolder::new(folder, !arguments.no_fields);
    let analysis = output.write_steps(&question, &mut recording, terminal)?;
    output.write("summary.json", summary::file(&analysis).as_bytes())?;
    output.write("phase.gif", &analysis.clip.movie()?)?;
    output.write("report.html", waves_page(&analysis)?.as_bytes())?;
    Ok(analysis)
}

/// With fewer surrogates no p-value is 0.05 or less.
const FEWEST_SURROGATES: usize = 19;

fn sampling_rate(arguments: &WavesArguments) -> Result<Option<f64>, UsageError> {
    match arguments.sampling_rate {
        Some(rate) if !(rate > 0.0 && rate.is_finite()) => {
            Err(UsageError(format!("--sampling-rate {rate}: expected a number above 0, in Hz")))
        }
        rate => Ok(rate),
    }
}
