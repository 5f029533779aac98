//! Responses to still gratings.

use candle_core::{DType, Tensor};
use nwm_analysis::selectivity::OrientationResponses;
use nwm_data::Grating;
use nwm_models::{FrameShape, VariationalModel};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The still gratings that preferred orientations are measured with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StillGratings {
    /// Pixels of a period.
    pub wavelength: f64,
    /// Orientations, evenly over a half turn.
    pub orientations: usize,
    /// Phases of each orientation, evenly over a turn: the samples of its response.
    pub phases: usize,
    /// Frames for which the model sees the same grating.
    pub frames: usize,
}

impl Default for StillGratings {
    /// The paper's 36 frames of wavelength 24 in eight orientations, which Figure 3 has; 18 phases, since a moving grating of
    /// training has so many in a period.
    fn default() -> Self {
        Self { wavelength: 24.0, orientations: 8, phases: 18, frames: 36 }
    }
}

/// The responses of a model's units to still gratings, one set for each channel of its sheet: the position of a unit,
/// averaged over all steps in which it sees the grating, while the means of the posteriors drive the sheet. All phases of an
/// orientation go through the model together. `progress` is called with the number of gratings done.
///
/// # Errors
/// [`Error::Request`] if the wavelength is not above 0, there are fewer than two orientations or phases or no frames, or the model does not
/// read square grey frames; [`Error::Model`] if there are too few frames for it.
pub fn orientation_responses(
    model: &VariationalModel,
    gratings: &StillGratings,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<OrientationResponses>> {
    let side = square_side(model)?;
    check(gratings)?;
    let cell = &model.config().cell;
    let sites = cell.rows * cell.columns;
    let &StillGratings { wavelength, orientations, phases, frames } = gratings;
    let new = |_| OrientationResponses::new(orientations, [cell.rows, cell.columns]);
    let mut channels = (0..cell.channels).map(new).collect::<std::result::Result<Vec<_>, _>>()?;
    let stills = Grating::still(wavelength, orientations, phases);
    for (orientation, group) in stills.chunks(phases).enumerate() {
        let mut pictures = vec![0.0; phases * side * side];
        for (grating, picture) in group.iter().zip(pictures.chunks_exact_mut(side * side)) {
            grating.draw(side, picture);
        }
        let picture = Tensor::from_vec(pictures, (1, phases, side, side, 1), model.device())?;
        let film = picture.repeat((frames, 1, 1, 1, 1))?;
        let positions = model.positions(&film, None)?.to_dtype(DType::F64)?;
        let means: Vec<f64> = positions.mean(0)?.flatten_all()?.to_vec1()?;
        for response in means.chunks_exact(channels.len() * sites) {
            for (responses, of_channel) in channels.iter_mut().zip(response.chunks_exact(sites)) {
                responses.add(orientation, of_channel)?;
            }
        }
        progress((orientation + 1) * phases);
    }
    Ok(channels)
}

/// Rows and columns of a model's frames.
pub(super) fn square_side(model: &VariationalModel) -> Result<usize> {
    match model.frame() {
        FrameShape { rows, columns, channels: 1 } if rows == columns => Ok(rows),
        FrameShape { rows, columns, channels } => Err(Error::Request {
            what: "frames of the model",
            found: format!("[row, column, channel] = [{rows}, {columns}, {channels}]"),
            expected: "square grey ones".into(),
        }),
    }
}

fn check(gratings: &StillGratings) -> Result<()> {
    let &StillGratings { wavelength, orientations, phases, frames } = gratings;
    let refused = |what, found: String, expected: &str| {
        Err(Error::Request { what, found, expected: expected.into() })
    };
    if !(wavelength > 0.0 && wavelength.is_finite()) {
        return refused("wavelength", wavelength.to_string(), "a number of pixels above 0");
    }
    if orientations < 2 {
        return refused("orientations", orientations.to_string(), "at least 2");
    }
    if phases < 2 {
        return refused("phases", phases.to_string(), "at least 2, since one has no variance");
    }
    if frames == 0 {
        return refused("frames", frames.to_string(), "at least 1");
    }
    Ok(())
}
