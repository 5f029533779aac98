//! The ordered list of a model's parameters, and its file format.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, DeviceLocation, Tensor, Var};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::initialiser::Initialiser;
use crate::error::{Error, Result};

/// A model's parameters, in the order in which its layers registered them.
///
/// The variables are shared with the layers: setting one changes what the model computes.
#[derive(Clone, Debug)]
pub struct Parameters {
    entries: Vec<(String, Var)>,
    dtype: DType,
    device: Device,
}

impl Parameters {
    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.variable(name).map(Var::as_tensor)
    }

    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Var> {
        self.entries.iter().find(|(entry, _)| entry == name).map(|(_, variable)| variable)
    }

    /// Names and variables, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.entries.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many numbers all tensors hold together.
    pub fn count(&self) -> usize {
        self.entries.iter().map(|(_, variable)| variable.elem_count()).sum()
    }

    /// Number type of every tensor, `F32` or `F64`.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where every tensor is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The parameters and `metadata` as the bytes of a safetensors file; the same input gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Tensor`] if a tensor cannot be copied from its device; [`Error::Parameter`] if the format
    /// refuses one.
    pub fn to_bytes(&self, metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
        let stored = stored_type(self.dtype)?;
        let bytes = self
            .entries
            .iter()
            .map(|(_, variable)| little_endian(variable.as_tensor()))
            .collect::<Result<Vec<_>>>()?;
        let mut views = Vec::with_capacity(self.entries.len());
        for ((name, variable), bytes) in self.entries.iter().zip(&bytes) {
            let view = TensorView::new(stored, variable.dims().to_vec(), bytes)
                .map_err(|error| problem(name, format!("cannot be stored: {error}")))?;
            views.push((name.as_str(), view));
        }
        safetensors::serialize(views, stored_metadata(metadata)?)
            .map_err(|error| problem("file", format!("cannot be written: {error}")))
    }

    /// Sets every parameter from the bytes of a safetensors file and returns the file's metadata.
    ///
    /// The file must hold exactly these tensors; nothing is changed unless all of them fit. Numbers in half precision are
    /// taken for single-precision parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first tensor that is missing, unexpected, or of another shape or number
    /// type; `file` stands for the name where the bytes are not a safetensors file.
    pub fn load_bytes(&self, bytes: &[u8]) -> Result<BTreeMap<String, String>> {
        let broken = |error| problem("file", format!("not a readable safetensors file: {error}"));
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let mut found = file.names();
        found.sort_unstable();
        if let Some(name) = found.iter().find(|name| self.get(name).is_none()) {
            return Err(problem(
                name,
                "is in the file and not in the model; use the configuration it was saved with",
            ));
        }
        let mut loaded = Vec::with_capacity(self.entries.len());
        for (name, variable) in &self.entries {
            let view = file.tensor(name).map_err(|_| {
                problem(name, "is missing from the file; use the configuration it was saved with")
            })?;
            loaded.push(self.checked(name, variable, &view)?);
        }
        for ((_, variable), tensor) in self.entries.iter().zip(&loaded) {
            variable.set(tensor)?;
        }
        metadata_of(header.metadata().as_ref())
    }

    /// The tensor of a file as one that fits `variable`.
    fn checked(&self, name: &str, variable: &Var, view: &TensorView<'_>) -> Result<Tensor> {
        let stored = stored_type(self.dtype)?;
        let is_half = view.dtype() == Dtype::F16 && stored == Dtype::F32;
        if view.dtype() != stored && !is_half {
            let found = view.dtype();
            return Err(problem(
                name,
                format!("found numbers of type {found:?}, expected {stored:?}"),
            ));
        }
        if view.shape() != variable.dims() {
            let (found, expected) = (view.shape(), variable.dims());
            return Err(problem(name, format!("found shape {found:?}, expected {expected:?}")));
        }
        if is_half {
            let (numbers, _) = view.data().as_chunks::<2>();
            let values = numbers.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect();
            let values: Vec<f32> = values;
            return Ok(Tensor::from_vec(values, view.shape(), variable.device())?);
        }
        Ok(Tensor::from_raw_buffer(view.data(), self.dtype, view.shape(), variable.device())?)
    }
}

