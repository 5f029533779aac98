//! How wave-like a model's hidden state is while it trains.

use candle_core::{DType, Device, IndexOp, Tensor};
use nwm_analysis::waves::{Grid, MetricsOptions, Surrogates, WaveMetrics};
use nwm_data::{FrameSource, Split, Window};
use nwm_models::{Model, ModelConfig, TopologyName, VariationalModel};

use crate::config::{AnalysisConfig, Config};
use crate::error::Result;
use crate::evaluation::{read_film, stack};
use crate::film_data::{film_frames, open_films};

/// Frames at the start that are left out: the published analysis drops as many.
pub(crate) const SKIPPED_FRAMES: usize = 18;

/// Frames that are measured: the filter continues each end by 24.
pub(crate) const MEASURED_FRAMES: usize = 72;

/// A few windows of true frames, the same at every measurement, and what is measured of the hidden state that they lead to.
///
/// A measurement reads the model, and draws its surrogates from a stream of its own.
#[derive(Debug)]
pub struct WaveProbe {
    given: Tensor,
    grid: Grid,
    options: MetricsOptions,
}

impl WaveProbe {
    /// A probe of the frames that a model is `given`, `[time, sequence, row, column, channel]`, at least its inference steps;
    /// none if the model has no sheet of oscillators. Surrogates are drawn from the seed.
    pub fn new(
        given: Tensor,
        model: &ModelConfig,
        analysis: &AnalysisConfig,
        seed: u64,
    ) -> Option<Self> {
        if !model.name.is_oscillator() {
            return None;
        }
        let mut options = MetricsOptions::default();
        options.skipped_frames = SKIPPED_FRAMES;
        options.band = Some(analysis.band);
        options.surrogates = Surrogates { count: analysis.surrogates, seed };
        Some(Self { given, grid: grid_of(model.cell.topology), options })
    }

    /// The probe of a run; none if it measures no waves. Its windows are a function of the run's seed.
    pub(crate) fn open(config: &Config, source: &dyn FrameSource) -> Result<Option<Self>> {
        if !config.measures_waves() {
            return Ok(None);
        }
        let (seed, length) = (config.train.seed, config.model.inference_steps);
        let sequences = config.analysis.sequences.min(source.trajectories());
        let films = (0..sequences)
            .map(|trajectory| {
                let window = Window::for_evaluation(seed, trajectory, source.frames(), length)?;
                read_film(source, &window)
            })
            .collect::<Result<Vec<_>>>()?;
        let given = stack(&films, 0, length, source.frame_shape(), &Device::Cpu)?;
        Ok(Self::new(given, &config.model, &config.analysis, seed))
    }

    /// The probe of a variational run: the first films of the validation split, 5 rounds of the turntable long. None if it
    /// measures no waves.
    pub(crate) fn open_films(config: &Config) -> Result<Option<Self>> {
        if !config.measures_waves() {
            return Ok(None);
        }
        let (sequences, surrogates) = (config.analysis.sequences, config.analysis.surrogates);
        Self::of_films(config, Split::Validation, sequences, surrogates)
    }

    /// The same of the first test films, as evaluations measure, beside shuffled sites and shifts in time; none if they measure
    /// no waves.
    pub(crate) fn of_test_films(config: &Config) -> Result<Option<Self>> {
        let sequences = config.eval.wave_sequences.min(config.data.test_trajectories);
        if sequences == 0 {
            return Ok(None);
        }
        let mut probe =
            Self::of_films(config, Split::Test, sequences, config.eval.wave_surrogates)?;
        if let Some(probe) = &mut probe {
            probe.options.both_nulls = true;
        }
        Ok(probe)
    }

    fn of_films(
        config: &Config,
        split: Split,
        sequences: usize,
        surrogates: usize,
    ) -> Result<Option<Self>> {
        let length = SKIPPED_FRAMES + MEASURED_FRAMES;
        let mut data = config.data.clone();
        match split {
            Split::Test => data.test_trajectories = sequences,
            _ => data.validation_trajectories = sequences,
        }
        let films = open_films(&data, split, length, config.train.seed)?;
        let given = film_frames(films.slice(0..sequences as u64)?, &Device::Cpu)?;
        let analysis = AnalysisConfig { surrogates, ..config.analysis.clone() };
        Ok(Self::new(given, &config.model, &analysis, config.train.seed))
    }

    /// The frames that the model is given.
    pub(crate) fn given(&self) -> &Tensor {
        &self.given
    }

    /// What is found in the positions of the model's oscillators while it forecasts, averaged over sequences and channels: the
    /// columns of [`WaveMetrics`], without numbers that are not finite.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) if the frames do not fit the model; [`Error::Analysis`](crate::Error::Analysis) if
    /// the band is none.
    pub fn measure(&self, model: &Model) -> Result<Vec<(String, f64)>> {
        let given = self.given.to_device(model.device())?;
        let states = model.unroll(&given, SKIPPED_FRAMES + MEASURED_FRAMES)?.states;
        // Field 0 is the position.
        self.measure_positions(&states.i((.., .., 0))?)
    }

    /// The same while a variational model reads the films of the probe, driven by the means of its posteriors.
    pub(crate) fn measure_films(&self, model: &VariationalModel) -> Result<Vec<(String, f64)>> {
        let given = self.given.to_device(model.device())?;
        let positions = model.positions(&given, None)?;
        let (time, sequences, _) = positions.dims3()?;
        let cell = &model.config().cell;
        let shape = (time, sequences, cell.channels, cell.rows, cell.columns);
        self.measure_positions(&positions.reshape(shape)?)
    }

    /// The same of positions `[time, sequence, channel, row, column]`.
    fn measure_positions(&self, positions: &Tensor) -> Result<Vec<(String, f64)>> {
        let positions = positions.to_dtype(DType::F32)?;
        let (time, _, _, rows, columns) = positions.dims5()?;
        let by_recording = positions.permute((1, 2, 0, 3, 4))?.contiguous()?;
        let values: Vec<f32> = by_recording.flatten_all()?.to_vec1()?;
        let recordings: Vec<&[f32]> = values.chunks_exact(time * rows * columns).collect();
        let metrics =
            WaveMetrics::of(&recordings, [time, rows, columns], self.grid, &self.options)?;
        Ok(metrics.columns().filter(|(_, value)| value.is_finite()).collect())
    }
}

/// Who is whose neighbour. Densely coupled oscillators have no neighbours: they are put on the torus in their order, as in the
/// published figures, where only chance can make waves of them.
pub(crate) fn grid_of(topology: TopologyName) -> Grid {
    match topology {
        TopologyName::Rings => Grid::Rings,
        _ => Grid::Torus,
    }
}
