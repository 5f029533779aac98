//! The evaluation of models that encode the frames of films.

use std::collections::BTreeMap;

use candle_core::Tensor;
use nwm_data::{Films, Split};
use nwm_models::nn::sigmoid;
use nwm_models::{FrameShape, VariationalModel};
use serde::{Deserialize, Serialize};

use super::header::{Metrics, ResultHeader, finite};
use super::result::RESULT_FILE;
use super::samples::{ForecastSamples, SAMPLES_FILE, SheetSamples};
use crate::config::Config;
use crate::error::Result;
use crate::film_data::{film_frames, open_films};
use crate::loss::{bernoulli_cost_of_logits, mean_squared_error};
use crate::run_folder::write_json;
use crate::trained_run::TrainedRun;
use crate::variational_task::{BoundParts, noise_of_films};
use crate::wave_probe::{MEASURED_FRAMES, SKIPPED_FRAMES, WaveProbe};

/// Training films that the mean image is taken over, at most.
const MEAN_FILMS: usize = 512;

/// The smallest probability of a reference's pixel, as in the Bernoulli cost.
const LEAST_PROBABILITY: f64 = f32::EPSILON as f64;

/// What `result.json` of a run that encodes films holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariationalResult {
    /// The run.
    #[serde(flatten)]
    pub about: ResultHeader,
    /// Test films.
    pub sequences: usize,
    /// Frames of a film.
    pub frames: usize,
    /// Means over test films and their frames: `negative_bound` (nats per frame), of which `bernoulli_cost` is the part of the
    /// pixels and `divergence` that of the posteriors, and `mse` of the predictions of next frames. Posteriors are sampled.
    /// And what is measured of the waves of the hidden state, `waves_*` as in `metrics.csv`.
    pub metrics: Metrics,
    /// `mean_image` of the training films for every frame and `last_frame` shown again: `bernoulli_cost` and `mse`; and
    /// `untrained`, the model before its first step: `waves_*`.
    pub references: BTreeMap<String, Metrics>,
    /// How waves were measured; none if they were not.
    pub waves: Option<WaveMeasurement>,
}

/// How the waves of the hidden state were measured: in the positions that the means of posteriors lead to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaveMeasurement {
    /// Test films.
    pub sequences: usize,
    /// Frames at the start that are left out.
    pub skipped_frames: usize,
    /// Frames that are measured.
    pub frames: usize,
    /// The band of the filter, cycles per frame.
    pub band: [f64; 2],
    /// Recordings without waves that each one is compared with, so many with shuffled sites and so many with shifts in time.
    pub surrogates: usize,
}

/// Scores a run that encodes films on its test films and writes `result.json` and `samples.safetensors` into its folder.
pub(super) fn variational_result(
    run: &TrainedRun,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<VariationalResult> {
    let config = run.config();
    let data = &config.data;
    let model = run.variational_model()?;
    let seed = config.train.seed;
    let test = open_films(data, Split::Test, data.frames, seed)?;
    let mean = mean_image(open_films(data, Split::Train, data.frames, seed)?.as_ref(), config)?;
    let mut sums = Sums::default();
    let count = data.test_trajectories;
    for first in (0..count).step_by(config.eval.batch_size) {
        let here = config.eval.batch_size.min(count - first);
        let frames = film_frames(test.slice(first as u64..(first + here) as u64)?, model.device())?;
        let noise = noise_of_films(&model, &frames, 0, &format!("evaluation/{first}"))?;
        sums.add(&model, &frames, &noise, &mean)?;
        progress(first + here, count);
    }
    let mut metrics = sums.metrics(&sums.model);
    let mut references = BTreeMap::from([
        ("mean_image".to_owned(), sums.metrics(&sums.mean_image)),
        ("last_frame".to_owned(), sums.metrics(&sums.last_frame)),
    ]);
    let mut waves = None;
    if let Some(probe) = WaveProbe::of_test_films(config)? {
        let samples = samples(config, &model, probe.given())?;
        samples.write(&run.directory.join(SAMPLES_FILE))?;
        metrics.extend(wave_metrics(&probe, &model)?);
        let untrained = run.untrained_variational_model(model.frame())?;
        references.insert("untrained".to_owned(), wave_metrics(&probe, &untrained)?);
        waves = Some(WaveMeasurement {
            sequences: probe.given().dim(1)?,
            skipped_frames: SKIPPED_FRAMES,
            frames: MEASURED_FRAMES,
            band: config.analysis.band,
            surrogates: config.eval.wave_surrogates,
        });
    }
    let result = VariationalResult {
        about: ResultHeader::of(run, model.parameters().count()),
        sequences: count,
        frames: data.frames,
        metrics,
        references,
        waves,
    };
    write_json(&run.directory.join(RESULT_FILE), &result)?;
    Ok(result)
}

fn wave_metrics(probe: &WaveProbe, model: &VariationalModel) -> Result<Metrics> {
    let columns = probe.measure_films(model)?;
    Ok(columns.into_iter().map(|(name, value)| (format!("waves_{name}"), Some(value))).collect())
}

/// The mean image of the first training films, `[row, column, channel]`.
fn mean_image(films: &dyn Films, config: &Config) -> Result<Vec<f32>> {
    let count = films.count().unwrap_or(config.data.train_trajectories).min(MEAN_FILMS);
    let pixels = films.side() * films.side();
    let mut sum = vec![0.0_f64; pixels];
    let mut film = vec![0.0_f32; films.frames() * pixels];
    for number in 0..count {
        films.draw(number as u64, &mut film)?;
        for frame in film.chunks_exact(pixels) {
            for (sum, &value) in sum.iter_mut().zip(frame) {
                *sum += f64::from(value);
            }
        }
    }
    let frames = (count * films.frames()) as f64;
    Ok(sum.into_iter().map(|sum| (sum / frames) as f32).collect())
}

/// Scores of one predictor, each a mean that is added up with the number of films as its weight.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    cost: f64,
    divergence: Option<f64>,
    error: f64,
}

