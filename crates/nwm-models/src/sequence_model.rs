//! A network that answers once it has read a whole sequence: coRNN and neural wave machines for classification and
//! regression (paper, Table 2; docs/theory.md, section 8).

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use nwm_core::Record;
use serde::{Deserialize, Serialize};

use crate::cell_scalars::CellScalars;
use crate::checkpoint::Checkpoint;
use crate::config::{ModelConfig, check_size};
use crate::error::{Error, Result};
use crate::model_file::{self, StoredModel};
use crate::names::TaskName;
use crate::nn::{Initialiser, Linear, LinearOptions, ParameterBuilder, Parameters};
use crate::oscillators::Oscillators;

/// Numbers that a sequence model reads at each step, and numbers of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceShape {
    /// Numbers read at each step.
    pub features: usize,
    /// Numbers of the answer: a logit for every class, or what a regression estimates.
    pub outputs: usize,
}

/// A sheet of oscillators that starts at rest, is driven by a projection of each input, and whose last positions a linear
/// map turns into the answer.
pub struct SequenceModel {
    config: ModelConfig,
    shape: SequenceShape,
    parameters: Parameters,
    layers: Layers,
    /// The same layers for answers without gradients.
    detached: Layers,
}

struct Layers {
    sheet: Oscillators,
    readout: Linear,
}

impl Layers {
    fn answer(&self, inputs: &Tensor) -> Result<Tensor> {
        let last = self.run(inputs, Record::Last)?.get(0)?;
        self.readout.forward(&last)
    }

    fn run(&self, inputs: &Tensor, record: Record) -> Result<Tensor> {
        let rest = (2, inputs.dim(1)?, self.sheet.units());
        let rest = Tensor::zeros(rest, inputs.dtype(), inputs.device())?;
        self.sheet.forward(inputs, &rest, record)
    }
}

impl SequenceModel {
    /// A model with freshly drawn parameters, a pure function of `seed` and the configuration.
    ///
    /// # Errors
    /// [`Error::Key`] or [`Error::Cell`] if the configuration is out of range.
    pub fn new(
        config: &ModelConfig,
        shape: SequenceShape,
        seed: u64,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        Self::build(config, shape, ParameterBuilder::new(seed, dtype, device))
    }

    /// Loads a trained model from a run folder (its newest intact checkpoint), a checkpoint folder or a parameter file, onto
    /// the CPU.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] if nothing intact is there or it is no sequence model; [`Error::Parameter`] if the
    /// parameters do not fit the model that the file describes.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        model_file::load(path.as_ref(), &Device::Cpu)
    }

    /// The model of a verified checkpoint, on a device.
    ///
    /// # Errors
    /// As [`SequenceModel::load`].
    pub fn from_checkpoint(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        model_file::from_checkpoint(checkpoint, device)
    }

    /// The content of a parameter file (safetensors): parameters in order, and what they belong to.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the parameters cannot be read from their device.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        model_file::to_bytes(&self.parameters, self.shape, &self.config)
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// What it reads and gives.
    pub fn shape(&self) -> SequenceShape {
        self.shape
    }

    /// Its parameters, in order.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Where its parameters are, and what it reads has to be.
    pub fn device(&self) -> &Device {
        self.parameters.device()
    }

    /// Time step, restoring and damping coefficient of its cell.
    ///
    /// # Errors
    /// [`Error::Tensor`] if a parameter cannot be read.
    pub fn cell_scalars(&self) -> Result<CellScalars> {
        CellScalars::of(&self.config.cell, &self.parameters)
    }

    /// The answers to whole sequences, through which gradients pass: `inputs` `[time, batch, feature]` to
    /// `[batch, output]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the inputs have another shape; [`Error::Cell`] if their numbers have another type.
    pub fn training_answer(&self, inputs: &Tensor) -> Result<Tensor> {
        self.check(inputs)?;
        self.layers.answer(inputs)
    }

    /// The same answers, for which nothing is kept.
    ///
    /// # Errors
    /// As [`SequenceModel::training_answer`].
    pub fn answer(&self, inputs: &Tensor) -> Result<Tensor> {
        self.check(inputs)?;
        self.detached.answer(inputs)
    }

    /// The hidden state after every step, `[time, batch, field, channel, row, column]`; fields are position and velocity. No
    /// gradient passes.
    ///
    /// # Errors
    /// As [`SequenceModel::training_answer`].
    pub fn states(&self, inputs: &Tensor) -> Result<Tensor> {
        self.check(inputs)?;
        let states = self.detached.run(inputs, Record::States)?;
        let cell = &self.config.cell;
        let (time, batch) = (inputs.dim(0)?, inputs.dim(1)?);
        Ok(states.reshape(vec![time, batch, 2, cell.channels, cell.rows, cell.columns])?)
    }

    fn check(&self, inputs: &Tensor) -> Result<()> {
        let features = self.shape.features;
        match *inputs.dims() {
            [time, batch, found] if time > 0 && batch > 0 && found == features => Ok(()),
            ref found => Err(Error::shape(
                "sequences",
                format!("[time, batch, feature] = [at least 1, at least 1, {features}]"),
                found,
            )),
        }
    }
}

impl StoredModel for SequenceModel {
    const TASK: TaskName = TaskName::Sequence;

    type Shape = SequenceShape;

    fn build(
        config: &ModelConfig,
        shape: SequenceShape,
        mut builder: ParameterBuilder,
    ) -> Result<Self> {
        config.validate_for(TaskName::Sequence)?;
        check_size("features of a sequence", shape.features)?;
        check_size("outputs of a sequence model", shape.outputs)?;
        let sheet = Oscillators::new(&mut builder, &config.cell, Some(shape.features))?;
        let start = Initialiser::uniform_fan_in(sheet.units());
        let options = LinearOptions { weight: start, bias: config.readout.bias.then_some(start) };
        let sizes = [sheet.units(), shape.outputs];
        let readout = Linear::with_options(&mut builder, "readout", sizes, options)?;
        let detached = Layers { sheet: sheet.detached(), readout: readout.detached() };
        Ok(Self {
            config: config.clone(),
            shape,
            parameters: builder.finish(),
            layers: Layers { sheet, readout },
            detached,
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
