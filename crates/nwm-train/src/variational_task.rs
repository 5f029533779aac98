//! Training a variational neural wave machine.

use candle_core::{DType, Device, Tensor};
use nwm_data::{Films, Split};
use nwm_models::nn::{Parameters, standard_normals};
use nwm_models::{CellScalars, Checkpoint, FrameShape, TrainingForecast, VariationalModel};
use rayon::prelude::*;

use crate::config::Config;
use crate::error::Result;
use crate::film_data::{film_frames, open_films};
use crate::gradients::{collect_gradients, gradient_norm};
use crate::loss::{bernoulli_cost_of_logits, mean_squared_error_of_logits};
use crate::memory::check_films;
use crate::step::StepResult;
use crate::task::{Items, Task, other_model};
use crate::wave_probe::WaveProbe;

/// A [`VariationalModel`], films, and the evidence lower bound.
pub(crate) struct VariationalTask<'a> {
    config: &'a Config,
    model: VariationalModel,
    films: Box<dyn Films>,
    validation: Option<Box<dyn Films>>,
    waves: Option<WaveProbe>,
}

impl<'a> VariationalTask<'a> {
    /// Opens films and model, if they fit each other and the checkpoint.
    pub(crate) fn open(
        config: &'a Config,
        checkpoint: Option<&Checkpoint>,
        device: &Device,
    ) -> Result<Self> {
        let (data, seed) = (&config.data, config.train.seed);
        let films = open_films(data, Split::Train, data.frames, seed)?;
        let frame = FrameShape { rows: films.side(), columns: films.side(), channels: 1 };
        check_films(config, frame, device)?;
        let model = match checkpoint {
            None => VariationalModel::new(&config.model, frame, seed, DType::F32, device)?,
            Some(checkpoint) => {
                let model = VariationalModel::from_checkpoint(checkpoint, device)?;
                if model.config() != &config.model || model.frame() != frame {
                    return Err(other_model(checkpoint));
                }
                model
            }
        };
        let validation = config
            .has_validation()
            .then(|| open_films(data, Split::Validation, data.frames, seed))
            .transpose()?;
        Ok(Self { config, model, films, validation, waves: WaveProbe::open_films(config)? })
    }
}

impl Task for VariationalTask<'_> {
    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn model_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.model.to_bytes()?)
    }

    fn samples(&self) -> usize {
        self.films.count().unwrap_or(self.config.data.train_trajectories)
    }

    fn step(&mut self, step: u64) -> Result<(StepResult, Items)> {
        let (seed, batch_size) = (self.config.train.seed, self.config.train.batch_size);
        let numbers = self.films.in_batch(step, batch_size);
        let frames = film_frames(self.films.batch(step, batch_size)?, self.model.device())?;
        let noise = noise_of_films(&self.model, &frames, seed, &format!("posterior/{step}"))?;
        let result = variational_step(&self.model, &frames, &noise)?;
        let items = numbers.into_iter().map(|film| (film as usize, 0)).collect();
        Ok((result, items))
    }

    fn validate(&self) -> Result<Option<f64>> {
        let Some(films) = &self.validation else { return Ok(None) };
        let count = self.config.data.validation_trajectories;
        film_bound(&self.model, films.as_ref(), count, self.config.eval.batch_size).map(Some)
    }

    fn cell_scalars(&self) -> Result<Option<CellScalars>> {
        Ok(Some(self.model.cell_scalars()?))
    }

    fn measures_waves(&self) -> bool {
        self.waves.is_some()
    }

    fn measure_waves(&self) -> Result<Vec<(String, f64)>> {
        let Some(probe) = &self.waves else { return Ok(Vec::new()) };
        probe.measure_films(&self.model)
    }
}

