//! What a model predicts of a film and the hidden positions behind it, with the phases of these.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use nwm_analysis::figures::{ColourMap, RgbFrame, SignedLevels, phase_map, signed_level_colours};
use nwm_analysis::signal::{PhaseEstimator, PhaseOptions};
use nwm_analysis::waves::{Grid, VectorField, phase_gradient, smoothed};
use nwm_data::arrays::{ArrayRecord, ArraysFile};
use nwm_train::UntrainedFilm;

/// Sites over which signals are smoothed before their gradient is taken, as `nwm waves` does.
const SMOOTHING: f64 = 1.0;

/// Predictions and positions of the first sequence of a model.
pub(super) struct HiddenFilm {
    /// Predictions; 0 of *step* is about the first of `numbers`.
    steps: usize,
    /// The frame that each prediction is about.
    pub(super) numbers: Vec<usize>,
    /// Rows, columns and channels of a frame.
    frame: [usize; 3],
    /// `[step, row, column, channel]`, 0 to 1.
    predictions: Vec<f32>,
    /// Rows and columns of the sheet.
    sheet: [usize; 2],
    /// `[step, row, column]`.
    positions: Vec<f32>,
}

/// Its phases in a band, and where waves go.
pub(super) struct HiddenPhases {
    /// `[step, row, column]`, radians.
    phases: Vec<f32>,
    /// Minus the phase gradient, radians per site.
    pub(super) velocity: VectorField<f32>,
}

