//! Numbers of a model's parts, as far as they take memory.

use nwm_models::{FrameShape, Integrator, ModelConfig, ModelName, RecurrentCell, TopologyName};

use super::convolutions::Stack;

/// Numbers of a part of a model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    /// Parameters.
    pub(super) parameters: f64,
    /// What the backward pass needs of the forward pass.
    pub(super) kept: f64,
    /// What the backward pass works with beside that.
    pub(super) working: f64,
}

/// A batch and what works on it.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    /// Windows.
    pub(super) samples: f64,
    /// Frames that a forecast draws of each.
    pub(super) drawn: f64,
    /// Threads that work on it.
    pub(super) threads: f64,
}

/// Encoder, dynamics and decoder of a model.
pub(super) struct Parts {
    pub(super) encoder: Part,
    pub(super) dynamics: Part,
    pub(super) decoder: Part,
}

impl Parts {
    pub(super) fn of(model: &ModelConfig, frame: FrameShape, batch: Batch) -> Self {
        let latent = model.name.is_latent();
        let size = model.latent_size();
        let encoder = if latent {
            let inputs = model.inference_steps.saturating_mul(frame.channels);
            let outputs = size.saturating_mul(2);
            // Frames are stacked before they are read.
            let stacked = batch.samples * model.inference_steps as f64 * frame.values() as f64;
            let encoder = encoder(model, frame, inputs, outputs, batch.samples, batch.threads);
            Part { kept: encoder.kept + stacked, ..encoder }
        } else {
            let pictures = batch.samples * batch.drawn;
            encoder(model, frame, frame.channels, size, pictures, batch.threads)
        };
        Self {
            encoder,
            dynamics: if latent { flow(model, batch) } else { recurrence(model, batch) },
            decoder: decoder(model, frame, batch),
        }
    }
}

/// Numbers that are decoded.
fn decoded_size(model: &ModelConfig) -> usize {
    match model.name {
        ModelName::Ar => model.ar.layers.last().copied().unwrap_or(0),
        ModelName::Hgn => model.latent.size / 2,
        name if name.is_latent() => model.latent.size,
        _ => fields(model).saturating_mul(model.cell.units()),
    }
}

/// Position and velocity, or the position alone.
fn fields(model: &ModelConfig) -> usize {
    match model.decoder.input {
        nwm_models::DecoderInput::X => 1,
        _ => 2,
    }
}

fn encoder(
    model: &ModelConfig,
    frame: FrameShape,
    inputs: usize,
    outputs: usize,
    pictures: f64,
    threads: f64,
) -> Part {
    let stack = Stack::encoder(frame, inputs, outputs, model.encoder.channels);
    let outputs = outputs as f64;
    let maps = (frame.rows * frame.columns / 64) as f64 * outputs;
    Part {
        parameters: stack.parameters() + (maps + 1.0) * outputs,
        kept: pictures * (stack.kept() + outputs),
        // The gradient of the maps.
        working: stack.working(pictures, threads) + pictures * (maps + outputs),
    }
}

fn decoder(model: &ModelConfig, frame: FrameShape, batch: Batch) -> Part {
    const CONSTANT_MAPS: usize = 2;
    let inputs = decoded_size(model);
    let maps = inputs.min(model.latent_size() / 2);
    let stack = Stack::decoder(frame, maps.saturating_add(CONSTANT_MAPS), model.decoder.channels);
    let base = (frame.rows * frame.columns / 64) as f64;
    let pictures = batch.samples * batch.drawn;
    let (inputs, maps, constant) = (inputs as f64, maps as f64, CONSTANT_MAPS as f64);
    Part {
        parameters: stack.parameters() + (inputs + 1.0) * base * maps + constant * base,
        // What is decoded, as maps, beside constant ones, and both together.
        kept: pictures * (stack.kept() + inputs + 2.0 * base * (maps + constant)),
        // Gradients of the frames and of what the first layer reads.
        working: stack.working(pictures, batch.threads)
            + pictures * (frame.values() as f64 + 2.0 * base * (maps + constant)),
    }
}

/// Recurrent layers, or the oscillatory cell with the network that infers its first state.
fn recurrence(model: &ModelConfig, batch: Batch) -> Part {
    let Batch { samples, drawn, .. } = batch;
    let steps = samples * drawn;
    if model.name == ModelName::Ar {
        return stack_of_layers(model, steps);
    }
    let units = model.cell.units() as f64;
    // Two numbers of each unit: projected inputs 3 planes, tape 5.
    let seen = samples * drawn.min(model.inference_steps as f64);
    let cell = cell_parameters(model);
    let tasks = if model.cell.topology == TopologyName::Dense { samples / 4.0 } else { 2.0 };
    Part {
        parameters: cell + 2.0 * units * (3.0 * units + 6.0 * units + 3.0),
        kept: seen * 17.0 * units + steps * (2.0 + fields(model) as f64) * units + 2.0 * cell,
        // Gradients of tape and projection; sums of the cell's gradients in double precision.
        working: seen * 16.0 * units + steps * 5.0 * units + tasks.max(1.0) * 2.0 * cell,
    }
}

