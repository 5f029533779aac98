//! The sections of a configuration and their published defaults.

use std::path::PathBuf;

use nwm_analysis::waves::MetricsOptions;
use nwm_models::{ModelConfig, ModelName, TaskName};
use serde::{Deserialize, Serialize};

use super::published::published;
use crate::data::FILE_DATA;
use crate::optimizer::OptimizerName;
use crate::schedule::Schedule;

/// The whole tree of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What is forecast.
    pub data: DataConfig,
    /// What forecasts.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// What is measured of its hidden state meanwhile.
    pub analysis: AnalysisConfig,
    /// How it is scored.
    pub eval: EvalConfig,
    /// What its page shows.
    pub report: ReportConfig,
}

/// The `[data]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// A set of the suite (`mass_spring`, `pendulum_colors`, or a row of Table 1), or `file` for frames of one's own, to
    /// forecast; `smnist`, `psmnist` or `adding`, to read sequences; `rotating_mnist`, `gratings` or `noise`, for the
    /// variational model.
    pub name: String,
    /// Seed of the generated trajectories. All models of one table see the same data.
    pub seed: u64,
    /// Trajectories to train on (the published sets have 50 000), or digits (57 000 as sequences, 48 000 turning).
    pub train_trajectories: usize,
    /// Trajectories to score on (20 000 published), or digits (10 000).
    pub test_trajectories: usize,
    /// Trajectories to choose among checkpoints or settings on, apart from all others (0 published, which is none), or
    /// digits (3000 as sequences; 12 000 turning).
    pub validation_trajectories: usize,
    /// Frames of each trajectory (512 published) or film (18 of a turning digit, 36 of a grating).
    pub frames: usize,
    /// Time between frames: 0.05 for particles, 0.1 for games.
    pub dt: f64,
    /// Folder where generated states are kept; made if it is not there.
    pub cache: PathBuf,
    /// With `name = "file"`: HDF5 file to train on, `[trajectory, time, row, column, channel]`.
    pub train_file: PathBuf,
    /// With `name = "file"`: HDF5 file to score on.
    pub test_file: PathBuf,
    /// With `name = "file"`: HDF5 file to choose among checkpoints on; may be left out.
    pub validation_file: PathBuf,
    /// With `name = "file"`: data set inside these files.
    pub dataset: String,
    /// Folder of the four files of MNIST, where `nwm data fetch mnist` puts them.
    pub mnist: PathBuf,
    /// Digits as sequences: squares of so many rows and columns are averaged to one pixel (1 published). With 2 a sequence has
    /// 196 steps instead of 784.
    pub reduction: usize,
    /// The order of the pixels of `psmnist`: `seed:N`, which is the published one for N = 12008, or `run_seed` for another one
    /// in every run, as the released code has it.
    pub permutation: String,
    /// Steps of a sequence of `adding`.
    pub steps: usize,
    /// Whether every turning digit starts at an angle of its own (published: upright).
    pub random_start: bool,
    /// Pixels of a period of `gratings`.
    pub wavelength: f64,
}

/// The `[train]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Seed of the initial parameters and of the order and windows of the data.
    pub seed: u64,
    /// Optimiser steps (500 000 published).
    pub steps: u64,
    /// Windows in each step (paper: 32; code: 8 on each of 4 devices).
    pub batch_size: usize,
    /// Frames of each window: 60, with what the model sees; 65 for `hgn` and `ode_tr`, 64 for `rgn`.
    pub window: usize,
    /// Learning rate, after the warm-up.
    pub learning_rate: f64,
    /// Steps over which the rate rises from zero (0 published).
    pub warmup_steps: u64,
    /// `constant` (published), `cosine`, which falls to zero at the last step, or `step`, which falls once.
    pub schedule: Schedule,
    /// With `schedule = "step"`: steps at the full rate.
    pub decay_after: u64,
    /// With `schedule = "step"`: what the rate is multiplied by after them.
    pub decay_factor: f64,
    /// `adam` (published) or `sgd`, gradient descent with momentum.
    pub optimizer: OptimizerName,
    /// Decay of Adam's first moment.
    pub beta1: f64,
    /// Decay of Adam's second moment.
    pub beta2: f64,
    /// Adam's epsilon, outside the root.
    pub epsilon: f64,
    /// With `optimizer = "sgd"`: the share of the last step's momentum that stays.
    pub momentum: f64,
    /// Steps between rows of `metrics.csv`.
    pub log_every: u64,
    /// Steps between checkpoints, each of which is validated if there are validation trajectories.
    pub checkpoint_every: u64,
    /// Newest checkpoints that are kept, beside the one with the least validation error.
    pub keep_last: usize,
    /// Checkpoints without a smaller validation error after which training ends (0: it never ends early; published).
    pub patience: u64,
    /// How many times in all a step that is not finite is answered by going back to the last checkpoint and on from there
    /// with half the learning rate (0: it ends the run; published).
    pub retries: u32,
    /// Whether training is refused if its estimated need exceeds the memory that is free.
    pub memory_check: bool,
    /// Threads that prepare windows while a step runs.
    pub loader_workers: usize,
    /// Windows prepared ahead.
    pub prefetch: usize,
}