/// Standard normal numbers for a batch of films, `[draw, batch, latent]`: a function of seed, name and shape alone, on the
/// model's device.
///
/// # Errors
/// [`crate::Error::Tensor`] if the device refuses.
pub fn noise_of_films(
    model: &VariationalModel,
    frames: &Tensor,
    seed: u64,
    name: &str,
) -> Result<Tensor> {
    let [draws, batch, latents] = model.noise_shape(frames.dim(0)?, frames.dim(1)?);
    let mut values = vec![0.0_f32; draws * batch * latents];
    // Every draw has a stream of its own, so that threads can share the work.
    values.par_chunks_mut(batch * latents).enumerate().for_each(|(draw, values)| {
        let normals = standard_normals(seed, &format!("{name}/{draw}"), values.len());
        for (value, normal) in values.iter_mut().zip(normals) {
            *value = normal as f32;
        }
    });
    Ok(Tensor::from_vec(values, (draws, batch, latents), model.device())?)
}

/// The negative evidence lower bound of `frames` `[time, batch, row, column, channel]` in nats per frame, and its gradients:
/// the Bernoulli cost of all pixels of a frame and the divergence of its posterior (paper, equation 10; docs/theory.md,
/// section 9). `noise` decides which samples are taken (see [`noise_of_films`]).
///
/// # Errors
/// [`crate::Error::Model`] or [`crate::Error::Tensor`] if the frames do not fit the model.
pub fn variational_step(
    model: &VariationalModel,
    frames: &Tensor,
    noise: &Tensor,
) -> Result<StepResult> {
    let forecast = model.training_forecast(frames, noise)?;
    let objective = negative_bound(&forecast, frames)?;
    let gradients = collect_gradients(model.parameters(), &objective.backward()?)?;
    let number =
        |tensor: &Tensor| Ok::<_, candle_core::Error>(f64::from(tensor.to_scalar::<f32>()?));
    let error = mean_squared_error_of_logits(&forecast.logits.detach(), &forecast.target)?;
    Ok(StepResult {
        loss: number(&objective)?,
        mean_squared_error: Some(number(&error)?),
        accuracy: None,
        divergence: forecast.divergence.as_ref().map(number).transpose()?,
        gradient_norm: gradient_norm(&gradients)?,
        gradients,
    })
}

/// The two parts of the negative evidence lower bound of a prediction in nats per frame: each is summed over a film and divided
/// by the frames of the film.
pub(crate) struct BoundParts {
    /// What the pixels cost.
    pub(crate) cost: Tensor,
    /// How far posteriors are from the prior.
    pub(crate) divergence: Option<Tensor>,
}

impl BoundParts {
    pub(crate) fn of(forecast: &TrainingForecast, frames: &Tensor) -> Result<Self> {
        let time = frames.dim(0)? as f64;
        let drawn = forecast.logits.elem_count() as f64 / frames.dim(1)? as f64;
        let cost = bernoulli_cost_of_logits(&forecast.logits, &forecast.target)?;
        let divergence =
            forecast.divergence.as_ref().map(|divergence| divergence / time).transpose()?;
        Ok(Self { cost: (cost * (drawn / time))?, divergence })
    }
}

/// The negative evidence lower bound of a prediction in nats per frame.
fn negative_bound(forecast: &TrainingForecast, frames: &Tensor) -> Result<Tensor> {
    Ok(match BoundParts::of(forecast, frames)? {
        BoundParts { cost, divergence: Some(divergence) } => (cost + divergence)?,
        BoundParts { cost, divergence: None } => cost,
    })
}

/// The negative evidence lower bound of the first `count` films in nats per frame, a mean over them; posteriors are sampled
/// with the same numbers every time.
pub(crate) fn film_bound(
    model: &VariationalModel,
    films: &dyn Films,
    count: usize,
    batch_size: usize,
) -> Result<f64> {
    let mut sum = 0.0;
    for first in (0..count).step_by(batch_size) {
        let films_here = batch_size.min(count - first);
        let range = first as u64..(first + films_here) as u64;
        let frames = film_frames(films.slice(range)?, model.device())?;
        let noise = noise_of_films(model, &frames, 0, &format!("evaluation/{first}"))?;
        let bound = negative_bound(&model.forecast(&frames, &noise)?, &frames)?;
        sum += f64::from(bound.to_scalar::<f32>()?) * films_here as f64;
    }
    Ok(sum / count as f64)
}
