//! Forecasts as pictures: true, predicted and difference beside each other.

use anyhow::{Context, Result, ensure};
use nwm_analysis::figures::{
    MovieOptions, RgbFrame, SheetOptions, animated_gif, contact_sheet, png,
};

/// Columns or rows of pixels between the pictures of one frame.
const GAP: usize = 1;
const GAP_COLOUR: [u8; 3] = [255; 3];
/// The bar under a movie shows how far it is: grey while the model sees the truth.
const BAR_EMPTY: [u8; 3] = [222; 3];
const BAR_SEEN: [u8; 3] = [120; 3];
const BAR_FORECAST: [u8; 3] = [213, 94, 0];

/// True and predicted frames of a few test trajectories.
#[derive(Debug, Clone)]
pub(crate) struct ForecastSamples {
    /// Frames per trajectory.
    pub(crate) frames: usize,
    /// Rows of pixels; row 0 is the smallest y.
    pub(crate) rows: usize,
    /// Columns of pixels.
    pub(crate) columns: usize,
    /// Index, in its window, of the first frame given.
    pub(crate) first_frame: usize,
    /// Frames the model saw: frame `inference_steps` is the first one forecast.
    pub(crate) inference_steps: usize,
    /// Per trajectory, `[frame, row, column, channel]` RGB bytes.
    pub(crate) truth: Vec<Vec<u8>>,
    /// The predictions, in the same order and shape.
    pub(crate) prediction: Vec<Vec<u8>>,
    /// Hidden positions of a model of oscillators.
    pub(crate) states: Option<Sheets>,
}

/// Hidden positions of every frame: those from which the prediction of the same frame was decoded.
#[derive(Debug, Clone)]
pub(crate) struct Sheets {
    /// Rows of the sheet, or rings.
    pub(crate) rows: usize,
    /// Columns of the sheet, or sites of a ring.
    pub(crate) columns: usize,
    /// Per trajectory, `[frame, row, column]`.
    pub(crate) values: Vec<Vec<f32>>,
}

impl ForecastSamples {
    /// Number of trajectories, once the shapes of all of them are checked.
    pub(super) fn trajectories(&self) -> Result<usize> {
        ensure!(
            self.truth.len() == self.prediction.len(),
            "show forecasts: found {} predictions, expected {} like the true trajectories",
            self.prediction.len(),
            self.truth.len()
        );
        let shape = [self.frames, self.rows, self.columns, 3];
        let expected: usize = shape.iter().product();
        ensure!(expected > 0, "show forecasts: found shape {shape:?}, expected no zero");
        for bytes in self.truth.iter().chain(&self.prediction) {
            ensure!(
                bytes.len() == expected,
                "show forecasts: found {} bytes, expected [frame, row, column, channel] = {shape:?}",
                bytes.len()
            );
        }
        if let Some(sheets) = &self.states {
            ensure!(
                sheets.values.len() == self.truth.len(),
                "show hidden positions: found those of {} trajectories, expected {}",
                sheets.values.len(),
                self.truth.len()
            );
            let shape = [self.frames, sheets.rows, sheets.columns];
            let expected: usize = shape.iter().product();
            for values in &sheets.values {
                ensure!(
                    expected > 0 && values.len() == expected,
                    "show hidden positions: found {} values, expected [frame, row, column] = {shape:?}",
                    values.len()
                );
            }
        }
        Ok(self.truth.len())
    }

    /// Place of the frame `step` frames after the first one forecast, if the movie has it.
    pub(super) fn place_of_step(&self, step: usize) -> Option<usize> {
        (self.inference_steps + step)
            .checked_sub(self.first_frame)
            .filter(|place| *place < self.frames)
    }

    /// One picture of a movie of this shape, with the smallest y at the bottom.
    pub(super) fn picture(&self, movie: &[u8], place: usize) -> Result<RgbFrame> {
        let size = self.rows * self.columns * 3;
        let bytes = movie.get(place * size..).and_then(|rest| rest.get(..size));
        let bytes = bytes.with_context(|| format!("show forecasts: found no frame {place}"))?;
        Ok(RgbFrame::new(self.rows, self.columns, bytes.to_vec())?.flipped_rows())
    }

    /// All pictures of a movie of this shape under each other, as PNG: below each other equal
    /// pixels of successive frames are close together in the file, which keeps it small.
    pub(super) fn film(&self, movie: &[u8]) -> Result<Vec<u8>> {
        let pictures =
            (0..self.frames).map(|place| self.picture(movie, place)).collect::<Result<Vec<_>>>()?;
        Ok(png(&RgbFrame::stacked(&pictures.iter().collect::<Vec<_>>(), 0, GAP_COLOUR)?)?)
    }

    /// A movie of every `stride`-th frame of one trajectory, its playing time unchanged.
    pub(crate) fn movie(
        &self,
        trajectory: usize,
        stride: u16,
        magnification: usize,
    ) -> Result<Vec<u8>> {
        let trajectories = self.trajectories()?;
        ensure!(
            trajectory < trajectories,
            "show forecasts: found {trajectories} trajectories, expected more than {trajectory}; \
             raise report.samples and run nwm eval again"
        );
        let frames = (0..self.frames)
            .step_by(usize::from(stride.max(1)))
            .map(|time| {
                let pictures = self.pictures(trajectory, time)?;
                let row = RgbFrame::side_by_side(&pictures.each_ref(), GAP, GAP_COLOUR)?;
                let bar = self.progress_bar(time, row.columns())?;
                Ok(RgbFrame::stacked(&[&row, &bar], GAP, GAP_COLOUR)?)
            })
            .collect::<Result<Vec<_>>>()?;
        let options = MovieOptions::default()
            .with_magnification(magnification)
            .with_delay_hundredths(stride.saturating_mul(8));
        Ok(animated_gif(&frames, options)?)
    }

