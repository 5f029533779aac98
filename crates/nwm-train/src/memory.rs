//! What a training is going to need, before it is allocated.
//!
//! The estimate counts what a training step keeps: parameters, moments and gradients; frames; the results of all layers of
//! encoder and decoder for every frame; tapes of the dynamics. It adds what the backward pass works with, and what the
//! allocator holds on to. docs/reproducing.md compares it with measured peaks.

mod convolutions;
mod free;
mod parts;
#[cfg(test)]
mod peak_tests;
mod tasks;

use candle_core::Device;
use nwm_models::{FrameShape, ModelName, SequenceShape, TaskName};

use self::free::free_memory;
use self::parts::{Batch, Part, Parts};
use crate::config::Config;
use crate::digit_files::reads_digits;
use crate::error::{Error, Result};

/// Bytes of a number.
const NUMBER: f64 = size_of::<f32>() as f64;

/// Program and libraries, and what each thread has for itself, bytes (measured).
const PROGRAM: f64 = 80e6;
const THREAD: f64 = 5e6;

/// The images of MNIST, and what they are unpacked from (measured).
const DIGITS: f64 = 110e6;

/// How often all parameters are in memory while a checkpoint is written, beside themselves and their moments: gradients of
/// the last step, and the file of the model. Each moment is there twice more, as bytes and as a file.
const COPIES_OF_CHECKPOINT: f64 = 2.0;

/// Of the smaller one of what a step and a checkpoint need for a while, the part that the allocator does not reuse for the
/// other one (measured).
const NOT_REUSED: f64 = 0.2;

/// Pages that the allocator holds for each page in use: those that were freed do not always fit what comes next (measured).
const HELD: f64 = 1.25;

/// The peak memory of a training in bytes, by what takes it. Of data sets it counts digits alone, and it takes it that an
/// adaptive integration needs no more steps than it has states.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MemoryEstimate {
    /// The program itself.
    pub program: f64,
    /// The images of a data set of digits.
    pub digits: f64,
    /// Parameters, their gradients and moments, and checkpoints that are written.
    pub parameters: f64,
    /// Frames of a batch and of those prepared ahead.
    pub frames: f64,
    /// What the encoder keeps and works with.
    pub encoder: f64,
    /// The same of what moves the hidden state.
    pub dynamics: f64,
    /// The same of the decoder.
    pub decoder: f64,
}

impl MemoryEstimate {
    /// For a training of this configuration on frames of this shape.
    pub fn new(config: &Config, frame: FrameShape) -> Self {
        let (model, train) = (&config.model, &config.train);
        let window = train.window as f64;
        let first = model.first_predicted_frame() as f64;
        let batch = Batch {
            samples: train.batch_size as f64,
            drawn: (window - first).max(1.0),
            threads: rayon::current_num_threads() as f64,
        };
        let parts = Parts::of(model, frame, batch);
        // Samples that go back in time are put in order.
        let copies = if model.name.is_latent() { 2.0 } else { 1.0 };
        let values = frame.values() as f64;
        let frames = batch.samples * window * values * (copies + train.prefetch as f64);
        Self::of_parts(config, &parts, frames)
    }

    /// For a training of this configuration on sequences of so many steps.
    pub fn of_sequences(config: &Config, shape: SequenceShape, steps: usize) -> Self {
        let (steps, samples) = (steps as f64, config.train.batch_size as f64);
        let parts = Parts::of_sequences(&config.model, shape, steps, samples);
        // Inputs as they are made, and as a tensor.
        Self::of_parts(config, &parts, 2.0 * samples * steps * shape.features as f64)
    }

    /// For a training of this configuration on films of this shape of frames.
    pub fn of_films(config: &Config, frame: FrameShape) -> Self {
        let (time, films) = (config.data.frames as f64, config.train.batch_size as f64);
        let parts = Parts::of_films(&config.model, frame, time, films);
        Self::of_parts(config, &parts, 2.0 * time * films * frame.values() as f64)
    }