/// A parameter file of single-precision numbers with its numbers in half precision, which are off by up to 2^-11 of their
/// size; half as large, for keeping. The metadata stay.
///
/// # Errors
/// [`Error::Parameter`] if the bytes are not a safetensors file of single-precision numbers, or one of them is too large.
pub fn to_half_precision(file: &[u8]) -> Result<Vec<u8>> {
    let broken = |error| problem("file", format!("not a readable safetensors file: {error}"));
    let tensors = SafeTensors::deserialize(file).map_err(broken)?;
    let (_, header) = SafeTensors::read_metadata(file).map_err(broken)?;
    let mut halves = Vec::new();
    for (name, view) in tensors.tensors() {
        if view.dtype() != Dtype::F32 {
            let found = view.dtype();
            return Err(problem(&name, format!("found numbers of type {found:?}, expected F32")));
        }
        let (numbers, _) = view.data().as_chunks::<4>();
        let values: Vec<f16> =
            numbers.iter().map(|&bytes| f16::from_f32(f32::from_le_bytes(bytes))).collect();
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(problem(&name, format!("{value} is no half-precision number")));
        }
        let bytes: Vec<u8> = values.into_iter().flat_map(f16::to_le_bytes).collect();
        halves.push((name, view.shape().to_vec(), bytes));
    }
    let mut views = Vec::with_capacity(halves.len());
    for (name, shape, bytes) in &halves {
        let view = TensorView::new(Dtype::F16, shape.clone(), bytes)
            .map_err(|error| problem(name, format!("cannot be stored: {error}")))?;
        views.push((name.as_str(), view));
    }
    safetensors::serialize(views, header.metadata().clone())
        .map_err(|error| problem("file", format!("cannot be written: {error}")))
}

/// The metadata of a parameter file, and the number type of its tensors.
///
/// # Errors
/// [`Error::Parameter`] if the bytes are not a safetensors file of one number type, `F32` or `F64`, or `F16`, which stands for
/// parameters in single precision.
pub fn read_description(bytes: &[u8]) -> Result<(BTreeMap<String, String>, DType)> {
    let broken = |error| problem("file", format!("not a readable safetensors file: {error}"));
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let all = |dtype: Dtype| file.iter().all(|(_, view)| view.dtype() == dtype);
    let dtype = if all(Dtype::F32) || all(Dtype::F16) {
        DType::F32
    } else if all(Dtype::F64) {
        DType::F64
    } else {
        return Err(problem("file", "holds numbers of several types, expected all F32 or all F64"));
    };
    Ok((metadata_of(header.metadata().as_ref())?, dtype))
}

/// The only key under which metadata is stored: the format's own map has no order, and files must be
/// reproducible.
const METADATA_KEY: &str = "nwm";

fn stored_metadata(metadata: &BTreeMap<String, String>) -> Result<Option<HashMap<String, String>>> {
    let text = serde_json::to_string(metadata)
        .map_err(|error| problem("file", format!("metadata cannot be written: {error}")))?;
    Ok(Some(HashMap::from([(METADATA_KEY.to_owned(), text)])))
}

fn metadata_of(stored: Option<&HashMap<String, String>>) -> Result<BTreeMap<String, String>> {
    let Some(stored) = stored else { return Ok(BTreeMap::new()) };
    match stored.get(METADATA_KEY) {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| problem("file", format!("metadata is not a map of strings: {error}"))),
        None => Ok(stored.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
    }
}

fn problem(name: &str, problem: impl Into<String>) -> Error {
    Error::Parameter { name: name.to_owned(), problem: problem.into() }
}

/// Refuses what no kernel of the device computes in.
fn check_type(dtype: DType, location: DeviceLocation) -> Result<()> {
    let device = match location {
        DeviceLocation::Cpu => return Ok(()),
        DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    };
    match dtype {
        DType::F32 => Ok(()),
        found => Err(Error::NumberType { device, found }),
    }
}

fn stored_type(dtype: DType) -> Result<Dtype> {
    match dtype {
        DType::F32 => Ok(Dtype::F32),
        DType::F64 => Ok(Dtype::F64),
        other => Err(candle_core::Error::UnsupportedDTypeForOp(other, "parameters").bt().into()),
    }
}

