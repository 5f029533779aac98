//! `samples.safetensors`: true and forecast frames of a few test trajectories, for pictures.

use std::collections::HashMap;
use std::path::Path;

use nwm_models::{TaskName, Unrolled};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::Deserialize as _;

use crate::error::{Error, Result};
use crate::run_folder::write_bytes;

/// Name of the file in a run folder.
pub const SAMPLES_FILE: &str = "samples.safetensors";

/// Version of the file.
pub const SAMPLES_FORMAT: u32 = 1;

/// Frames as bytes, row 0 = smallest y.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastSamples {
    /// What the model has learnt: a variational one predicts every frame from all true ones before it.
    pub task: TaskName,
    /// Trajectories.
    pub count: usize,
    /// Predicted frames of each.
    pub frames: usize,
    /// Rows, columns and channels of a frame.
    pub shape: [usize; 3],
    /// The window's frame that index 0 is about: the first one that is predicted.
    pub first_frame: usize,
    /// True frames that were given.
    pub inference_steps: usize,
    /// `[trajectory, frame, row, column, channel]`.
    pub truth: Vec<u8>,
    /// The forecast of the same frames.
    pub prediction: Vec<u8>,
    /// Where the hidden state is a sheet of oscillators, the positions that each forecast frame was decoded from.
    pub states: Option<SheetSamples>,
}

impl Default for ForecastSamples {
    /// None, of a forecaster.
    fn default() -> Self {
        Self {
            task: TaskName::Forecast,
            count: 0,
            frames: 0,
            shape: [0; 3],
            first_frame: 0,
            inference_steps: 0,
            truth: Vec::new(),
            prediction: Vec::new(),
            states: None,
        }
    }
}

/// Positions of the first channel of a sheet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SheetSamples {
    /// Rows of the sheet.
    pub rows: usize,
    /// Columns of the sheet.
    pub columns: usize,
    /// `[trajectory, frame, row, column]`.
    pub values: Vec<f32>,
}

/// Values in \[0, 1\] as bytes. Generated frames are multiples of 1/255: rounding restores their bytes.
pub(crate) fn bytes_of(frame: &[f32]) -> impl Iterator<Item = u8> {
    frame.iter().map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8)
}

impl ForecastSamples {
    /// Appends one frame's true and forecast values, both in \[0, 1\].
    pub(crate) fn push(&mut self, truth: &[f32], prediction: &[f32]) {
        self.truth.extend(bytes_of(truth));
        self.prediction.extend(bytes_of(prediction));
    }

    /// Appends the hidden states of the first `trajectories` of a batch, if they are sheets.
    pub(crate) fn push_states(&mut self, forecast: &Unrolled, trajectories: usize) -> Result<()> {
        let [_, _, _, _, rows, columns] = *forecast.states.dims() else { return Ok(()) };
        let positions = forecast.states.narrow(2, 0, 1)?.narrow(3, 0, 1)?;
        let sheets = self.states.get_or_insert(SheetSamples { rows, columns, values: Vec::new() });
        for trajectory in 0..trajectories {
            let sheet = positions.narrow(1, trajectory, 1)?.flatten_all()?;
            sheets.values.extend(sheet.to_vec1::<f32>()?);
        }
        Ok(())
    }

    /// Hidden positions of one trajectory, `[frame, row, column]`.
    pub fn sheet(&self, index: usize) -> Option<&[f32]> {
        let sheets = self.states.as_ref()?;
        sheets.values.get(range(index, &[self.frames, sheets.rows, sheets.columns])?)
    }

    /// Bytes of one trajectory's true and forecast frames.
    pub fn trajectory(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let [rows, columns, channels] = self.shape;
        let range = range(index, &[self.frames, rows, columns, channels])?;
        Some((self.truth.get(range.clone())?, self.prediction.get(range)?))
    }