    /// Of the parts of a model, and numbers of frames.
    fn of_parts(config: &Config, parts: &Parts, frames: f64) -> Self {
        let Parts { encoder, dynamics, decoder } = *parts;
        let parameters = encoder.parameters + dynamics.parameters + decoder.parameters;
        // One part is pulled back at a time; at the end all gradients are copied.
        let parts = [encoder, dynamics, decoder];
        let working = parts.iter().map(|part| part.working).fold(parameters, f64::max);
        let kept: f64 = parts.iter().map(|part| part.kept).sum();
        let step = parameters + frames + kept + working;
        let moments = config.train.optimizer.moments() as f64;
        let checkpoint = (COPIES_OF_CHECKPOINT + 2.0 * moments) * parameters;
        let more = (checkpoint - step).max(0.0) + NOT_REUSED * checkpoint.min(step);
        // Only the largest of the three counts as working.
        let numbers = |part: Part| part.kept + if part.working == working { working } else { 0.0 };
        let gradients = if working == parameters { 2.0 } else { 1.0 };
        Self {
            program: PROGRAM + THREAD * rayon::current_num_threads() as f64,
            digits: if reads_digits(&config.data.name) { DIGITS } else { 0.0 },
            parameters: HELD * NUMBER * ((1.0 + moments + gradients) * parameters + more),
            frames: HELD * NUMBER * frames,
            encoder: HELD * NUMBER * numbers(encoder),
            dynamics: HELD * NUMBER * numbers(dynamics),
            decoder: HELD * NUMBER * numbers(decoder),
        }
    }

    /// All of it.
    pub fn bytes(&self) -> f64 {
        let Self { program, digits, parameters, frames, encoder, dynamics, decoder } = *self;
        program + digits + parameters + frames + encoder + dynamics + decoder
    }

    /// The key to lower first: of those that the largest part depends on, the one that lies highest above its published
    /// value; the batch, if none does.
    pub fn knob(&self, config: &Config) -> &'static str {
        let (model, train) = (&config.model, &config.train);
        let published = Config::published(model.name, &config.data.name);
        let ratio = |of: fn(&Config) -> usize| of(config) as f64 / of(&published).max(1) as f64;
        let batch = ("train.batch_size", ratio(|config| config.train.batch_size));
        // What says how long a sample is.
        let window = match model.task {
            TaskName::Forecast => ("train.window", ratio(|config| config.train.window)),
            TaskName::Variational => ("data.frames", ratio(|config| config.data.frames)),
            _ => ("data.steps", ratio(|config| config.data.steps)),
        };
        let prefetch = ("train.prefetch", ratio(|config| config.train.prefetch));
        let encoder = ("model.encoder.channels", ratio(|config| config.model.encoder.channels));
        let decoder = ("model.decoder.channels", ratio(|config| config.model.decoder.channels));
        let dynamics = match model.name {
            ModelName::Ar => ("model.ar.layers", ratio(|config| sum(&config.model.ar.layers))),
            name if name.is_latent() => {
                ("model.latent.hidden", ratio(|config| sum(&config.model.latent.hidden)))
            }
            _ => ("model.cell.rows", ratio(|config| config.model.cell.units())),
        };
        if model.task != TaskName::Forecast {
            // The published sheet may be too large for a small machine, too; a batch can be halved at will.
            let highest = if dynamics.1 > batch.1.max(1.0) { dynamics } else { batch };
            return if window.1 > highest.1.max(1.0) { window.0 } else { highest.0 };
        }
        let parts = [
            (self.parameters, vec![dynamics, encoder, decoder]),
            (self.frames, vec![batch, window, prefetch]),
            (self.encoder, vec![batch, window, encoder]),
            (self.dynamics, vec![batch, window, dynamics]),
            (self.decoder, vec![batch, window, decoder]),
        ];
        let (mut largest, mut keys) = (0.0, vec![batch]);
        for (bytes, keys_of_part) in parts {
            if bytes > largest {
                (largest, keys) = (bytes, keys_of_part);
            }
        }
        // The first one of equals.
        let mut highest = keys[0];
        for &key in &keys {
            if key.1 > highest.1 {
                highest = key;
            }
        }
        let lowers_batch = keys[0] == batch && train.batch_size > 1;
        if highest.1 <= 1.0 && lowers_batch { batch.0 } else { highest.0 }
    }
}