impl Terms {
    fn add(&mut self, cost: f64, divergence: Option<f64>, error: f64) {
        self.cost += cost;
        self.error += error;
        if let Some(more) = divergence {
            *self.divergence.get_or_insert(0.0) += more;
        }
    }
}

/// What is added up over films.
#[derive(Clone, Debug, Default)]
struct Sums {
    films: f64,
    model: Terms,
    mean_image: Terms,
    last_frame: Terms,
}

impl Sums {
    fn add(
        &mut self,
        model: &VariationalModel,
        frames: &Tensor,
        noise: &Tensor,
        mean: &[f32],
    ) -> Result<()> {
        let forecast = model.forecast(frames, noise)?;
        let target = &forecast.target;
        let (time, batch) = (frames.dim(0)?, frames.dim(1)?);
        let weight = batch as f64;
        let number = |tensor: &Tensor| Ok::<_, crate::Error>(f64::from(tensor.to_scalar::<f32>()?));
        let BoundParts { cost, divergence } = BoundParts::of(&forecast, frames)?;
        let predictions = sigmoid(&forecast.logits)?;
        let divergence = divergence.as_ref().map(number).transpose()?;
        self.model.add(
            number(&cost)? * weight,
            divergence.map(|it| it * weight),
            number(&mean_squared_error(&predictions, target)?)? * weight,
        );
        // The frame before each one that is predicted, and the same image for all.
        let last = frames.narrow(0, 0, target.dim(0)?)?.contiguous()?;
        let FrameShape { rows, columns, channels } = model.frame();
        let image = Tensor::from_slice(mean, (1, 1, rows, columns, channels), frames.device())?;
        let image = image.broadcast_as(target.shape())?.contiguous()?;
        let drawn = target.elem_count() as f64 / batch as f64 / time as f64;
        for (terms, shown) in [(&mut self.last_frame, last), (&mut self.mean_image, image)] {
            let cost = number(&bernoulli_cost_of_logits(&logits(&shown)?, target)?)? * drawn;
            terms.add(cost * weight, None, number(&mean_squared_error(&shown, target)?)? * weight);
        }
        self.films += weight;
        Ok(())
    }

    fn metrics(&self, terms: &Terms) -> Metrics {
        let mean = |sum: f64| finite(sum / self.films);
        let mut metrics: Metrics = [("bernoulli_cost", terms.cost), ("mse", terms.error)]
            .map(|(name, sum)| (name.to_owned(), mean(sum)))
            .into();
        if let Some(divergence) = terms.divergence {
            metrics.insert("divergence".to_owned(), mean(divergence));
            metrics.insert("negative_bound".to_owned(), mean(terms.cost + divergence));
        }
        metrics
    }
}

/// The logits of a picture whose values are probabilities.
fn logits(picture: &Tensor) -> Result<Tensor> {
    let p = picture.clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)?;
    Ok((p.log()? - (1.0 - p)?.log()?)?)
}

/// The films of a wave measurement with predictions and positions, for pictures.
fn samples(config: &Config, model: &VariationalModel, given: &Tensor) -> Result<ForecastSamples> {
    let count = config.report.samples.min(given.dim(1)?);
    let frames = given.dim(0)? - 1;
    let FrameShape { rows, columns, channels } = model.frame();
    let mut samples = ForecastSamples {
        task: config.model.task,
        count,
        frames,
        shape: [rows, columns, channels],
        first_frame: 1,
        // Each prediction has seen every frame before it.
        inference_steps: frames,
        ..ForecastSamples::default()
    };
    let cell = &config.model.cell;
    let mut sheets = SheetSamples { rows: cell.rows, columns: cell.columns, values: Vec::new() };
    for film in 0..count {
        let film = given.narrow(1, film, 1)?.to_device(model.device())?;
        let unrolled = model.unroll(&film, None)?;
        let flat = |tensor: &Tensor| Ok::<_, crate::Error>(tensor.flatten_all()?.to_vec1::<f32>()?);
        samples.push(
            &flat(&film.narrow(0, 1, frames)?)?,
            &flat(&unrolled.frames.narrow(0, 0, frames)?)?,
        );
        let positions = unrolled.states.narrow(0, 0, frames)?.narrow(2, 0, 1)?.narrow(3, 0, 1)?;
        sheets.values.extend(flat(&positions)?);
    }
    samples.states = Some(sheets);
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_logits_of_a_picture_cost_what_its_values_cost() {
        let cost = |p: f32, u: f32| {
            let [p, u] = [p, u].map(|value| Tensor::new(&[value], &Device::Cpu).unwrap());
            let cost = bernoulli_cost_of_logits(&logits(&p).unwrap(), &u).unwrap();
            f64::from(cost.to_scalar::<f32>().unwrap())
        };
        // The Bernoulli cost of an image whose pixels are probabilities (single precision).
        for (p, u, expected) in
            [(0.0, 1.0, 15.942_384_720), (0.3, 0.25, 0.568_499_446), (1e-9, 0.6, 9.565_431_595)]
        {
            assert!((cost(p, u) - expected).abs() < 1e-5 * expected, "{p} {u}: {}", cost(p, u));
        }
        assert!((cost(1.0, 0.0) - 15.942_384_720).abs() < 1e-3);
    }
}
