//! Training a model that forecasts frames.

use candle_core::{DType, Device};
use nwm_data::{
    Cursor, FrameSource, Loader, LoaderOptions, SplitFrames, SplitType, Training, Validation,
};
use nwm_models::nn::Parameters;
use nwm_models::{CellScalars, Checkpoint, FrameShape, Model};

use crate::batch_frames::{for_device, frames_of};
use crate::config::{Config, TrainConfig};
use crate::data::{FILE_DATA, open_frames_with};
use crate::error::{Error, Result};
use crate::evaluation::validation_error;
use crate::memory::check_memory;
use crate::run::Observer;
use crate::step::{StepResult, noise_of_step, training_step};
use crate::task::{Items, Task, other_model};
use crate::wave_probe::WaveProbe;

/// A [`Model`], windows of frames, and the likelihood of what follows them.
pub(crate) struct ForecastTask<'a> {
    config: &'a Config,
    model: Model,
    loader: Loader,
    trajectories: usize,
    validation: Option<SplitFrames<Validation>>,
    waves: Option<WaveProbe>,
}

impl<'a> ForecastTask<'a> {
    /// Opens data and model, if they fit each other, the checkpoint and the memory.
    pub(crate) fn open(
        config: &'a Config,
        checkpoint: Option<&Checkpoint>,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        if config.data.name != FILE_DATA {
            // Before a set is made, which may take long.
            check_memory(config, FrameShape::SUITE, device)?;
        }
        let frames = open_split::<Training>(config, observer)?;
        let [rows, columns, channels] = frames.source().frame_shape();
        let frame = FrameShape::new(rows, columns, channels)?;
        check_memory(config, frame, device)?;
        let model = open_model(config, frame, checkpoint, device)?;
        let validation = config
            .has_validation()
            .then(|| open_split::<Validation>(config, observer))
            .transpose()?;
        if let Some(validation) = &validation {
            check_validation(config, validation.source(), frame)?;
        }
        let probed = validation.as_ref().map_or(frames.source(), SplitFrames::source);
        let waves = WaveProbe::open(config, probed)?;
        let trajectories = frames.source().trajectories();
        let loader = Loader::new(frames, loader_options(&config.train))?;
        let loader = for_device(loader, model.device());
        Ok(Self { config, model, loader, trajectories, validation, waves })
    }
}

impl Task for ForecastTask<'_> {
    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn model_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.model.to_bytes()?)
    }

    fn samples(&self) -> usize {
        self.trajectories
    }

    fn step(&mut self, step: u64) -> Result<(StepResult, Items)> {
        let cursor = Cursor { step };
        if self.loader.cursor() != cursor {
            self.loader.seek(&cursor);
        }
        let batch = self.loader.next_batch()?;
        let items = batch.items.clone();
        let TrainConfig { seed, batch_size, .. } = self.config.train;
        let noise = noise_of_step(&self.model, batch_size, seed, step)?;
        let result = training_step(&self.model, &frames_of(batch, self.model.device())?, &noise)?;
        Ok((result, items))
    }

    fn validate(&self) -> Result<Option<f64>> {
        let Some(frames) = &self.validation else { return Ok(None) };
        validation_error(self.config, &self.model, frames).map(Some)
    }

    fn cell_scalars(&self) -> Result<Option<CellScalars>> {
        Ok(self.model.cell_scalars()?)
    }

    fn measures_waves(&self) -> bool {
        self.waves.is_some()
    }

    fn measure_waves(&self) -> Result<Vec<(String, f64)>> {
        self.waves.as_ref().map_or_else(|| Ok(Vec::new()), |probe| probe.measure(&self.model))
    }
}

fn open_split<S: SplitType>(
    config: &Config,
    observer: &mut dyn Observer,
) -> Result<SplitFrames<S>> {
    open_frames_with(&config.data, &mut |done, total| observer.generated(done, total))
}

/// The model of a checkpoint, or a fresh one.
fn open_model(
    config: &Config,
    shape: FrameShape,
    checkpoint: Option<&Checkpoint>,
    device: &Device,
) -> Result<Model> {
    let Some(checkpoint) = checkpoint else {
        let seed = config.train.seed;
        return Ok(Model::new(&config.model, shape, seed, DType::F32, device)?);
    };
    let model = Model::from_checkpoint(checkpoint, device)?;
    if model.config() != &config.model || model.frame() != shape {
        return Err(other_model(checkpoint));
    }
    Ok(model)
}

/// Refuses validation frames that a forecast of the run cannot be compared with, before any step is taken.
fn check_validation(config: &Config, source: &dyn FrameSource, frame: FrameShape) -> Result<()> {
    let (length, expected) = (source.frames(), config.evaluation_window());
    let shape = [frame.rows, frame.columns, frame.channels];
    if source.frame_shape() == shape && length >= expected && source.trajectories() > 0 {
        return Ok(());
    }
    Err(Error::Key {
        origin: "configuration".into(),
        key: "data.validation_file".into(),
        problem: format!(
            "found {} trajectories of {length} frames {:?}, expected at least one of at least {expected} frames {shape:?}",
            source.trajectories(),
            source.frame_shape()
        ),
    })
}

fn loader_options(train: &TrainConfig) -> LoaderOptions {
    LoaderOptions {
        batch_size: train.batch_size,
        window: train.window,
        seed: train.seed,
        workers: train.loader_workers,
        prefetch: train.prefetch,
    }
}
