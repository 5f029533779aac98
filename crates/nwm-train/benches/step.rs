//! One training step of the models of Table 1: prediction, loss, gradients, Adam.
//!
//! Frames are a moving disc, parameters those of seed 0. The loss that is reported is that of the first step.
//! `--write DIR` leaves frames and parameters there, so that a peer starts from the same numbers.

#[path = "step/case.rs"]
mod case;
#[path = "step/inputs.rs"]
mod inputs;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use candle_core::{DType, Device};
use nwm_bench::{Arguments, Report, peak_memory_bytes, reset_peak_memory, time};
use nwm_models::{FrameShape, Model};
use nwm_train::{Adam, Config, forecast_loss, training_step};

use crate::case::{CASES, Case};

/// Seed of the parameters.
const SEED: u64 = 0;

fn main() -> ExitCode {
    nwm_bench::run(benchmark)
}

fn benchmark() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::from_process(&["--write"])?;
    let threads = arguments.start_threads()?;
    let known = CASES.map(|case| case.name);
    let names = arguments.select(&known, &known)?;
    if arguments.lists(&names)? {
        return Ok(());
    }
    for case in CASES.into_iter().filter(|case| names.contains(&case.name)) {
        measure(&case, &arguments, threads)?.print(arguments.json)?;
    }
    Ok(())
}

fn measure(case: &Case, arguments: &Arguments, threads: usize) -> Result<Report, Box<dyn Error>> {
    let model = Model::new(&case.config(), FrameShape::SUITE, SEED, DType::F32, &Device::Cpu)?;
    let frames = inputs::frames(Case::FRAMES, Case::BATCH)?;
    if let Some(folder) = arguments.option("--write") {
        inputs::write(Path::new(folder), case.name, &model, &frames)?;
    }
    let first = training_step(&model, &frames)?;
    let mut report = Report::new("step", case.name, "adam", threads);
    report.loss = Some(first.loss);
    report.gradient_norms.insert("all parameters".to_owned(), first.gradient_norm);
    drop(first);

    // The peak of this case, not of one before it.
    reset_peak_memory();
    let target = frames.narrow(0, 1, Case::FRAMES - 1)?;
    let (timing, _) = time(arguments.repeats, || -> Result<_, Box<dyn Error>> {
        Ok(forecast_loss(&model.teacher_forced(&frames)?, &target)?)
    })?;
    report.add("forward", timing, case.flop());

    let config = Config::default().train;
    let mut adam = Adam::new(model.parameters(), &config);
    let (timing, _) = time(arguments.repeats, || -> Result<_, Box<dyn Error>> {
        let step = training_step(&model, &frames)?;
        Ok(adam.step(model.parameters(), &step.gradients, config.learning_rate)?)
    })?;
    report.add("step", timing, 3.0 * case.flop());
    report.peak_memory = peak_memory_bytes();
    Ok(report)
}
