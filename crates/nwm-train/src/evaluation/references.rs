//! Predictors that need no training: what every model has to beat.

use nwm_data::FrameSource;

use crate::error::Result;

/// Trajectories and frames of each that the mean image is taken over, at most.
const MEAN_TRAJECTORIES: usize = 512;
const MEAN_FRAMES: usize = 16;

/// The mean image of a data set `[row, column, channel]`: over evenly spaced frames of evenly spaced trajectories.
///
/// # Errors
/// [`crate::Error::Data`] if a frame cannot be read.
pub(crate) fn mean_image(source: &dyn FrameSource) -> Result<Vec<f32>> {
    let values = source.frame_shape().iter().product();
    let (trajectories, frames) =
        (source.trajectories().min(MEAN_TRAJECTORIES), source.frames().min(MEAN_FRAMES));
    let mut sum = vec![0.0_f64; values];
    let mut frame = vec![0.0_f32; values];
    for index in 0..trajectories {
        let trajectory = index * source.trajectories() / trajectories;
        for position in 0..frames {
            source.read(trajectory, position * source.frames() / frames, 1, &mut frame)?;
            for (sum, &value) in sum.iter_mut().zip(&frame) {
                *sum += f64::from(value);
            }
        }
    }
    let count = (trajectories * frames) as f64;
    Ok(sum.iter().map(|&sum| (sum / count) as f32).collect())
}