/// The `[analysis]` section: how wave-like the hidden state of `cornn`, `nwm_1d` and `nwm_2d` is while they train. The model
/// forecasts 90 frames of a few windows, the same ones at each measurement (of the validation set, or else of the training
/// set); the first 18 are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisConfig {
    /// Steps between measurements, each of which fills the columns `waves_*` of a row of `metrics.csv` (0: never).
    pub every: u64,
    /// Windows that are forecast.
    pub sequences: usize,
    /// The band of the filter, in cycles per frame (published 0.1 to 0.2, which is 0.2 to 0.4 of the highest frequency).
    pub band: [f64; 2],
    /// Recordings without waves that each one is compared with; the smallest p-value is one over one more than these.
    pub surrogates: usize,
}

/// Which stretch of the forecast is scored as extrapolation (docs/theory.md, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Horizon {
    /// Everything after the training window, which lies at different distances for different models.
    AsPublished,
    /// Steps 30 to 89 after the last true frame, for every model.
    Matched,
}

/// Which checkpoint is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckpointChoice {
    /// The newest intact one (published).
    Last,
    /// The one with the least validation error.
    Best,
}

/// The `[eval]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalConfig {
    /// Frames scored after the training window.
    pub extrapolation_steps: usize,
    /// Trajectories forecast at a time. Those of `ode_tr` with `dopri5` share their steps, and with them a part of their
    /// errors, of the size of the tolerance.
    pub batch_size: usize,
    /// Seed of the random windows (the released code leaves it to chance).
    pub window_seed: u64,
    /// `as_published` or `matched`: which frames count as extrapolation. The matched ones are scored in any case.
    pub horizon: Horizon,
    /// Which checkpoint is scored: `last` or `best`.
    pub checkpoint: CheckpointChoice,
    /// Trajectories of a group whose valid prediction times give one median.
    pub vpt_batch_size: usize,
    /// Groups of test trajectories that the valid prediction time is taken over (0: none).
    pub vpt_batches: usize,
    /// Relative squared error of a frame above which it counts as lost.
    pub vpt_threshold: f64,
    /// Groups of five test trajectories that SyMetric is taken over (0: none).
    pub symetric_batches: usize,
    /// Highest order of SyMetric's polynomials.
    pub symetric_order: usize,
    /// Test films in which the waves of a variational model are measured (0: none), and shown.
    pub wave_sequences: usize,
    /// Recordings without waves that each of them is compared with.
    pub wave_surrogates: usize,
    /// Unit in which tables print `l2_norm`.
    pub unit: f64,
}

/// The `[report]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportConfig {
    /// Test trajectories whose forecasts are kept and shown.
    pub samples: usize,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            name: "mass_spring".into(),
            seed: 0,
            train_trajectories: 50_000,
            test_trajectories: 20_000,
            validation_trajectories: 0,
            frames: 512,
            dt: 0.05,
            cache: PathBuf::from("data/cache"),
            train_file: PathBuf::new(),
            test_file: PathBuf::new(),
            validation_file: PathBuf::new(),
            dataset: "/frames".into(),
            mnist: PathBuf::from("data/cache/mnist"),
            reduction: 1,
            permutation: "seed:12008".into(),
            steps: 100,
            random_start: false,
            wavelength: 24.0,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 500_000,
            batch_size: 32,
            window: 60,
            learning_rate: 1.5e-4,
            warmup_steps: 0,
            schedule: Schedule::Constant,
            decay_after: 0,
            decay_factor: 0.1,
            optimizer: OptimizerName::Adam,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            momentum: 0.9,
            log_every: 50,
            checkpoint_every: 5000,
            keep_last: 3,
            patience: 0,
            retries: 0,
            memory_check: true,
            loader_workers: 1,
            prefetch: 2,
        }
    }
}

