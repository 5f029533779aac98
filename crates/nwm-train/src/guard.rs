//! What is left behind when training fails: everything needed to see why.

use std::path::{Path, PathBuf};

use nwm_data::atomic::remove_scratch_files_of;
use nwm_models::MODEL_FILE;
use nwm_models::nn::Parameters;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::gradients::norm_squared;
use crate::run_folder::{CONFIGURATION_FILE, write_bytes, write_json};
use crate::step::StepResult;

/// Version of the bundle's `report.json`.
const BUNDLE_FORMAT: u32 = 1;

/// Its name.
const REPORT_FILE: &str = "report.json";

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    step: u64,
    what: &'a str,
    /// Numbers as text, since JSON has no NaN.
    loss: String,
    gradient_norm: String,
    items: &'a [(usize, usize)],
    tensors: Vec<TensorReport<'a>>,
}

#[derive(Serialize)]
struct TensorReport<'a> {
    name: &'a str,
    parameter_norm: String,
    gradient_norm: String,
}

/// The quantity of a step that is not finite, if one is.
pub(crate) fn not_finite(result: &StepResult) -> Option<&'static str> {
    if !result.loss.is_finite() {
        Some("the loss")
    } else if !(result.gradient_norm as f32).powi(2).is_finite() {
        // The optimiser squares gradients in single precision: from there on its moments would stay infinite.
        Some("the gradient norm")
    } else {
        None
    }
}

/// A step that was not taken.
#[derive(Clone, Copy)]
pub(crate) struct Failure<'a> {
    pub(crate) step: u64,
    /// Trajectory and first frame of each window.
    pub(crate) items: &'a [(usize, usize)],
    /// The quantity that is not finite.
    pub(crate) what: &'static str,
    /// The parameters before the step.
    pub(crate) parameters: &'a Parameters,
    /// The content of `model.safetensors` with them.
    pub(crate) model: &'a [u8],
}

/// Writes `diagnostics/step-NNNNNNNN/` and returns the error that names it.
///
/// The bundle holds the configuration, the parameters before the step, the windows of the batch, and the norm of every
/// parameter and gradient. Checkpoints are left alone.
pub(crate) fn diagnose(run_directory: &Path, failure: Failure<'_>, result: &StepResult) -> Error {
    let Failure { step, what, .. } = failure;
    match write_bundle(run_directory, failure, result) {
        Ok(bundle) => Error::NotFinite { step, what, bundle, more_retries: None },
        Err(error) => error,
    }
}

fn write_bundle(
    run_directory: &Path,
    Failure { step, items, what, parameters, model }: Failure<'_>,
    result: &StepResult,
) -> Result<PathBuf> {
    let folder = run_directory.join("diagnostics").join(format!("step-{step:08}"));
    std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
    for name in [REPORT_FILE, MODEL_FILE, CONFIGURATION_FILE] {
        remove_scratch_files_of(&folder.join(name))?;
    }
    let mut tensors = Vec::new();
    for ((name, tensor), gradient) in parameters.iter().zip(result.gradients.to_numbers()?) {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        tensors.push(TensorReport {
            name,
            parameter_norm: norm_squared(&values).sqrt().to_string(),
            gradient_norm: norm_squared(&gradient).sqrt().to_string(),
        });
    }
    write_json(
        &folder.join(REPORT_FILE),
        &Report {
            format: BUNDLE_FORMAT,
            step,
            what,
            loss: result.loss.to_string(),
            gradient_norm: result.gradient_norm.to_string(),
            items,
            tensors,
        },
    )?;
    write_bytes(&folder.join(MODEL_FILE), model)?;
    let configuration = run_directory.join(CONFIGURATION_FILE);
    if configuration.is_file() {
        let content = std::fs::read(&configuration).map_err(Error::io(&configuration))?;
        write_bytes(&folder.join(CONFIGURATION_FILE), &content)?;
    }
    Ok(folder)
}