fn sum(units: &[usize]) -> usize {
    units.iter().fold(0, |sum, &units| sum.saturating_add(units))
}

/// Refuses a training that needs more memory than is free, if that can be told; of a GPU it cannot.
///
/// # Errors
/// [`Error::Memory`]; [`Error::Model`] if the model's configuration is out of range.
pub(crate) fn check_memory(config: &Config, frame: FrameShape, device: &Device) -> Result<()> {
    if !is_checked(config, device) {
        return Ok(());
    }
    // Of a model that cannot be there is nothing to tell.
    config.model.validate()?;
    check_estimate(config, &MemoryEstimate::new(config, frame), device)
}

/// As [`check_memory`], of sequences.
///
/// # Errors
/// As [`check_memory`].
pub(crate) fn check_sequences(
    config: &Config,
    shape: SequenceShape,
    steps: usize,
    device: &Device,
) -> Result<()> {
    check_estimate(config, &MemoryEstimate::of_sequences(config, shape, steps), device)
}

/// As [`check_memory`], of films.
///
/// # Errors
/// As [`check_memory`].
pub(crate) fn check_films(config: &Config, frame: FrameShape, device: &Device) -> Result<()> {
    check_estimate(config, &MemoryEstimate::of_films(config, frame), device)
}

/// Whether memory is compared at all: what a GPU computes with other methods, the estimate does not know.
fn is_checked(config: &Config, device: &Device) -> bool {
    config.train.memory_check && device.is_cpu()
}

fn check_estimate(config: &Config, estimate: &MemoryEstimate, device: &Device) -> Result<()> {
    if !is_checked(config, device) {
        return Ok(());
    }
    free_memory().map_or(Ok(()), |free| check_against(config, estimate, free as f64))
}

