//! From a run folder to what its units respond to.

use std::path::Path;

use candle_core::Device;
use nwm_analysis::selectivity::{CohensDOptions, MaximumActivationOptions};
use nwm_analysis::waves::{Grid, Surrogates};
use nwm_data::{Films, Split, TurningDigits, TurningDigitsOptions};
use nwm_models::VariationalModel;

use super::images::{MeasuredImages, maximum_activation, no_images};
use super::map::{MapVerdict, MeasuredMap};
use super::orientation::{StillGratings, orientation_responses};
use super::record::SelectivityRecord;
use crate::config::Config;
use crate::digit_files::{ROTATING_DIGITS, open_digits};
use crate::error::{Error, Result};
use crate::evaluation::CheckpointRecord;
use crate::film_data::{film_rounds, open_films};
use crate::trained_run::{RequestedCheckpoint, TrainedRun};
use crate::wave_probe::grid_of;

/// Films that are shown if nothing else is asked for: as many as there are test digits.
const MOST_FILMS: usize = 10_000;

/// What is measured.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SelectivityRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
    /// Pixels of a period of the still gratings; none stands for `data.wavelength` of a run on gratings and 24 of any other.
    pub wavelength: Option<f64>,
    /// Films among which the images of largest response are sought; none stands for 10 000, or all if there are fewer.
    pub images: Option<usize>,
    /// Whether a response counts by its size alone, whatever its sign.
    pub absolute: bool,
    /// The orders of shuffled sites that smoothness and continuity are compared with.
    pub surrogates: Surrogates,
    /// Where the models run.
    pub device: Device,
}

impl Default for SelectivityRequest {
    fn default() -> Self {
        Self {
            checkpoint: RequestedCheckpoint::default(),
            wavelength: None,
            images: None,
            absolute: false,
            surrogates: Surrogates { count: 199, seed: 0 },
            device: Device::Cpu,
        }
    }
}

/// What the units of a run's model respond to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Selectivity {
    /// Which run was measured, and with what.
    pub record: SelectivityRecord,
    /// Every channel of the sheet.
    pub channels: Vec<ChannelSelectivity>,
}

/// What the units of one channel respond to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChannelSelectivity {
    /// The orientations that units prefer.
    pub trained: MeasuredMap,
    /// The same before the first step of training.
    pub initial: MeasuredMap,
    /// The images that drive each unit most.
    pub images: MeasuredImages,
}

impl ChannelSelectivity {
    /// Whether there is an orientation map by mean responses, the published way.
    pub fn verdict_by_mean(&self) -> MapVerdict {
        MapVerdict::by_mean(&self.trained, &self.initial)
    }

    /// Whether there is one by modulations.
    pub fn verdict_by_modulation(&self) -> MapVerdict {
        MapVerdict::by_modulation(&self.trained, &self.initial)
    }
}

/// Measures the orientation maps of a variational run, trained and as they were before the first step, and the images that
/// drive each trained unit most: last frames of test films of the run's own kind, turning digits from random first angles.
///
/// `progress` is called with the stimuli done and their number.
///
/// # Errors
/// [`Error::OtherTask`] if the run is of another task; [`Error::Request`] if the wavelength is not above 0, or there are not so
/// many films; [`Error::File`] if the run has no intact checkpoint; [`Error::Key`] if the digits are not there.
pub fn selectivity(
    run_directory: &Path,
    request: &SelectivityRequest,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Selectivity> {
    let run = TrainedRun::open(run_directory, request.checkpoint)?.on(&request.device);
    let (config, model) = (run.config(), run.variational_model()?);
    let initial = run.untrained_variational_model(model.frame())?;
    let (films, count) = stimuli(config, request.images)?;
    let mut gratings = StillGratings::default();
    if let Some(wavelength) = request.wavelength.or_else(|| own_wavelength(config)) {
        gratings.wavelength = wavelength;
    }
    let shown = gratings.orientations * gratings.phases;
    let total = 2 * shown + count;
    progress(0, total);
    let grid = grid_of(config.model.cell.topology);
    let surrogates = request.surrogates;
    let maps = |model: &VariationalModel, progress: &mut dyn FnMut(usize)| {
        let responses = orientation_responses(model, &gratings, progress)?;
        let measured = responses.into_iter().map(|it| MeasuredMap::of(it, grid, surrogates));
        measured.collect::<Result<Vec<_>>>()
    };
    let trained = maps(&model, &mut |done| progress(done, total))?;
    let untrained = maps(&initial, &mut |done| progress(shown + done, total))?;
    drop(initial);
    let mut options = MaximumActivationOptions::default();
    options.absolute = request.absolute;
    let found = maximum_activation(&model, films.as_ref(), count, options, &mut |done| {
        progress(2 * shown + done, total);
    })?;
    let (cell, side) = (&config.model.cell, model.frame().rows);
    let channels =
        trained.into_iter().zip(untrained).zip(&found).map(|((trained, initial), found)| {
            let images =
                MeasuredImages::of(found, [cell.rows, cell.columns], side, grid, surrogates)?;
            Ok(ChannelSelectivity { trained, initial, images })
        });
    Ok(Selectivity {
        channels: channels.collect::<Result<_>>()?,
        record: SelectivityRecord {
            model: config.model.name,
            data: config.data.name.clone(),
            preset: run.record.preset.clone(),
            published: run.record.published,
            seed: run.record.seed,
            commit: run.record.commit.clone(),
            checkpoint: CheckpointRecord::of(&run.checkpoint, run.is_configured),
            grid: if grid == Grid::Rings { "rings" } else { "torus" }.into(),
            sheet: [cell.channels, cell.rows, cell.columns],
            side,
            gratings,
            threshold: CohensDOptions::default().threshold,
            images: count,
            film_frames: films.frames(),
            absolute: request.absolute,
            surrogates: surrogates.count,
            surrogate_seed: surrogates.seed,
        },
    })
}

/// The wavelength that a run was trained on, if it was trained on one.
fn own_wavelength(config: &Config) -> Option<f64> {
    (config.data.name == "gratings").then_some(config.data.wavelength)
}

/// Test films of the run's own kind, and how many of them are shown. Digits begin at random angles: with one first angle for
/// all of them no unit could prefer another.
fn stimuli(config: &Config, wanted: Option<usize>) -> Result<(Box<dyn Films>, usize)> {
    let (data, seed) = (&config.data, config.train.seed);
    if data.name != ROTATING_DIGITS {
        let films = open_films(data, Split::Test, data.frames, seed)?;
        let count = wanted.unwrap_or(MOST_FILMS);
        return if count > 0 { Ok((films, count)) } else { Err(no_images()) };
    }
    let digits = open_digits(data, Split::Test)?;
    let count = wanted.unwrap_or(MOST_FILMS.min(digits.len()));
    if !(1..=digits.len()).contains(&count) {
        return Err(Error::Request {
            what: "images",
            found: count.to_string(),
            expected: format!("1 to {}, the test digits that there are", digits.len()),
        });
    }
    let mut options = TurningDigitsOptions::default();
    options.rounds = film_rounds(data.frames)?;
    (options.random_start, options.seed) = (true, seed);
    Ok((Box::new(TurningDigits::new(digits, (0..count).collect(), options)?), count))
}