    /// Indices of about `count` frames that cover the forecast evenly, first and last included.
    pub(super) fn selected(&self, count: usize) -> Vec<usize> {
        let last = self.frames - 1;
        let steps = count.saturating_sub(1).clamp(1, last.max(1));
        let mut selected: Vec<usize> = (0..=steps).map(|step| step * last / steps).collect();
        selected.dedup();
        selected
    }

    /// A sheet of selected frames: true above predicted above difference.
    pub(super) fn strip(&self, trajectory: usize, selected: &[usize]) -> Result<Vec<u8>> {
        let columns = selected
            .iter()
            .map(|time| self.pictures(trajectory, *time))
            .collect::<Result<Vec<_>>>()?;
        let frames: Vec<RgbFrame> = (0..3)
            .flat_map(|kind| columns.iter().map(move |column| column[kind].clone()))
            .collect();
        let options = SheetOptions::default().with_columns(selected.len());
        Ok(contact_sheet(&frames, options)?)
    }

    /// True, predicted and difference, with the smallest y at the bottom.
    fn pictures(&self, trajectory: usize, time: usize) -> Result<[RgbFrame; 3]> {
        let truth = self.picture(&self.truth[trajectory], time)?;
        let prediction = self.picture(&self.prediction[trajectory], time)?;
        let difference = truth.difference(&prediction)?;
        Ok([truth, prediction, difference])
    }

    /// A row of pixels, filled as far as the movie has come.
    fn progress_bar(&self, time: usize, columns: usize) -> Result<RgbFrame> {
        let filled = (time + 1) * columns / self.frames;
        let seen = self.inference_steps.saturating_sub(self.first_frame) * columns / self.frames;
        let bytes = (0..columns)
            .flat_map(|column| match column {
                column if column >= filled => BAR_EMPTY,
                column if column < seen => BAR_SEEN,
                _ => BAR_FORECAST,
            })
            .collect();
        Ok(RgbFrame::new(1, columns, bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures::tiny_samples;

    #[test]
    fn pictures_are_turned_upright() {
        let [truth, prediction, difference] = tiny_samples(4).pictures(0, 2).unwrap();
        assert_eq!(truth.pixel(1, 0), Some([112, 80, 80]));
        assert_eq!(prediction.pixel(1, 0), Some([102, 80, 80]));
        assert_eq!(difference.pixel(1, 0), Some([10, 0, 0]));
        assert_eq!(difference.pixel(0, 0), Some([0; 3]));
    }

    #[test]
    fn the_bar_turns_where_the_forecast_begins() {
        // Frames 1 to 4 are shown; frames 0, 1 and 2 were seen.
        let bar = tiny_samples(4).progress_bar(2, 8).unwrap();
        let expected = [BAR_SEEN, BAR_SEEN, BAR_SEEN, BAR_SEEN, BAR_FORECAST, BAR_FORECAST];
        for (column, colour) in expected.into_iter().chain([BAR_EMPTY; 2]).enumerate() {
            assert_eq!(bar.pixel(0, column), Some(colour), "column {column}");
        }
    }

    #[test]
    fn selections_cover_the_whole_forecast() {
        assert_eq!(tiny_samples(10).selected(4), [0, 3, 6, 9]);
        assert_eq!(tiny_samples(3).selected(10), [0, 1, 2]);
        assert_eq!(tiny_samples(1).selected(10), [0]);
    }

    #[test]
    fn shapes_are_checked() {
        assert_eq!(tiny_samples(4).trajectories().unwrap(), 1);
        let mut samples = tiny_samples(4);
        samples.prediction[0].pop();
        let error = samples.trajectories().unwrap_err();
        assert!(error.to_string().contains("found 47 bytes"), "{error}");
        samples.prediction.clear();
        assert!(samples.trajectories().is_err());
    }

    #[test]
    fn shapes_of_hidden_positions_are_checked() {
        let mut samples = tiny_samples(4);
        let sheets = Sheets { rows: 2, columns: 3, values: vec![vec![0.5; 24]] };
        samples.states = Some(sheets.clone());
        assert_eq!(samples.trajectories().unwrap(), 1);
        samples.states = Some(Sheets { columns: 2, ..sheets.clone() });
        let error = samples.trajectories().unwrap_err();
        assert!(error.to_string().contains("found 24 values"), "{error}");
        samples.states = Some(Sheets { values: Vec::new(), ..sheets });
        let error = samples.trajectories().unwrap_err();
        assert!(error.to_string().contains("those of 0 trajectories, expected 1"), "{error}");
    }

    #[test]
    fn steps_count_from_the_first_frame_forecast() {
        // Frames 1 to 6 are there, frames 0, 1 and 2 were seen: frame 3 is step 0.
        let samples = tiny_samples(6);
        let places = [0, 1, 3, 4].map(|step| samples.place_of_step(step));
        assert_eq!(places, [Some(2), Some(3), Some(5), None]);
    }

    #[test]
    fn a_film_holds_every_picture_upright() {
        let samples = tiny_samples(3);
        let film = samples.film(&samples.truth[0]).unwrap();
        assert!(film.starts_with(b"\x89PNG"));
        assert_eq!(film[16..24], [0, 0, 0, 2, 0, 0, 0, 6], "2 wide, 3 pictures of 2 rows");
        assert!(samples.film(&[0; 5]).is_err());
    }

    #[test]
    fn a_movie_of_a_trajectory_that_is_not_there_is_refused() {
        assert!(tiny_samples(4).movie(0, 1, 1).is_ok());
        let error = tiny_samples(4).movie(1, 1, 1).unwrap_err();
        assert!(error.to_string().contains("found 1 trajectories"), "{error}");
    }
}
