//! Numbers of models that answer sequences, and of variational ones, as far as they take memory.

use nwm_models::{FrameShape, ModelConfig, SequenceShape};

use super::parts::{Part, Parts, cell_parameters};

impl Parts {
    /// Of a model that answers `samples` sequences of so many steps. The projection of an input lives for a step, so that
    /// what is kept is the course of the sheet: velocities, and with a norm positions.
    pub(super) fn of_sequences(
        model: &ModelConfig,
        shape: SequenceShape,
        steps: f64,
        samples: f64,
    ) -> Self {
        let units = model.cell.units() as f64;
        let [features, outputs] = [shape.features, shape.outputs].map(|size| size as f64);
        let planes = if model.cell.state_norm { 2.0 } else { 1.0 };
        let cell = cell_parameters(model);
        let readout = units * outputs;
        Self {
            encoder: Part { parameters: features * units, ..Part::default() },
            dynamics: Part {
                parameters: cell,
                kept: samples * steps * planes * units,
                // Rows of a step, and sums of the cell's gradients in double precision.
                working: samples * 8.0 * units + 2.0 * cell,
            },
            decoder: Part {
                parameters: readout + outputs,
                kept: samples * (2.0 * units + 4.0 * outputs),
                working: samples * (units + outputs) + readout,
            },
        }
    }

    /// Of a variational model and `films` films of `time` frames: every layer keeps its results, before and behind its ReLU.
    pub(super) fn of_films(model: &ModelConfig, frame: FrameShape, time: f64, films: f64) -> Self {
        let units = model.cell.units() as f64;
        let pixels = frame.values() as f64;
        let latents = if model.encoder.unused_half { 2.0 * units } else { units };
        let pictures = time * films;
        let encoder = perceptron(pixels, &model.encoder.layers, 2.0 * latents, pictures);
        let decoder = perceptron(units, &model.decoder.layers, pixels, pictures);
        let cell = cell_parameters(model);
        let projection = if model.cell.drive_projection { units * units } else { 0.0 };
        Self {
            // Halves of the statistics, noise, deviations, their product, samples and their norm.
            encoder: Part { kept: encoder.kept + pictures * 8.0 * latents, ..encoder },
            dynamics: Part {
                parameters: cell + projection,
                kept: pictures * 4.0 * units,
                working: pictures * 3.0 * units + 2.0 * cell,
            },
            // The target, what a pixel costs, and predictions for the log.
            decoder: Part { kept: decoder.kept + pictures * 3.0 * pixels, ..decoder },
        }
    }
}

/// Affine maps with ReLU between them.
fn perceptron(inputs: f64, hidden: &[usize], outputs: f64, rows: f64) -> Part {
    let mut part = Part::default();
    let mut from = inputs;
    let last = [outputs];
    let sizes = hidden.iter().map(|&units| units as f64).chain(last);
    for (index, to) in sizes.enumerate() {
        let copies = if index < hidden.len() { 2.0 } else { 1.0 };
        part.parameters += (from + 1.0) * to;
        part.kept += rows * copies * to;
        // Gradients of the result and of what was read.
        part.working = part.working.max(rows * (from + copies * to));
        from = to;
    }
    part
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use nwm_models::{ModelName, SequenceModel, TaskName, VariationalModel};

    use super::*;

    fn counted(parts: &Parts) -> f64 {
        let Parts { encoder, dynamics, decoder } = parts;
        encoder.parameters + dynamics.parameters + decoder.parameters
    }

    fn assert_near(counted: f64, parameters: usize, what: &str) {
        let ratio = counted / parameters as f64;
        // Biases are counted whether there are any or not.
        assert!((0.99..1.1).contains(&ratio), "{what}: {counted} of {parameters}");
    }

    #[test]
    fn parameters_are_about_those_of_the_models() {
        let (shape, frame) = (
            SequenceShape { features: 1, outputs: 10 },
            FrameShape { rows: 28, columns: 28, channels: 1 },
        );
        for name in [ModelName::Cornn, ModelName::Nwm2d, ModelName::Nwm1d] {
            let mut config = ModelConfig::published_for(name, TaskName::Sequence);
            (config.cell.rows, config.cell.columns) = (8, 8);
            let model = SequenceModel::new(&config, shape, 0, DType::F32, &Device::Cpu).unwrap();
            let parts = Parts::of_sequences(&config, shape, 3.0, 2.0);
            assert_near(counted(&parts), model.parameters().count(), name.as_str());
            let mut config = ModelConfig::published_for(name, TaskName::Variational);
            (config.cell.rows, config.cell.columns) = (6, 6);
            config.encoder.layers = vec![20, 30];
            let model = VariationalModel::new(&config, frame, 0, DType::F32, &Device::Cpu).unwrap();
            let parts = Parts::of_films(&config, frame, 3.0, 2.0);
            assert_near(counted(&parts), model.parameters().count(), name.as_str());
        }
    }

    /// The course of 784 steps of 120 sequences through 16 maps of 16 x 16 sites is 1.5 GB.
    #[test]
    fn most_of_a_sequence_model_is_its_course() {
        let config = ModelConfig::published_for(ModelName::Nwm2d, TaskName::Sequence);
        let shape = SequenceShape { features: 1, outputs: 10 };
        let parts = Parts::of_sequences(&config, shape, 784.0, 120.0);
        assert_eq!(parts.dynamics.kept, 784.0 * 120.0 * 4096.0);
        assert!(parts.dynamics.working < 0.05 * parts.dynamics.kept);
    }
}