fn check_against(config: &Config, estimate: &MemoryEstimate, free: f64) -> Result<()> {
    const GIB: f64 = (1_u64 << 30) as f64;
    let needed = estimate.bytes();
    if needed <= free {
        return Ok(());
    }
    let knob = estimate.knob(config);
    Err(Error::Memory { needed_gib: needed / GIB, free_gib: free / GIB, knob })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::OptimizerName;

    const MIB: f64 = (1 << 20) as f64;

    /// The published experiment with a batch of one.
    fn config(name: ModelName) -> Config {
        let mut config = Config::published(name, "mass_spring");
        config.train.batch_size = 1;
        config
    }

    fn bytes(config: &Config) -> f64 {
        MemoryEstimate::new(config, FrameShape::SUITE).bytes()
    }

    #[test]
    fn it_grows_with_every_knob() {
        type Turn = fn(&mut Config);
        let knobs: [(&str, Turn); 6] = [
            ("batch", |config| config.train.batch_size *= 2),
            ("window", |config| config.train.window *= 2),
            ("prefetch", |config| config.train.prefetch *= 2),
            ("encoder", |config| config.model.encoder.channels *= 2),
            ("decoder", |config| config.model.decoder.channels *= 2),
            ("dynamics", |config| {
                config.model.cell.rows *= 2;
                config.model.ar.layers[0] *= 2;
                config.model.latent.hidden[0] *= 2;
            }),
        ];
        for name in ModelName::ALL {
            let least = config(name);
            for (knob, turn) in knobs {
                let mut more = least.clone();
                turn(&mut more);
                assert!(bytes(&more) > bytes(&least), "{} {knob}", name.as_str());
            }
            let large = FrameShape::new(64, 32, 3).unwrap();
            let of_large = MemoryEstimate::new(&least, large).bytes();
            assert!(of_large > bytes(&least), "{}", name.as_str());
        }
    }

    #[test]
    fn one_moment_needs_less_than_two() {
        let adam = config(ModelName::Ar);
        let mut sgd = adam.clone();
        sgd.train.optimizer = OptimizerName::Sgd;
        assert!(bytes(&sgd) < bytes(&adam));
    }

    #[test]
    fn the_knob_is_the_one_that_weighs_most() {
        let knob = |config: &Config| MemoryEstimate::new(config, FrameShape::SUITE).knob(config);
        let mut batch = config(ModelName::Nwm2d);
        batch.train.batch_size = 1000;
        assert_eq!(knob(&batch), "train.batch_size");
        let mut window = config(ModelName::Nwm2d);
        (window.train.batch_size, window.train.window) = (16, 4000);
        assert_eq!(knob(&window), "train.window");
        let mut prefetch = config(ModelName::Ar);
        prefetch.train.prefetch = 100_000;
        assert_eq!(knob(&prefetch), "train.prefetch");
        let mut decoder = config(ModelName::Hgn);
        decoder.model.decoder.channels = 2000;
        assert_eq!(knob(&decoder), "model.decoder.channels");
        let mut cell = config(ModelName::Cornn);
        cell.model.cell.rows = 500;
        assert_eq!(knob(&cell), "model.cell.rows");
        let mut layers = config(ModelName::Ar);
        layers.model.ar.layers = vec![20_000; 3];
        assert_eq!(knob(&layers), "model.ar.layers");
        // Nothing is above its published value.
        let mut published = config(ModelName::Ar);
        published.train.batch_size = 8;
        assert_eq!(knob(&published), "train.batch_size");
    }

    #[test]
    fn sizes_beyond_all_bounds_are_refused_without_a_panic() {
        let mut absurd = Config::published(ModelName::OdeTr, "mass_spring");
        absurd.train.batch_size = usize::MAX;
        (absurd.train.window, absurd.model.inference_steps) = (usize::MAX, usize::MAX - 2);
        (absurd.model.encoder.channels, absurd.model.decoder.channels) = (usize::MAX, usize::MAX);
        absurd.train.prefetch = usize::MAX;
        for name in ModelName::ALL {
            absurd.model.name = name;
            assert!(bytes(&absurd) > 1e30, "{}", name.as_str());
        }
        absurd.train.memory_check = false;
        check_memory(&absurd, FrameShape::SUITE, &Device::Cpu).unwrap();
    }

    #[test]
    fn the_message_has_numbers_and_the_knob() {
        let mut config = config(ModelName::Nwm2d);
        config.train.batch_size = 100_000;
        let estimate = MemoryEstimate::new(&config, FrameShape::SUITE);
        let error = check_against(&config, &estimate, 8.25 * 1024.0 * MIB).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Configuration);
        let message = error.to_string();
        for part in ["8.2 GiB are free", "lower train.batch_size", "train.memory_check=false"] {
            assert!(message.contains(part), "{message}");
        }
        check_against(&config, &estimate, 1e18).unwrap();
    }

    #[test]
    fn sequences_and_films_grow_with_what_they_are_made_of() {
        let shape = SequenceShape { features: 1, outputs: 10 };
        let digits = Config::published(ModelName::Nwm2d, "psmnist");
        let bytes =
            |config: &Config, steps| MemoryEstimate::of_sequences(config, shape, steps).bytes();
        assert!(bytes(&digits, 784) > 1.5e9 && bytes(&digits, 784) < 4e9);
        assert!(bytes(&digits, 196) < 0.4 * bytes(&digits, 784));
        let mut large = digits.clone();
        large.train.batch_size *= 10;
        let estimate = MemoryEstimate::of_sequences(&large, shape, 784);
        assert_eq!(estimate.knob(&large), "train.batch_size");
        (large.train.batch_size, large.model.cell.rows) = (digits.train.batch_size, 500);
        assert_eq!(estimate.knob(&large), "model.cell.rows");

        let frame = FrameShape { rows: 28, columns: 28, channels: 1 };
        let films = Config::published(ModelName::Nwm2d, "rotating_mnist");
        let bytes = |config: &Config| MemoryEstimate::of_films(config, frame).bytes();
        let mut long = films.clone();
        long.data.frames *= 10;
        assert!(bytes(&long) > 3.0 * bytes(&films));
        assert_eq!(MemoryEstimate::of_films(&long, frame).knob(&long), "data.frames");
        long.train.memory_check = false;
        check_films(&long, frame, &Device::Cpu).unwrap();
    }
}
