//! The published experiments: every key of a model on a data set.

use nwm_data::System;
use nwm_models::{BiasScope, CellSection, ModelConfig, ModelName, TaskName};

use super::names::task_of;
use super::sections::{
    AnalysisConfig, CheckpointChoice, Config, DataConfig, EvalConfig, TrainConfig,
};
use crate::optimizer::OptimizerName;
use crate::schedule::Schedule;

/// The published experiment of a model on a data set.
pub(super) fn published(name: ModelName, data: &str) -> Config {
    let task = task_of(data);
    let model = ModelConfig::published_for(name, task);
    match task {
        TaskName::Sequence if data == "adding" => adding_problem(model),
        TaskName::Sequence => sequential_digits(model, data),
        TaskName::Variational => films(model, data),
        _ => forecast(model, data),
    }
}

/// Table 1 (docs/theory.md, section 5).
fn forecast(model: ModelConfig, data: &str) -> Config {
    let defaults = DataConfig::default();
    let dt = System::parse_set(data).map_or(defaults.dt, |(system, _)| system.default_dt());
    let window = ModelConfig::published_window(model.name);
    Config {
        data: DataConfig { name: data.into(), dt, ..defaults },
        train: TrainConfig { window, ..TrainConfig::default() },
        model,
        ..Config::default()
    }
}

/// Table 2: digits pixel by pixel, in 120 epochs of 475 steps (docs/theory.md, section 8).
fn sequential_digits(model: ModelConfig, data: &str) -> Config {
    let permuted = data == "psmnist";
    let cell = if permuted {
        CellSection { dt: 0.076, gamma: 0.4, alpha: 8.0, ..model.cell }
    } else {
        model.cell
    };
    Config {
        data: DataConfig {
            name: data.into(),
            train_trajectories: 57_000,
            validation_trajectories: 3_000,
            test_trajectories: 10_000,
            ..DataConfig::default()
        },
        model: ModelConfig { cell, ..model },
        train: TrainConfig {
            steps: 57_000,
            batch_size: 120,
            learning_rate: if permuted { 5.4e-3 } else { 2.1e-3 },
            schedule: Schedule::Step,
            decay_after: 47_500,
            log_every: 25,
            checkpoint_every: 475,
            ..TrainConfig::default()
        },
        eval: EvalConfig {
            batch_size: 250,
            checkpoint: if permuted { CheckpointChoice::Best } else { CheckpointChoice::Last },
            ..EvalConfig::default()
        },
        ..Config::default()
    }
}

/// The adding problem: 100 steps and 128 units as published for the coRNN, 500 steps and a sheet of 11 x 11 as in the
/// released code of the wave machines (docs/theory.md, section 8).
fn adding_problem(model: ModelConfig) -> Config {
    let dense = model.name == ModelName::Cornn;
    let cell = if dense {
        CellSection { rows: 1, columns: 128, dt: 0.06, gamma: 66.0, alpha: 15.0, ..model.cell }
    } else {
        CellSection {
            rows: 11,
            columns: 11,
            channels: 1,
            bias: BiasScope::Site,
            dt: 0.016,
            gamma: 94.5,
            alpha: 9.5,
            ..model.cell
        }
    };
    let mut config = Config {
        data: DataConfig {
            name: "adding".into(),
            steps: if dense { 100 } else { 500 },
            validation_trajectories: 1_000,
            test_trajectories: 10_000,
            ..DataConfig::default()
        },
        model: ModelConfig { cell, ..model },
        train: TrainConfig {
            steps: if dense { 60_000 } else { 30_000 },
            batch_size: 50,
            learning_rate: 0.02,
            log_every: 25,
            checkpoint_every: 500,
            ..TrainConfig::default()
        },
        eval: EvalConfig { batch_size: 250, ..EvalConfig::default() },
        ..Config::default()
    };
    config.model.readout.bias = true;
    config
}

/// Figures 2 to 9: films of digits or gratings in 50 epochs of 375 steps, or of 6000 for rings, whose batches are small
/// (docs/theory.md, section 9).
fn films(model: ModelConfig, data: &str) -> Config {
    let rings = model.name == ModelName::Nwm1d;
    let (batch_size, epoch) = if rings { (8, 6_000) } else { (128, 375) };
    Config {
        data: DataConfig {
            name: data.into(),
            train_trajectories: 48_000,
            validation_trajectories: 12_000,
            test_trajectories: 10_000,
            frames: if data == "rotating_mnist" { 18 } else { 36 },
            ..DataConfig::default()
        },
        train: TrainConfig {
            steps: 50 * epoch,
            batch_size,
            optimizer: OptimizerName::Sgd,
            momentum: 0.9,
            learning_rate: 2.5e-4,
            log_every: 25,
            checkpoint_every: 5 * epoch,
            ..TrainConfig::default()
        },
        analysis: AnalysisConfig { every: epoch, ..AnalysisConfig::default() },
        eval: EvalConfig { batch_size: 100, ..EvalConfig::default() },
        model,
        ..Config::default()
    }
}
