//! Whether a queue computes what the cpu does, and the same twice.

use std::error::Error;

use candle_core::{DType, Device, Tensor};
use nwm_core::cuda::Precision;
use nwm_core::{Cell, Record};
use nwm_cuda::Queue;
use serde_json::json;

use crate::problem::{Outcome, Problem};
use crate::say;

/// Bounds on relative errors. Rounding errors add up over steps; tensor cores round sums towards zero, and TF32 every factor by
/// up to 5e-4.
fn bound(problem: &Problem) -> f64 {
    let steps = (problem.case.steps as f64).sqrt();
    match problem.precision {
        Precision::Single => 2e-6 * steps.max(1.0),
        Precision::Tf32x3 => 5e-6 * steps.max(1.0),
        Precision::Tf32 => 2e-3 * steps.max(1.0),
    }
}

/// Names of what a run computes.
const PARTS: [&str; 4] = ["velocities", "drive", "initial", "packed"];

/// Velocities with the last position, and the gradients of drive, initial state and parameters.
fn outcome<Q: Queue>(queue: &Q, problem: &Problem) -> Result<[Vec<f32>; 4], Box<dyn Error>> {
    let arrays = problem.upload(queue)?;
    let Outcome { written, gradients } = problem.gradients(queue, &arrays)?;
    let drive = gradients.drive.ok_or("find the gradient of the drive")?;
    Ok([
        queue.download(&written.result)?,
        queue.download(&drive)?,
        queue.download(&gradients.initial)?,
        queue.download(&gradients.packed)?,
    ])
}

/// The same on the cpu, in double precision.
fn expected(problem: &Problem) -> Result<[Vec<f64>; 4], Box<dyn Error>> {
    let cell = Cell::new(problem.config.clone())?;
    let (batch, steps, units) = (problem.case.batch, problem.case.steps, cell.units());
    let tensor = |values: &[f32], shape: &[usize]| {
        Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(DType::F64)
    };
    let recording = cell.record(
        &tensor(&problem.drive, &[steps, batch, units])?,
        &tensor(&problem.initial, &[2, batch, units])?,
        &tensor(&problem.packed, &[problem.packed.len()])?,
        Record::Velocities,
    )?;
    let gradient = tensor(&problem.gradient, &[steps + 1, batch, units])?;
    let gradients = recording.pull_back(&gradient)?;
    let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f64>();
    Ok([
        values(recording.result())?,
        values(&gradients.drive)?,
        values(&gradients.initial)?,
        values(&gradients.packed)?,
    ])
}

/// Checks results and gradients against the cpu; returns what failed.
pub(crate) fn agreement<Q: Queue>(
    queue: &Q,
    problem: &Problem,
) -> Result<Vec<String>, Box<dyn Error>> {
    let bound = bound(problem);
    let pairs = outcome(queue, problem)?.into_iter().zip(expected(problem)?);
    let mut failed = Vec::new();
    for (part, (found, expected)) in PARTS.into_iter().zip(pairs) {
        let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
        let differences =
            found.iter().zip(&expected).map(|(&found, expected)| f64::from(found) - expected);
        let size = squares(&mut expected.iter().copied());
        let error = (squares(&mut { differences }) / size).sqrt();
        let is_ok = error <= bound;
        let (case, precision) = (problem.case.name, problem.precision_name());
        say(&json!({
            "format": 1, "bench": "gpu", "check": "agreement", "case": case, "precision": precision,
            "part": part, "error": error, "bound": bound, "ok": is_ok,
        }))?;
        if !is_ok {
            failed.push(format!("{case} in {precision}, {part}"));
        }
    }
    Ok(failed)
}

/// Checks that a second run gives the same bits; returns what failed.
pub(crate) fn determinism<Q: Queue>(
    queue: &Q,
    problem: &Problem,
) -> Result<Vec<String>, Box<dyn Error>> {
    let bits = |outcome: [Vec<f32>; 4]| {
        outcome.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
    };
    let is_ok = bits(outcome(queue, problem)?) == bits(outcome(queue, problem)?);
    let (case, precision) = (problem.case.name, problem.precision_name());
    say(&json!({
        "format": 1, "bench": "gpu", "check": "determinism", "case": case, "precision": precision, "ok": is_ok,
    }))?;
    let failed = (!is_ok).then(|| format!("{case} in {precision}, the same bits twice"));
    Ok(failed.into_iter().collect())
}
