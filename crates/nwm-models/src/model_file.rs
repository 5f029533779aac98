//! Parameter files that say which model they belong to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, MODEL_FILE, STATE_FILE, latest_checkpoint};
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::names::TaskName;
use crate::nn::{ParameterBuilder, Parameters, read_description};

/// Version of the parameter files this crate writes.
pub const MODEL_FORMAT: u32 = 1;

/// Key of a parameter file's metadata under which the model is described.
const DESCRIPTION_KEY: &str = "model";

/// Bytes of a number in half precision.
const SMALLEST_NUMBER: usize = 2;

/// A model of one task, which parameter files hold.
pub(crate) trait StoredModel: Sized {
    /// The task.
    const TASK: TaskName;

    /// What it reads and gives.
    type Shape: Serialize + DeserializeOwned;

    /// A model of this shape, of the parameters that `builder` collects, which are to be replaced.
    fn build(config: &ModelConfig, shape: Self::Shape, builder: ParameterBuilder) -> Result<Self>;

    /// Its parameters, in order.
    fn parameters(&self) -> &Parameters;
}

/// The trained model that `path` stands for: a run folder (its newest intact checkpoint), a checkpoint folder or a parameter file.
pub(crate) fn load<M: StoredModel>(path: &Path, device: &Device) -> Result<M> {
    let (content, path) = read(path)?;
    from_bytes(&content, &path, device)
}

/// The model of a verified checkpoint.
pub(crate) fn from_checkpoint<M: StoredModel>(
    checkpoint: &Checkpoint,
    device: &Device,
) -> Result<M> {
    let (content, path) = read_checkpoint(checkpoint)?;
    from_bytes(&content, &path, device)
}

/// The model in the bytes of a parameter file; `path` is for messages alone.
fn from_bytes<M: StoredModel>(content: &[u8], path: &Path, device: &Device) -> Result<M> {
    let (Description { shape, model, .. }, dtype) = description(content, path, M::TASK)?;
    // A description may claim any size: no room is made for parameters that the file cannot hold.
    let builder = ParameterBuilder::new(0, dtype, device).at_most(content.len() / SMALLEST_NUMBER);
    let model = M::build(&model, shape, builder)?;
    model.parameters().load_bytes(content)?;
    Ok(model)
}

/// What a parameter file says of the model it belongs to.
#[derive(Serialize, Deserialize)]
struct Description<Shape> {
    format: u32,
    /// Of what the model reads and gives.
    #[serde(rename = "frame")]
    shape: Shape,
    model: ModelConfig,
}

/// The part of a description that every version and every task has.
#[derive(Deserialize)]
struct AnyDescription {
    model: AnyModel,
}

#[derive(Deserialize)]
struct AnyModel {
    /// Files that are older than tasks hold forecasters.
    task: Option<TaskName>,
}

/// The content of a parameter file (safetensors): parameters in order, and what they belong to.
pub(crate) fn to_bytes<Shape: Serialize>(
    parameters: &Parameters,
    shape: Shape,
    config: &ModelConfig,
) -> Result<Vec<u8>> {
    let description = Description { format: MODEL_FORMAT, shape, model: config.clone() };
    let description = serde_json::to_string(&description).map_err(|error| Error::Parameter {
        name: "description".into(),
        problem: error.to_string(),
    })?;
    parameters.to_bytes(&BTreeMap::from([(DESCRIPTION_KEY.to_owned(), description)]))
}

/// The description in the bytes of a parameter file, and the type of its numbers; `path` is for messages alone.
fn description<Shape: DeserializeOwned>(
    content: &[u8],
    path: &Path,
    task: TaskName,
) -> Result<(Description<Shape>, DType)> {
    let damaged = |problem: String| Error::File { path: path.into(), problem };
    let (metadata, dtype) =
        read_description(content).map_err(|error| damaged(error.to_string()))?;
    let text = metadata.get(DESCRIPTION_KEY).ok_or_else(|| {
        damaged("the file does not say which model it belongs to; expected one nwm wrote".into())
    })?;
    let unreadable = |error: serde_json::Error| damaged(format!("model description: {error}"));
    // Version and task first: what follows may be in words that this version or this task does not know.
    let any: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
    let version = any.get("format").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(MODEL_FORMAT)) {
        let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        return Err(damaged(format!(
            "found model format {found}, expected {MODEL_FORMAT}; use the version of nwm that wrote it"
        )));
    }
    let AnyDescription { model } = serde_json::from_value(any).map_err(unreadable)?;
    let found = model.task.unwrap_or(TaskName::Forecast);
    if found != task {
        return Err(damaged(format!(
            "found a model for the task {}, expected one for {}",
            found.as_str(),
            task.as_str()
        )));
    }
    Ok((serde_json::from_str(text).map_err(unreadable)?, dtype))
}

/// The bytes of the parameter file that `path` stands for, and where they are.
fn read(path: &Path) -> Result<(Vec<u8>, PathBuf)> {
    if path.is_file() {
        let content =
            std::fs::read(path).map_err(|source| Error::Io { path: path.into(), source })?;
        return Ok((content, path.to_owned()));
    }
    let checkpoint = if path.join(STATE_FILE).is_file() {
        Checkpoint::open(path)?
    } else {
        match latest_checkpoint(path)? {
            (Some(checkpoint), _) => checkpoint,
            (None, damaged) => {
                return Err(damaged.into_iter().next().unwrap_or_else(|| Error::File {
                    path: path.into(),
                    problem: "found no checkpoint, expected checkpoints/step-NNNNNNNN; train first or check the path".into(),
                }));
            }
        }
    };
    read_checkpoint(&checkpoint)
}

/// The bytes of the parameter file of a verified checkpoint, and where they are.
fn read_checkpoint(checkpoint: &Checkpoint) -> Result<(Vec<u8>, PathBuf)> {
    Ok((checkpoint.read(MODEL_FILE)?, checkpoint.directory().join(MODEL_FILE)))
}