    /// Writes the file, atomically.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let [rows, columns, channels] = self.shape;
        let shape = vec![self.count, self.frames, rows, columns, channels];
        let refused = |error: safetensors::SafeTensorError| Error::File {
            path: path.to_owned(),
            problem: error.to_string(),
        };
        let view = |bytes| TensorView::new(Dtype::U8, shape.clone(), bytes).map_err(refused);
        // One key alone: the format's metadata has no order.
        let description = format!(
            "{{\"format\":{SAMPLES_FORMAT},\"first_frame\":{},\"inference_steps\":{},\"task\":\"{}\"}}",
            self.first_frame,
            self.inference_steps,
            self.task.as_str()
        );
        let metadata = HashMap::from([("samples".to_owned(), description)]);
        let mut tensors =
            vec![("truth", view(&self.truth)?), ("prediction", view(&self.prediction)?)];
        let states: Vec<u8>;
        if let Some(sheets) = &self.states {
            states = sheets.values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let shape = vec![self.count, self.frames, sheets.rows, sheets.columns];
            tensors.push(("states", TensorView::new(Dtype::F32, shape, &states).map_err(refused)?));
        }
        let content = serialize(tensors, Some(metadata)).map_err(refused)?;
        write_bytes(path, &content)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Io`] if it is not there, [`Error::File`] if it is damaged or of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path).map_err(Error::io(path))?;
        let damaged = |problem: String| Error::File {
            path: path.to_owned(),
            problem: format!("{problem}; delete it and run nwm eval again"),
        };
        let file = SafeTensors::deserialize(&content).map_err(|e| damaged(e.to_string()))?;
        let (_, header) =
            SafeTensors::read_metadata(&content).map_err(|e| damaged(e.to_string()))?;
        let description: serde_json::Value = header
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get("samples"))
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| damaged("found no description of the samples".into()))?;
        if description["format"] != SAMPLES_FORMAT {
            return Err(damaged(format!(
                "found samples format {}, expected {SAMPLES_FORMAT}",
                description["format"]
            )));
        }
        let tensor = |name| file.tensor(name).map_err(|error| damaged(error.to_string()));
        let (truth, prediction) = (tensor("truth")?, tensor("prediction")?);
        let (&[count, frames, rows, columns, channels], Dtype::U8) = (truth.shape(), truth.dtype())
        else {
            return Err(damaged(format!(
                "truth: found {:?} {:?}, expected U8 [trajectory, frame, row, column, channel]",
                truth.dtype(),
                truth.shape()
            )));
        };
        if (prediction.shape(), prediction.dtype()) != (truth.shape(), Dtype::U8) {
            return Err(damaged(format!(
                "prediction: found {:?}, expected {:?}",
                prediction.shape(),
                truth.shape()
            )));
        }
        let number = |key: &str, absent| description[key].as_u64().unwrap_or(absent) as usize;
        let states = match file.tensor("states") {
            Ok(states) => Some(sheets_of(&states, [count, frames]).map_err(damaged)?),
            Err(_) => None,
        };
        // Files that are older than tasks hold forecasts.
        let task = match &description["task"] {
            serde_json::Value::Null => TaskName::Forecast,
            task => TaskName::deserialize(task).map_err(|error| damaged(error.to_string()))?,
        };
        Ok(Self {
            task,
            count,
            frames,
            states,
            shape: [rows, columns, channels],
            first_frame: number("first_frame", 1),
            inference_steps: number("inference_steps", 0),
            truth: truth.data().to_vec(),
            prediction: prediction.data().to_vec(),
        })
    }
}

/// Where the entry `index` is in an array of entries of this shape. The lengths of an array without entries may be any.
fn range(index: usize, shape: &[usize]) -> Option<std::ops::Range<usize>> {
    let length = shape.iter().try_fold(1, |length: usize, &side| length.checked_mul(side))?;
    let start = index.checked_mul(length)?;
    Some(start..start.checked_add(length)?)
}

/// Hidden positions from their tensor.
fn sheets_of(
    states: &TensorView<'_>,
    expected: [usize; 2],
) -> std::result::Result<SheetSamples, String> {
    match (states.shape(), states.dtype()) {
        (&[count, frames, rows, columns], Dtype::F32) if [count, frames] == expected => {
            let number =
                |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let values = states.data().chunks_exact(4).map(number).collect();
            Ok(SheetSamples { rows, columns, values })
        }
        (shape, dtype) => Err(format!(
            "states: found {dtype:?} {shape:?}, expected F32 [trajectory, frame, row, column] with {expected:?} first"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_address_space_are_no_trajectory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SAMPLES_FILE);
        let samples = ForecastSamples {
            frames: usize::MAX,
            shape: [usize::MAX, 2, 3],
            states: Some(SheetSamples { rows: usize::MAX, columns: 2, values: Vec::new() }),
            ..ForecastSamples::default()
        };
        samples.write(&path).unwrap();
        let read = ForecastSamples::read(&path).unwrap();
        assert_eq!((read.trajectory(0), read.sheet(1)), (None, None));
    }

    #[test]
    fn samples_read_back_and_truncation_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SAMPLES_FILE);
        let mut samples = ForecastSamples {
            count: 1,
            frames: 2,
            shape: [1, 2, 3],
            inference_steps: 31,
            states: Some(SheetSamples { rows: 1, columns: 2, values: vec![0.5, -1.0, 2.0, 1e-3] }),
            ..ForecastSamples::default()
        };
        samples.push(&[81.0 / 255.0; 6], &[0.5; 6]);
        samples.push(&[1.0; 6], &[0.0; 6]);
        samples.write(&path).unwrap();
        let read = ForecastSamples::read(&path).unwrap();
        assert_eq!(read, samples);
        assert_eq!(read.trajectory(0).unwrap().0[..6], [81; 6]);
        assert!(read.trajectory(1).is_none());
        assert_eq!(read.sheet(0), Some(&[0.5, -1.0, 2.0, 1e-3][..]));
        let content = std::fs::read(&path).unwrap();
        for length in [0, 7, 40, content.len() - 1] {
            std::fs::write(&path, &content[..length]).unwrap();
            assert!(ForecastSamples::read(&path).is_err(), "{length} bytes");
        }
    }
}
