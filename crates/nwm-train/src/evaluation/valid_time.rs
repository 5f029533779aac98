//! For how long a forecast stays valid (Botev et al. 2021; docs/theory.md, section 6).

use nwm_data::{FrameSource, Window};
use nwm_models::Model;
use serde::{Deserialize, Serialize};

use super::forecasts::{read_film, stack};
use super::scores::error_and_energy;
use crate::config::Config;
use crate::error::Result;

/// Valid prediction times on whole trajectories, in frames after the training window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidTime {
    /// Of forecasts, and of forecasts of the past where there are any: the mean of both.
    pub frames: f64,
    /// The same in terms of the frames that could be valid.
    pub relative: f64,
    /// Of forecasts.
    pub forward: f64,
    /// Of forecasts of the past, counted from the frames that were seen.
    pub backward: Option<f64>,
    /// Frames after the training window.
    pub longest: usize,
    /// Trajectories that it was taken over; each group of them gives a median, and the mean of those is reported.
    pub trajectories: usize,
}

/// The valid prediction time on trajectories of a source; none if they are no longer than the training window, or none is
/// asked for.
pub(crate) fn valid_time(
    config: &Config,
    model: &Model,
    source: &dyn FrameSource,
) -> Result<Option<ValidTime>> {
    let eval = &config.eval;
    let length = source.frames();
    let trajectories = eval.vpt_batches.saturating_mul(eval.vpt_batch_size);
    let trajectories = trajectories.min(source.trajectories());
    if trajectories == 0 || length <= config.train.window {
        return Ok(None);
    }
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    let mut first = 0;
    while first < trajectories {
        let batch = eval.batch_size.min(trajectories - first);
        times_of(config, model, source, first..first + batch, &mut forward, &mut backward)?;
        first += batch;
    }
    let mean = |times: &[f64]| {
        let groups: Vec<f64> = times.chunks(eval.vpt_batch_size).map(median).collect();
        groups.iter().sum::<f64>() / groups.len() as f64
    };
    let longest = length - config.train.window;
    let forward = mean(&forward);
    let backward = (!backward.is_empty()).then(|| mean(&backward));
    let frames = backward.map_or(forward, |backward| (forward + backward) / 2.0);
    Ok(Some(ValidTime {
        frames,
        relative: frames / longest as f64,
        forward,
        backward,
        longest,
        trajectories,
    }))
}

/// Appends the times of some trajectories.
fn times_of(
    config: &Config,
    model: &Model,
    source: &dyn FrameSource,
    trajectories: std::ops::Range<usize>,
    forward: &mut Vec<f64>,
    backward: &mut Vec<f64>,
) -> Result<()> {
    let shape = source.frame_shape();
    let values: usize = shape.iter().product();
    let (length, batch) = (source.frames(), trajectories.len());
    let films = trajectories
        .map(|trajectory| read_film(source, &Window { trajectory, start: 0, length }))
        .collect::<Result<Vec<_>>>()?;
    let (seen, first_frame) = (model.inference_steps(), model.first_predicted_frame());
    let window = config.train.window;
    let is_lost = |prediction: &[f32], truth: &[f32]| {
        let [error, energy] = error_and_energy(prediction, truth);
        // A black frame has no relative error and loses nothing, unless what is predicted is no number.
        error.is_nan() || (energy > 0.0 && error / energy > config.eval.vpt_threshold)
    };
    // The first of the frames beyond the window that is lost, seen from the frames that were given.
    let time =
        |predicted: &[f32], film: &[f32], item: usize, place: &dyn Fn(usize) -> [usize; 2]| {
            let lost = (window..length).position(|frame| {
                let [step, time] = place(frame);
                let start = (step * batch + item) * values;
                is_lost(&predicted[start..start + values], &film[time * values..][..values])
            });
            lost.unwrap_or(length - window) as f64
        };
    let given = stack(&films, 0, seen, shape, model.device())?;
    let predicted =
        model.forecast(&given, length - first_frame)?.flatten_all()?.to_vec1::<f32>()?;
    for (item, film) in films.iter().enumerate() {
        forward.push(time(&predicted, film, item, &|frame| [frame - first_frame, frame]));
    }
    let given = stack(&films, length - seen, seen, shape, model.device())?;
    if let Some(past) = model.unroll_backward(&given, length)? {
        let predicted = past.frames.flatten_all()?.to_vec1::<f32>()?;
        for (item, film) in films.iter().enumerate() {
            let from_the_end = |frame: usize| [length - 1 - frame; 2];
            backward.push(time(&predicted, film, item, &from_the_end));
        }
    }
    Ok(())
}

/// The middle one of some numbers, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    } else {
        sorted[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
    }
}