pub(super) fn cell_parameters(model: &ModelConfig) -> f64 {
    let config = model.cell.to_cell_config();
    let units = model.cell.units() as f64;
    let (channels, size) = (config.channels as f64, config.kernel_size as f64);
    let kernel = match model.cell.topology {
        TopologyName::Dense => units * units,
        TopologyName::Rings if config.one_way => channels * channels,
        TopologyName::Rings => channels * channels * size,
        _ => channels * channels * size * size,
    };
    let kernels = if config.drive_coupling { 3.0 } else { 2.0 };
    let norm = if config.state_norm { 2.0 * units } else { 0.0 };
    // Three scalars, and one bias for each unit at most.
    kernels * kernel + units + 3.0 + norm
}

fn stack_of_layers(model: &ModelConfig, steps: f64) -> Part {
    // Matrices of inputs and of units, biases; numbers of a projected input and of the tape.
    let (matrices, biases, projected, tape) = match model.ar.cell {
        RecurrentCell::Lstm => (4.0, 4.0, 4.0, 6.0),
        RecurrentCell::Gru => (3.0, 3.0, 3.0, 5.0),
        _ => (1.0, 2.0, 1.0, 1.0),
    };
    let mut inputs = model.ar.latent as f64;
    let mut part = Part::default();
    for (index, &units) in model.ar.layers.iter().enumerate() {
        let units = units as f64;
        part.parameters += matrices * (inputs + units) * units + biases * units;
        let swish = if index > 0 { inputs } else { 0.0 };
        part.kept += steps * ((projected + tape + 1.0) * units + swish);
        part.working = part.working.max(steps * (projected + 2.0 * tape) * units);
        inputs = units;
    }
    part
}

/// A latent state that moves by itself.
fn flow(model: &ModelConfig, batch: Batch) -> Part {
    let Batch { samples, drawn, threads } = batch;
    let (size, hidden) = (model.latent.size as f64, &model.latent.hidden);
    let between: f64 = hidden.iter().map(|&units| units as f64).sum();
    let network = |inputs: usize, outputs: usize| {
        let sizes: Vec<usize> = [inputs].iter().chain(hidden).chain(&[outputs]).copied().collect();
        sizes.windows(2).map(|pair| (pair[0] as f64 + 1.0) * pair[1] as f64).sum::<f64>()
    };
    // Evaluations of networks for each state, numbers that the tape has of each, and those of its adjoint.
    let (parameters, evaluations, tape, adjoint) = match model.name {
        ModelName::Hgn => {
            let parameters = 2.0 * network(model.latent.size / 2, 1);
            (parameters, 2.0, size / 2.0 + 4.0 * between, size / 2.0 + 2.0 * between)
        }
        name => {
            let evaluations = match (name, model.ode.integrator) {
                (ModelName::Rgn, _) => 1.0,
                (_, Integrator::Rk2) => 2.0,
                (_, Integrator::Rk4) => 4.0,
                // As many steps as states, which more of them rarely take.
                _ => 6.0,
            };
            let parameters = network(model.latent.size, model.latent.size);
            (parameters, evaluations, size + 2.0 * between, size + between)
        }
    };
    // Blocks of samples are pulled back one after the other by each thread.
    let block = (samples / 2.0).ceil().clamp(4.0, 16.0);
    let rows = |samples: f64| samples * (drawn + 1.0) * evaluations;
    Part {
        parameters,
        // The tape grows by doubling; states, and what is decoded of them.
        kept: 2.0 * rows(samples) * tape + 2.0 * samples * drawn * size,
        working: rows(samples.min(threads * block)) * adjoint
            + (2.0 + samples / block) * parameters,
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use nwm_models::{Model, ScalarMode};

    use super::*;

    fn parameters(config: &ModelConfig) -> (f64, f64) {
        let batch = Batch { samples: 1.0, drawn: 9.0, threads: 1.0 };
        let Parts { encoder, dynamics, decoder } = Parts::of(config, FrameShape::SUITE, batch);
        let model = Model::new(config, FrameShape::SUITE, 0, DType::F32, &Device::Cpu).unwrap();
        let counted = encoder.parameters + dynamics.parameters + decoder.parameters;
        (counted, model.parameters().count() as f64)
    }

    #[test]
    fn parameters_are_counted_as_the_model_has_them() {
        for name in ModelName::ALL {
            let mut config = ModelConfig::published(name);
            (config.cell.rows, config.cell.columns) = (5, 4);
            (config.encoder.channels, config.decoder.channels) = (9, 17);
            config.ar.layers = vec![20, 7];
            config.latent.hidden = vec![12, 11];
            let (counted, expected) = parameters(&config);
            assert_eq!(counted, expected, "{}", name.as_str());
            for cell in [RecurrentCell::Gru, RecurrentCell::Vanilla] {
                config.ar.cell = cell;
                let (counted, expected) = parameters(&config);
                assert_eq!(counted, expected, "{} {cell:?}", name.as_str());
            }
            config.cell.scalars = ScalarMode::Fixed;
            config.cell.bias = nwm_models::BiasScope::None;
            (config.cell.state_norm, config.cell.drive_coupling) = (true, false);
            let (counted, expected) = parameters(&config);
            assert!((expected..1.01 * expected).contains(&counted), "{}", name.as_str());
        }
    }
}
