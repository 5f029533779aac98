//! One training step of the models of Table 1: prediction, loss, gradients, Adam; and one measurement of the waves of the
//! hidden state, of those that have a sheet.
//!
//! Frames are a moving disc, parameters those of seed 0. What is reported as loss is the mean squared error after the
//! first step, so that it also depends on what Adam did; gradients are reported by the part of the model.
//! `--batch N` takes so many windows instead of 8, a quarter of the published batch, which four devices shared.
//! `--device cuda` (feature `cuda`) runs on a GPU; times are then from an idle card to an idle card.
//! `--write DIR` leaves frames, the noise of the posterior and parameters there, so that a peer starts from the same numbers.

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
use nwm_train::{
    Adam, Config, DeviceChoice, WaveProbe, mean_squared_error_of_logits, noise_of_step,
    training_step,
};

use crate::case::{CASES, Case};

/// Windows of a batch.
const BATCH: usize = 8;
/// Seed of the parameters.
const SEED: u64 = 0;

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(&["--batch", "--device", "--write"], benchmark) }
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
    let device = match arguments.choice("--device", &["cpu", "cuda"])? {
        Some("cuda") => DeviceChoice::Cuda(0).open()?,
        _ => Device::Cpu,
    };
    let batch = arguments.option("--batch").map_or(Ok(BATCH), str::parse)?;
    let model = Model::new(&case.config(), FrameShape::SUITE, SEED, DType::F32, &device)?;
    let frames = inputs::frames(case.frames(), batch)?.to_device(&device)?;
    let noise = noise_of_step(&model, batch, SEED, 0)?;
    if let Some(folder) = arguments.option("--write") {
        inputs::write(
            Path::new(folder),
            case.name,
            &model,
            [("frames", &frames), ("noise", &noise)],
        )?;
    }
    let error = || -> Result<_, Box<dyn Error>> {
        let forecast = model.training_forecast(&frames, &noise)?;
        Ok(mean_squared_error_of_logits(&forecast.logits, &forecast.target)?)
    };
    let config = Config::default().train;
    let mut adam = Adam::new(model.parameters(), &config)?;
    let mut report = Report::new("step", case.name, "adam", threads);
    let first = training_step(&model, &frames, &noise)?;
    report.gradient_norms = norms_by_part(&model, &first.gradients.to_numbers()?);
    adam.step(model.parameters(), &first.gradients, config.learning_rate)?;
    drop(first);
    report.loss = Some(f64::from(error()?.to_scalar::<f32>()?));

    // The peak while something is timed, not before.
    reset_peak_memory();
    let (timing, _) = time(arguments.repeats, || -> Result<_, Box<dyn Error>> {
        let error = error()?;
        device.synchronize()?;
        Ok(error)
    })?;
    report.add("forward", timing, case.flop(batch));

    let (timing, _) = time(arguments.repeats, || -> Result<_, Box<dyn Error>> {
        let step = training_step(&model, &frames, &noise)?;
        adam.step(model.parameters(), &step.gradients, config.learning_rate)?;
        Ok(device.synchronize()?)
    })?;
    report.add("step", timing, 3.0 * case.flop(batch));
    report.peak_memory = peak_memory_bytes();

    let analysis = Config::default().analysis;
    let probed = frames.narrow(1, 0, analysis.sequences)?.contiguous()?;
    if let Some(probe) = WaveProbe::new(probed, &case.config(), &analysis, SEED) {
        let (timing, _) = time(arguments.repeats, || probe.measure(&model))?;
        report.add_count("waves", timing, 1.0);
    }
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
