//! Layers of which each reads the result of the one before.

use nwm_cuda::{Argument, Grid, Kernel, Queue};

use super::super::super::device::{DeviceError, Numbers};
use super::super::operation::{Layer, Wanted};
use super::device_layer::{DeviceLayer, Epilogue, PLAIN_THREADS};
use super::modules::LEAKY_RELU_GRADIENT;
use super::tile::{Precision, Tile};

/// A stack for a batch, and how it is computed.
#[derive(Debug)]
pub(super) struct DeviceStack<'a, Q> {
    pub(super) queue: &'a Q,
    pub(super) layers: &'a [Layer],
    pub(super) batch: usize,
    pub(super) precision: Precision,
    /// Tile of every pass, instead of the one that suits its size.
    pub(super) tile: Option<Tile>,
}

/// Gradients, those that were wanted.
#[derive(Debug)]
pub(super) struct DeviceGradients<A> {
    pub(super) input: Option<A>,
    pub(super) parameters: Option<A>,
}

impl<Q: Queue> DeviceStack<'_, Q> {
    /// The results of all layers; only the last if the others are not wanted. `parameters` are the weight and the
    /// bias of each layer in order, one after the other.
    ///
    /// # Errors
    /// [`DeviceError::Length`] or [`DeviceError::Size`] before anything is launched; [`DeviceError::Launch`]
    /// with the device's answer.
    pub(super) fn forward(
        &self,
        input: Numbers<'_, Q::Array>,
        parameters: Numbers<'_, Q::Array>,
        all: bool,
    ) -> Result<Vec<Q::Array>, DeviceError> {
        self.check(input, parameters)?;
        let mut results: Vec<Q::Array> = Vec::with_capacity(self.layers.len());
        for (layer, parameters) in self.with_parameters(parameters) {
            let correlation = &layer.correlation;
            let result = self.queue.array(self.batch * correlation.output_size())?;
            let epilogue = Epilogue {
                bias: Some(parameters.after(layer.parameters()[0])),
                signs: None,
                slope: slope(layer),
            };
            let read = results.last().map_or(input, Numbers::of);
            self.device_layer(layer).forward(read, parameters, &epilogue, &result)?;
            if !all {
                results.clear();
            }
            results.push(result);
        }
        Ok(results)
    }

    /// Gradients of the input and of the parameters, those that are wanted. `results` are those of all layers,
    /// `gradient` is that of the last.
    ///
    /// # Errors
    /// [`DeviceError::Length`], [`DeviceError::Results`] or [`DeviceError::Size`] before anything is
    /// launched; [`DeviceError::Launch`] with the device's answer.
    pub(super) fn backward(
        &self,
        (input, parameters): (Numbers<'_, Q::Array>, Numbers<'_, Q::Array>),
        results: &[Numbers<'_, Q::Array>],
        gradient: Numbers<'_, Q::Array>,
        wanted: Wanted,
    ) -> Result<DeviceGradients<Q::Array>, DeviceError> {
        self.check(input, parameters)?;
        self.check_results(results, gradient)?;
        let of_parameters =
            wanted.parameters.then(|| self.queue.array(self.parameters())).transpose()?;
        let mut offset = self.parameters();
        // Before the activation of the layer that comes next.
        let mut before: Option<Q::Array> = None;
        let layers: Vec<_> = self.with_parameters(parameters).collect();
        for (index, &(layer, parameters)) in layers.iter().enumerate().rev() {
            offset -= layer.parameters().iter().sum::<usize>();
            if before.is_none() {
                before = self.before_last_activation(layer, results[index], gradient)?;
            }
            let of_result = before.as_ref().map_or(gradient, Numbers::of);
            let on_device = self.device_layer(layer);
            let read = if index == 0 { input } else { results[index - 1] };
            if let Some(of_parameters) = &of_parameters {
                let chunks = on_device.chunks();
                on_device.parameter_gradient((read, of_result), chunks, of_parameters, offset)?;
            }
            if index == 0 && !wanted.input {
                return Ok(DeviceGradients { input: None, parameters: of_parameters });
            }
            let of_read = self.queue.array(self.batch * layer.correlation.source_size())?;
            let epilogue = Epilogue {
                bias: None,
                signs: (index > 0).then_some(read),
                slope: if index > 0 { slope(layers[index - 1].0) } else { 1.0 },
            };
            on_device.input_gradient(of_result, parameters, &epilogue, &of_read)?;
            before = Some(of_read);
        }
        Ok(DeviceGradients { input: before, parameters: of_parameters })
    }

    /// The gradient before the activation of the last layer, none if there is no activation.
    fn before_last_activation(
        &self,
        layer: &Layer,
        result: Numbers<'_, Q::Array>,
        gradient: Numbers<'_, Q::Array>,
    ) -> Result<Option<Q::Array>, DeviceError> {
        if layer.slope.is_none() {
            return Ok(None);
        }
        let count = self.batch * layer.correlation.output_size();
        let before = self.queue.array(count)?;
        let arguments = [
            Argument::count("numbers of a result", count)?,
            Argument::Float(slope(layer)),
            result.argument(),
            gradient.argument(),
            Argument::array(&before, 0),
        ];
        let grid = Grid {
            blocks: [count.div_ceil(PLAIN_THREADS), 1, 1],
            threads: PLAIN_THREADS,
            shared_words: 0,
        };
        let kernel = Kernel { module: &LEAKY_RELU_GRADIENT, name: "leaky_relu_gradient" };
        self.queue.launch(kernel, grid, &arguments)?;
        Ok(Some(before))
    }

    fn device_layer<'a>(&'a self, layer: &'a Layer) -> DeviceLayer<'a, Q> {
        let Self { queue, batch, precision, tile, .. } = *self;
        DeviceLayer { queue, correlation: &layer.correlation, batch, precision, tile }
    }

    /// Numbers of all parameters.
    fn parameters(&self) -> usize {
        self.layers.iter().flat_map(Layer::parameters).sum()
    }

    /// Each layer with its parameters.
    fn with_parameters<'s, 'p>(
        &'s self,
        mut parameters: Numbers<'p, Q::Array>,
    ) -> impl Iterator<Item = (&'s Layer, Numbers<'p, Q::Array>)>
    where
        Q::Array: 'p,
    {
        self.layers.iter().map(move |layer| {
            let of_layer = parameters;
            parameters = parameters.after(layer.parameters().iter().sum());
            (layer, of_layer)
        })
    }

    fn check(
        &self,
        input: Numbers<'_, Q::Array>,
        parameters: Numbers<'_, Q::Array>,
    ) -> Result<(), DeviceError> {
        let of_sample = self.layers.first().map_or(0, |layer| layer.correlation.source_size());
        input.check(self.queue, "the input of a stack", self.batch * of_sample)?;
        parameters.check(self.queue, "the parameters of a stack", self.parameters())?;
        self.layers.iter().try_for_each(|layer| self.device_layer(layer).check())
    }

    fn check_results(
        &self,
        results: &[Numbers<'_, Q::Array>],
        gradient: Numbers<'_, Q::Array>,
    ) -> Result<(), DeviceError> {
        let (found, expected) = (results.len(), self.layers.len());
        if found != expected {
            return Err(DeviceError::Results { found, expected });
        }
        let size = |layer: &Layer| self.batch * layer.correlation.output_size();
        for (layer, &result) in self.layers.iter().zip(results) {
            result.check(self.queue, "the result of a layer", size(layer))?;
        }
        gradient.check(self.queue, "the gradient of a stack", self.layers.last().map_or(0, size))
    }
}

/// The slope of a layer's activation below zero; that of the identity if there is none.
fn slope(layer: &Layer) -> f32 {
    layer.slope.unwrap_or(1.0) as f32
}
