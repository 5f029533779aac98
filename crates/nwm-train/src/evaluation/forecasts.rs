//! Forecasts of many trajectories, and their errors.

use candle_core::{Device, Tensor};
use nwm_data::{FrameSource, Window};
use nwm_models::{Model, Unrolled};

use super::samples::ForecastSamples;
use super::scores::FrameErrors;
use super::slices::Slices;
use crate::config::Config;
use crate::error::Result;

/// Forecasts of one window of each trajectory of a source.
pub(crate) struct Forecasts<'a> {
    config: &'a Config,
    model: &'a Model,
    source: &'a dyn FrameSource,
    values: usize,
    /// Whether the past is forecast, too, where the model can.
    has_past: bool,
    /// Errors of the model's forecasts.
    pub(crate) forward: Vec<FrameErrors>,
    /// Errors of its forecasts of the past, frames counted from the window's end; empty if it makes none.
    pub(crate) backward: Vec<FrameErrors>,
}

/// Forecasts of reference predictors and what is kept for pictures, beside the model's.
pub(crate) struct Beside<'a> {
    /// The mean image, `[row, column, channel]`.
    pub(crate) mean_image: &'a [f32],
    pub(crate) of_mean_image: Vec<FrameErrors>,
    pub(crate) of_last_frame: Vec<FrameErrors>,
    pub(crate) samples: ForecastSamples,
}

impl<'a> Forecasts<'a> {
    pub(crate) fn new(config: &'a Config, model: &'a Model, source: &'a dyn FrameSource) -> Self {
        let values = source.frame_shape().iter().product();
        let (forward, backward) = (Vec::new(), Vec::new());
        Self { config, model, source, values, has_past: true, forward, backward }
    }

    /// Forecasts of the future alone.
    pub(crate) fn without_past(self) -> Self {
        Self { has_past: false, ..self }
    }

    /// Numbers of a frame.
    pub(crate) fn values(&self) -> usize {
        self.values
    }

    /// The slices of this run's scores.
    pub(crate) fn slices(&self) -> Slices {
        Slices::new(self.config, self.model.first_predicted_frame())
    }

    /// Forecasts all trajectories; `progress` is called with the trajectories done and their number.
    pub(crate) fn run(
        &mut self,
        mut beside: Option<&mut Beside<'_>>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        let total = self.source.trajectories();
        let mut done = 0;
        progress(done, total);
        while done < total {
            let batch = self.config.eval.batch_size.min(total - done);
            self.forecast(done, batch, beside.as_deref_mut())?;
            done += batch;
            progress(done, total);
        }
        Ok(())
    }

    /// Forecasts and scores trajectories `first..first + batch`.
    fn forecast(
        &mut self,
        first: usize,
        batch: usize,
        mut beside: Option<&mut Beside<'_>>,
    ) -> Result<()> {
        let length = self.config.evaluation_window();
        let windows = (first..first + batch)
            .map(|trajectory| self.read_window(trajectory))
            .collect::<Result<Vec<_>>>()?;
        let first_frame = self.model.first_predicted_frame();
        let seen = self.model.inference_steps();
        let (shape, device) = (self.source.frame_shape(), self.model.device());
        let given = stack(&windows, 0, seen, shape, device)?;
        let forecast = self.model.unroll(&given, length - first_frame)?;
        let predicted = forecast.frames.flatten_all()?.to_vec1::<f32>()?;
        for (item, window) in windows.iter().enumerate() {
            let frame = |time: usize| &window[time * self.values..][..self.values];
            let prediction = |time: usize| {
                let start = ((time - first_frame) * batch + item) * self.values;
                &predicted[start..start + self.values]
            };
            let errors_of = |predictions: &mut dyn Iterator<Item = &[f32]>| {
                let mut errors = FrameErrors::from_frame(first_frame);
                for (time, prediction) in (first_frame..length).zip(predictions) {
                    errors.push(prediction, frame(time));
                }
                errors
            };
            self.forward.push(errors_of(&mut (first_frame..length).map(prediction)));
            if let Some(beside) = beside.as_deref_mut() {
                let mean = beside.mean_image;
                beside.of_mean_image.push(errors_of(&mut std::iter::repeat(mean)));
                beside.of_last_frame.push(errors_of(&mut std::iter::repeat(frame(seen - 1))));
                if first + item < beside.samples.count {
                    for time in first_frame..length {
                        beside.samples.push(frame(time), prediction(time));
                    }
                }
            }
        }
        if let Some(beside) = beside {
            let shown = beside.samples.count.saturating_sub(first).min(batch);
            beside.samples.push_states(&forecast, shown)?;
        }
        if !self.has_past {
            return Ok(());
        }
        let given = stack(&windows, length - seen, seen, shape, device)?;
        if let Some(Unrolled { frames, .. }) = self.model.unroll_backward(&given, length)? {
            let predicted = frames.flatten_all()?.to_vec1::<f32>()?;
            for (item, window) in windows.iter().enumerate() {
                let mut errors = FrameErrors::from_frame(first_frame);
                for time in (0..length - first_frame).rev() {
                    let start = (time * batch + item) * self.values;
                    let truth = &window[time * self.values..][..self.values];
                    errors.push(&predicted[start..start + self.values], truth);
                }
                self.backward.push(errors);
            }
        }
        Ok(())
    }

    /// The frames of a trajectory's evaluation window.
    fn read_window(&self, trajectory: usize) -> Result<Vec<f32>> {
        let length = self.config.evaluation_window();
        let seed = self.config.eval.window_seed;
        let window = Window::for_evaluation(seed, trajectory, self.source.frames(), length)?;
        read_film(self.source, &window)
    }
}

/// The frames of a window, `[time, row, column, channel]`.
pub(crate) fn read_film(source: &dyn FrameSource, window: &Window) -> Result<Vec<f32>> {
    let values: usize = source.frame_shape().iter().product();
    let mut film = vec![0.0; window.length * values];
    window.read(source, &mut film)?;
    Ok(film)
}

/// Frames `start..start + count` of some windows as `[time, batch, row, column, channel]` on a device.
pub(crate) fn stack(
    windows: &[Vec<f32>],
    start: usize,
    count: usize,
    [rows, columns, channels]: [usize; 3],
    device: &Device,
) -> Result<Tensor> {
    let values = rows * columns * channels;
    let mut frames = Vec::with_capacity(count * windows.len() * values);
    for time in start..start + count {
        for window in windows {
            frames.extend_from_slice(&window[time * values..][..values]);
        }
    }
    let shape = (count, windows.len(), rows, columns, channels);
    Ok(Tensor::from_vec(frames, shape, device)?)
}
