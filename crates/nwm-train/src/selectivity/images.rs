//! The images that drive each unit most.

use nwm_analysis::selectivity::{
    MaximumActivation, MaximumActivationOptions, RankedStimulus, image_continuity,
};
use nwm_analysis::waves::{Grid, Significance, Surrogates};
use nwm_data::Films;
use nwm_models::VariationalModel;

use super::orientation::square_side;
use crate::error::{Error, Result};
use crate::film_data::film_frames;

/// So many films go through the model together.
const FILMS_TOGETHER: usize = 32;

/// For each channel of a model's sheet and each of its units, the last frames of the films that drive it most: what counts is
/// the position after the last step, while the means of the posteriors drive the sheet. The first `count` films are shown, in
/// portions, so that their number has no influence on the memory that is needed. `progress` is called with the number of
/// films done.
///
/// # Errors
/// [`Error::Request`] if no film is asked for, or the model does not read square grey frames; [`Error::Data`] if there are no
/// such films; [`Error::Model`] if they do not fit the model.
pub fn maximum_activation(
    model: &VariationalModel,
    films: &dyn Films,
    count: usize,
    options: MaximumActivationOptions,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<MaximumActivation<f32>>> {
    let side = square_side(model)?;
    if count == 0 {
        return Err(no_images());
    }
    let cell = &model.config().cell;
    let (sites, units) = (cell.rows * cell.columns, cell.units());
    let new = |_| MaximumActivation::new(sites, side * side, options);
    let mut channels = (0..cell.channels).map(new).collect::<std::result::Result<Vec<_>, _>>()?;
    for first in (0..count).step_by(FILMS_TOGETHER) {
        let next = count.min(first + FILMS_TOGETHER);
        let batch = films.slice(first as u64..next as u64)?;
        let pixels = (next - first) * batch.shape[2] * batch.shape[3];
        let last_frames = batch.frames[batch.frames.len().saturating_sub(pixels)..].to_vec();
        let positions = model.positions(&film_frames(batch, model.device())?, None)?;
        let last: Vec<f32> = positions.get(positions.dim(0)? - 1)?.flatten_all()?.to_vec1()?;
        for (channel, found) in channels.iter_mut().enumerate() {
            let of_channel = last.chunks_exact(units);
            let responses: Vec<f32> =
                of_channel.flat_map(|units| &units[channel * sites..][..sites]).copied().collect();
            found.add(&responses, &last_frames)?;
        }
        progress(next);
    }
    Ok(channels)
}

/// The error of a search among none.
pub(super) fn no_images() -> Error {
    Error::Request { what: "images", found: "0".into(), expected: "at least 1".into() }
}

/// The images of one channel, with what is measured of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MeasuredImages {
    /// Rows and columns of an image.
    pub side: usize,
    /// `[row, column, pixel row, pixel column]`; NaN where no film ranks.
    pub images: Vec<f32>,
    /// The film that drives each unit most, `[row, column]`: its number and the position of the unit.
    pub best: Vec<Option<RankedStimulus>>,
    /// The mean correlation of the images of next neighbours, beside shuffled sites.
    pub continuity: Significance,
}

impl MeasuredImages {
    /// Measures the images of a channel whose sheet has `[rows, columns]` sites.
    ///
    /// # Errors
    /// [`Error::Analysis`] if there are not as many images as sites.
    pub fn of(
        found: &MaximumActivation<f32>,
        [rows, columns]: [usize; 2],
        side: usize,
        grid: Grid,
        surrogates: Surrogates,
    ) -> Result<Self> {
        let images = found.images();
        let shape = [rows, columns, side * side];
        let continuity = image_continuity(&images, shape, grid, surrogates)?;
        let best = (0..rows * columns).map(|site| found.ranked(site).first().copied()).collect();
        Ok(Self { side, images, best, continuity })
    }

    /// How many different films drive some unit most.
    pub fn different(&self) -> usize {
        let numbers: std::collections::BTreeSet<usize> =
            self.best.iter().flatten().map(|stimulus| stimulus.index).collect();
        numbers.len()
    }
}