fn little_endian(tensor: &Tensor) -> Result<Vec<u8>> {
    let flat = tensor.flatten_all()?;
    Ok(match tensor.dtype() {
        DType::F64 => flat.to_vec1::<f64>()?.into_iter().flat_map(f64::to_le_bytes).collect(),
        _ => flat.to_vec1::<f32>()?.into_iter().flat_map(f32::to_le_bytes).collect(),
    })
}

/// Collects the parameters of a model while its layers are built.
///
/// Each parameter's initial values come from a random stream of its own, keyed by seed and name: they do
/// not depend on the order in which layers are built, and are the same on every machine.
#[derive(Debug)]
pub struct ParameterBuilder {
    seed: u64,
    dtype: DType,
    device: Device,
    gain: f64,
    /// Numbers that may still be registered.
    room: usize,
    entries: Vec<(String, Var)>,
}

impl ParameterBuilder {
    /// Starts an empty list. `dtype` is that of every parameter, `F32` or `F64`.
    pub fn new(seed: u64, dtype: DType, device: &Device) -> Self {
        Self {
            seed,
            dtype,
            device: device.clone(),
            gain: 1.0,
            room: usize::MAX,
            entries: Vec::new(),
        }
    }

    /// Refuses parameters of more than `count` numbers in all, for those that a file describes: what it holds is known before
    /// any room is made.
    pub fn at_most(self, count: usize) -> Self {
        Self { room: count, ..self }
    }

    /// Normal distributions of parameters that are registered from now on have `gain` times their standard deviation.
    pub fn set_gain(&mut self, gain: f64) {
        self.gain = gain;
    }

    /// Registers a parameter and returns its tensor, through which gradients are tracked.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the name is taken, an axis is empty or there are too many numbers; [`Error::NumberType`] if the device computes in another
    /// number type; [`Error::Tensor`] if the number type is neither `F32` nor `F64`, or the device refuses.
    pub fn add(&mut self, name: &str, shape: &[usize], initialiser: Initialiser) -> Result<Tensor> {
        if self.entries.iter().any(|(entry, _)| entry == name) {
            return Err(problem(name, "is registered twice; give every layer a name of its own"));
        }
        if shape.contains(&0) {
            return Err(problem(
                name,
                format!(
                    "has shape {shape:?}, expected no empty axis; give the layer at least one input and output"
                ),
            ));
        }
        stored_type(self.dtype)?;
        check_type(self.dtype, self.device.location())?;
        let count = shape.iter().try_fold(1, |count: usize, &length| count.checked_mul(length));
        let Some((count, room)) =
            count.and_then(|count| Some((count, self.room.checked_sub(count)?)))
        else {
            let room = self.room;
            return Err(problem(
                name,
                format!(
                    "has shape {shape:?}, expected at most {room} numbers; the description of the model and its parameters do not fit"
                ),
            ));
        };
        self.room = room;
        let initialiser = initialiser.scaled(self.gain);
        let values = initialiser.values(self.seed, name, count);
        let values = Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(self.dtype)?;
        let variable = Var::from_tensor(&values.to_device(&self.device)?)?;
        let tensor = variable.as_tensor().clone();
        self.entries.push((name.to_owned(), variable));
        Ok(tensor)
    }

    /// The list of all parameters registered, in order.
    pub fn finish(self) -> Parameters {
        Parameters { entries: self.entries, dtype: self.dtype, device: self.device }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_take_single_precision_alone() {
        for location in [DeviceLocation::Cuda { gpu_id: 1 }, DeviceLocation::Metal { gpu_id: 0 }] {
            check_type(DType::F32, location).unwrap();
            let message = check_type(DType::F64, location).unwrap_err().to_string();
            assert!(message.contains("F64") && message.contains("F32"), "{message}");
        }
        let message = check_type(DType::F64, DeviceLocation::Cuda { gpu_id: 1 }).unwrap_err();
        assert!(message.to_string().contains("cuda:1"), "{message}");
        check_type(DType::F64, DeviceLocation::Cpu).unwrap();
    }
}
