//! Results do not depend on the number of threads.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use candle_core::{DType, Device};
use nwm_data::{Loader, LoaderOptions, Training};
use nwm_models::{FrameShape, Model, ModelName};
use nwm_train::{Adam, Resolved, StepResult, frames_of, noise_of_step, open_frames, training_step};

/// Two whole steps (loading, prediction, gradients, optimiser): their results, and the parameters after them.
fn two_steps(resolved: &Resolved, workers: usize) -> (Vec<StepResult>, Vec<u8>) {
    let config = resolved.config();
    let frames = open_frames::<Training>(&config.data).unwrap();
    let options = LoaderOptions {
        batch_size: 5,
        window: config.train.window,
        workers,
        ..LoaderOptions::default()
    };
    let mut loader = Loader::new(frames, options).unwrap();
    let model = Model::new(&config.model, FrameShape::SUITE, 3, DType::F32, &Device::Cpu).unwrap();
    let mut adam = Adam::new(model.parameters(), &config.train).unwrap();
    let mut results = Vec::new();
    for _ in 0..2 {
        let batch = frames_of(loader.next_batch().unwrap(), &Device::Cpu).unwrap();
        let noise = noise_of_step(&model, batch.dim(1).unwrap(), 0, 0).unwrap();
        let result = training_step(&model, &batch, &noise).unwrap();
        adam.step(model.parameters(), &result.gradients, 1e-2).unwrap();
        results.push(result);
    }
    (results, model.to_bytes().unwrap())
}

#[test]
fn whole_training_steps_are_bit_equal_for_one_two_and_three_threads() {
    for name in ModelName::ALL {
        let folder = tempfile::tempdir().unwrap();
        let resolved = common::resolved(
            folder.path(),
            name.as_str(),
            &["model.cell.rows=7", "model.cell.columns=5", "model.encoder.channels=5"],
        );
        let with_threads = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| two_steps(&resolved, threads))
        };
        let one = with_threads(1);
        assert!(one.0.iter().all(|result| result.loss.is_finite()));
        assert!(one == with_threads(2), "{}: two threads differ from one", name.as_str());
        assert!(one == with_threads(3), "{}: three threads differ from one", name.as_str());
    }
}
