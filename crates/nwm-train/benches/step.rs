//! One training step of the models of Table 1: prediction, loss, gradients, Adam.
//!
//! Frames are a moving disc, parameters those of seed 0. What is reported as loss is the mean squared error after the
//! first step, so that it also depends on what Adam did; gradients are reported by the part of the model.
//! `--write DIR` leaves frames and parameters there, so that a peer starts from the same numbers.

#[path = "step/case.rs"]
mod case;
#[path = "step/inputs.rs"]
mod inputs;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use candle_core::{DType, Device};
use nwm_bench::{Arguments, Report, peak_memory_bytes, reset_peak_memory, time};
use nwm_models::{FrameShape, Model};
use nwm_train::{Adam, Config, PERFECT_LOSS, forecast_loss_of_logits, training_step};

use crate::case::{CASES, Case};

/// Seed of the parameters.
const SEED: u64 = 0;

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(&["--write"], benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    let known = CASES.map(|case| case.name);
    let names = arguments.select(&known, &known)?;
    if arguments.lists(&names)? {
        return Ok(());
    }
    for case in CASES.into_iter().filter(|case| names.contains(&case.name)) {
        measure(&case, arguments, threads)?.print(arguments.json)?;
    }
    Ok(())
}

fn measure(case: &Case, arguments: &Arguments, threads: usize) -> Result<Report, Box<dyn Error>> {
    let model = Model::new(&case.config(), FrameShape::SUITE, SEED, DType::F32, &Device::Cpu)?;
    let frames = inputs::frames(Case::FRAMES, Case::BATCH)?;
    if let Some(folder) = arguments.option("--write") {
        inputs::write(Path::new(folder), case.name, &model, &frames)?;
    }
    let target = frames.narrow(0, 1, Case::FRAMES - 1)?;
    let config = Config::default().train;
    let mut adam = Adam::new(model.parameters(), &config);
    let mut report = Report::new("step", case.name, "adam", threads);
    let first = training_step(&model, &frames)?;
    report.gradient_norms = norms_by_part(&model, &first.gradients);
    adam.step(model.parameters(), &first.gradients, config.learning_rate)?;
    drop(first);
    let loss = forecast_loss_of_logits(&model.teacher_forced_logits(&frames)?, &target)?;
    report.loss = Some(f64::from(loss.to_scalar::<f32>()?) - PERFECT_LOSS);
    drop(loss);

    // The peak while something is timed, not before.
    reset_peak_memory();
    let (timing, _) = time(arguments.repeats, || -> Result<_, Box<dyn Error>> {
        Ok(forecast_loss_of_logits(&model.teacher_forced_logits(&frames)?, &target)?)
    })?;
    report.add("forward", timing, case.flop());

    let (timing, _) = time(arguments.repeats, || -> Result<_, Box<dyn Error>> {
        let step = training_step(&model, &frames)?;
        Ok(adam.step(model.parameters(), &step.gradients, config.learning_rate)?)
    })?;
    report.add("step", timing, 3.0 * case.flop());
    report.peak_memory = peak_memory_bytes();
    Ok(report)
}

/// Norms of the gradients of each part of the model, which is the first word of a parameter's name.
fn norms_by_part(model: &Model, gradients: &[Vec<f32>]) -> BTreeMap<String, f64> {
    let mut squares: BTreeMap<String, f64> = BTreeMap::new();
    for ((name, _), gradient) in model.parameters().iter().zip(gradients) {
        let part = name.split('.').next().unwrap_or(name).to_owned();
        let square: f64 = gradient.iter().map(|&value| f64::from(value).powi(2)).sum();
        *squares.entry(part).or_default() += square;
    }
    squares.into_iter().map(|(part, square)| (part, square.sqrt())).collect()
}