impl HiddenFilm {
    /// The first sequence of a file that `nwm unroll` wrote; `None` if the file is not there or holds no sheet.
    ///
    /// # Errors
    ///
    /// When the file is damaged.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        if !path.is_file() {
            return Ok(None);
        }
        Self::of_file(path).with_context(|| format!("read {}", path.display()))
    }

    fn of_file(path: &Path) -> Result<Option<Self>> {
        let file = ArraysFile::open(path)?;
        let shape = |name: &str| file.arrays().get(name).map(|it: &ArrayRecord| it.shape.clone());
        // Variational machines have recordings, forecasters whole states of which field 0 is the position.
        let (name, sheet) = match (shape("position").as_deref(), shape("states").as_deref()) {
            (Some(&[_, _, rows, columns]), _) => ("position", [rows, columns]),
            (_, Some(&[_, _, _, _, rows, columns])) => ("states", [rows, columns]),
            _ => return Ok(None),
        };
        let Some(&[_, steps, rows, columns, channels]) = shape("predictions").as_deref() else {
            return Ok(None);
        };
        let sites = sheet[0] * sheet[1];
        let values = file.read::<f32>(name)?;
        let stride = match shape("states").as_deref() {
            Some(&[_, _, fields, maps, _, _]) if name == "states" => fields * maps * sites,
            _ => sites,
        };
        let first = values.chunks_exact(stride).take(steps);
        let positions: Vec<f32> = first.flat_map(|step| step[..sites].to_vec()).collect();
        let mut predictions = file.read::<f32>("predictions")?;
        predictions.truncate(steps * rows * columns * channels);
        let numbers = file.read::<u32>("frame_index")?.into_iter().map(|it| it as usize).collect();
        Self { steps, numbers, frame: [rows, columns, channels], predictions, sheet, positions }
            .checked()
            .map(Some)
    }

    /// The same of a model that was never trained.
    ///
    /// # Errors
    ///
    /// When its parts do not have their shapes.
    pub(super) fn untrained(film: UntrainedFilm) -> Result<Self> {
        let UntrainedFilm { steps, frame, sheet, predictions, positions, .. } = film;
        Self { steps, numbers: (1..=steps).collect(), frame, predictions, sheet, positions }
            .checked()
    }

    fn checked(self) -> Result<Self> {
        let found = [self.numbers.len(), self.predictions.len(), self.positions.len()];
        let steps = self.steps;
        let expected = [
            steps,
            steps * self.frame.iter().product::<usize>(),
            steps * self.sheet.iter().product::<usize>(),
        ];
        ensure!(
            found == expected && steps > 0,
            "found {found:?} frame numbers, values of predictions and positions, expected {expected:?}, none of them 0"
        );
        Ok(self)
    }

    /// Predictions.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Pictures of predictions: one channel in grey, three as colours, whose row 0 is at the bottom.
    pub(super) fn predictions(&self, steps: std::ops::Range<usize>) -> Result<Vec<RgbFrame>> {
        let [rows, columns, channels] = self.frame;
        let byte = |value: &f32| (255.0 * value.clamp(0.0, 1.0)).round() as u8;
        let of_step = |step: usize| {
            let size = rows * columns * channels;
            let values = &self.predictions[step * size..][..size];
            let frame = |bytes| RgbFrame::new(rows, columns, bytes);
            Ok(match channels {
                3 => frame(values.iter().map(byte).collect())?.flipped_rows(),
                _ => {
                    let first = values.iter().step_by(channels.max(1));
                    frame(first.flat_map(|value| [byte(value); 3]).collect())?
                }
            })
        };
        steps.map(of_step).collect()
    }

    /// Pictures of positions: blue below zero, red above, of one scale for all of these.
    pub(super) fn positions(&self, steps: std::ops::Range<usize>) -> Result<Vec<RgbFrame>> {
        let [rows, columns] = self.sheet;
        let sites = rows * columns;
        let levels = SignedLevels::of(&self.positions[steps.start * sites..steps.end * sites]);
        let colours = signed_level_colours();
        let picture = |levels: &[u8]| {
            let pixels = levels.iter().flat_map(|&level| colours[usize::from(level)]).collect();
            Ok(RgbFrame::new(rows, columns, pixels)?)
        };
        levels.bytes.chunks_exact(sites).map(picture).collect()
    }

    /// The phases in a band, cycles per frame.
    ///
    /// # Errors
    ///
    /// When the band is none, or there are too few steps for its filter.
    pub(super) fn phases(&self, band: [f64; 2], grid: Grid) -> Result<HiddenPhases> {
        let [rows, columns] = self.sheet;
        let shape = [self.steps, rows, columns];
        let samples: Vec<f64> = self.positions.iter().copied().map(f64::from).collect();
        let estimator = PhaseEstimator::new(PhaseOptions::of_band(band))?;
        let found = estimator.phases(&samples, self.steps, 0..self.steps)?;
        let smooth = smoothed(&found.signals, shape, grid, SMOOTHING)?;
        let angles: Vec<f32> = smooth.iter().map(|signal| signal.arg()).collect();
        Ok(HiddenPhases {
            phases: found.signals.iter().map(|signal| signal.arg()).collect(),
            velocity: phase_gradient(&angles, shape, grid)?.negated(),
        })
    }
}

impl HiddenPhases {
    /// A picture of the phases of a step.
    pub(super) fn picture(&self, step: usize) -> Result<RgbFrame> {
        let [_, rows, columns] = self.velocity.shape;
        let sites = rows * columns;
        Ok(phase_map(&self.phases[step * sites..][..sites], [rows, columns])?)
    }

    /// A picture of where waves go at a step, by the colours of the circle: to the right as phase 0, down a quarter later.
    pub(super) fn directions(&self, step: usize) -> Result<RgbFrame> {
        let [_, rows, columns] = self.velocity.shape;
        let here = step * rows * columns..(step + 1) * rows * columns;
        let vectors = self.velocity.row[here.clone()].iter().zip(&self.velocity.column[here]);
        let colour = |(&down, &right): (&f32, &f32)| {
            let angle = f64::from(down).atan2(f64::from(right));
            ColourMap::Cyclic.colour(angle / std::f64::consts::TAU)
        };
        Ok(RgbFrame::new(rows, columns, vectors.flat_map(colour).collect())?)
    }
}