impl Default for AnalysisConfig {
    fn default() -> Self {
        Self { every: 500, sequences: 2, band: MetricsOptions::PAPER_BAND, surrogates: 19 }
    }
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self {
            extrapolation_steps: 60,
            batch_size: 16,
            window_seed: 0,
            horizon: Horizon::AsPublished,
            checkpoint: CheckpointChoice::Last,
            vpt_batch_size: 5,
            vpt_batches: 50,
            vpt_threshold: 0.025,
            symetric_batches: 20,
            symetric_order: 5,
            wave_sequences: 8,
            wave_surrogates: 199,
            unit: 1e-8,
        }
    }
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self { samples: 3 }
    }
}

impl Config {
    /// The published experiment of a model on a data set: Table 1 for those of the suite and for frames of one's own.
    pub fn published(name: ModelName, data: &str) -> Self {
        published(name, data)
    }

    /// Whether this is the published experiment of its model and data set: all settings are the published ones but
    /// seeds, places of files, and how often something is written.
    pub fn is_published(&self) -> bool {
        let free = self.clone();
        let default = Self::published(self.model.name, &self.data.name);
        let published = Self {
            data: DataConfig {
                name: free.data.name,
                seed: free.data.seed,
                cache: free.data.cache,
                mnist: free.data.mnist,
                ..default.data
            },
            model: default.model,
            train: TrainConfig {
                seed: free.train.seed,
                log_every: free.train.log_every,
                checkpoint_every: free.train.checkpoint_every,
                keep_last: free.train.keep_last,
                memory_check: free.train.memory_check,
                loader_workers: free.train.loader_workers,
                prefetch: free.train.prefetch,
                ..default.train
            },
            eval: EvalConfig {
                // The steps of an adaptive integration are those of a whole batch.
                batch_size: match self.model.name {
                    ModelName::OdeTr => default.eval.batch_size,
                    _ => free.eval.batch_size,
                },
                window_seed: free.eval.window_seed,
                ..default.eval
            },
            analysis: free.analysis,
            report: free.report,
        };
        self.data.name != FILE_DATA && *self == published
    }

    /// Whether there are trajectories to choose among checkpoints on.
    pub fn has_validation(&self) -> bool {
        if self.data.name == FILE_DATA {
            !self.data.validation_file.as_os_str().is_empty()
        } else {
            self.data.validation_trajectories > 0
        }
    }

    /// Whether the waves of the hidden state are measured while the model trains.
    pub fn measures_waves(&self) -> bool {
        let has_films = self.model.task != TaskName::Sequence;
        self.analysis.every > 0 && has_films && self.model.name.is_oscillator()
    }

    /// The key by which validation trajectories are asked for.
    pub(crate) fn validation_key(&self) -> &'static str {
        if self.data.name == FILE_DATA {
            "data.validation_file"
        } else {
            "data.validation_trajectories"
        }
    }

    /// Frames of one evaluation window: the training window and what is extrapolated.
    pub fn evaluation_window(&self) -> usize {
        self.train.window + self.eval.extrapolation_steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_settings_are_published() {
        let mut config = Config::default();
        assert!(config.is_published());
        (config.data.name, config.train.seed, config.train.keep_last) = ("pendulum".into(), 7, 9);
        config.analysis.every = 7;
        config.model = ModelConfig::published(ModelName::Cornn);
        assert!(config.is_published());
        for name in ModelName::ALL {
            assert!(Config::published(name, "spring").is_published());
        }
        let changes: [fn(&mut Config); 5] = [
            |config| config.train.steps = 5,
            |config| config.train.warmup_steps = 1,
            |config| config.data.test_trajectories = 64,
            |config| config.model.cell.rows = 11,
            |config| config.data.name = FILE_DATA.into(),
        ];
        for change in changes {
            let mut changed = config.clone();
            change(&mut changed);
            assert!(!changed.is_published(), "{changed:?}");
        }
    }
}
