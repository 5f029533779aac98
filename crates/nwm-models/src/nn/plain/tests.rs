//! Both ways of every layer and of whole models lead to the same values and gradients, on the CPU in f64.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::everywhere;
use crate::nn::flow::{Direction, HamiltonianFlow, Integrator, MapFlow, OdeFlow, OdeOptions, Span};
use crate::nn::{
    Gru, Linear, Lstm, LstmState, Mlp, ParameterBuilder, Parameters, Vanilla, divergence,
    layer_norm, leaky_relu, sample, sigmoid, swish,
};
use crate::{
    FrameShape, Model, ModelConfig, ModelName, RecurrentCell, SequenceModel, SequenceShape,
    TaskName, VariationalModel,
};

/// Numbers between -`size` and `size` without a pattern.
fn numbers(shape: &[usize], size: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<f64> =
        (0..count).map(|it| size * (1.7 * it as f64 + 0.3 * (it * it % 7) as f64).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn variable(shape: &[usize], size: f64) -> Var {
    Var::from_tensor(&numbers(shape, size)).unwrap()
}

fn builder() -> ParameterBuilder {
    ParameterBuilder::new(5, DType::F64, &Device::Cpu)
}

/// The numbers of a result, and gradients of a loss in which each of them has a weight of its own.
fn outcome(variables: &[&Var], result: &Tensor) -> Vec<Vec<f64>> {
    let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let weights = numbers(result.dims(), 1.0).affine(1.0, 0.1).unwrap();
    let store = (result * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let gradient = |variable: &&Var| match store.get(variable) {
        Some(gradient) => flat(gradient),
        None => vec![0.0; variable.elem_count()],
    };
    std::iter::once(flat(result)).chain(variables.iter().map(gradient)).collect()
}

/// Compares both ways; the first of `variables` is what the layer reads, and all of them must matter.
fn assert_same(what: &str, variables: &[&Var], result: impl Fn() -> Tensor) {
    let fused = outcome(variables, &result());
    let plain = everywhere::run(|| outcome(variables, &result()));
    for (place, (fused, plain)) in fused.iter().zip(&plain).enumerate() {
        let size = fused.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
        assert!(size > 1e-6 && size.is_finite(), "{what}: {place} is {fused:?}");
        for (fused, plain) in fused.iter().zip(plain) {
            let off = (fused - plain).abs() / size;
            assert!(off < 1e-10, "{what}: {place} is {plain} the plain way, {fused} the other");
        }
    }
}

/// The same with all parameters of a layer.
fn assert_same_with(
    what: &str,
    x: &Var,
    parameters: &Parameters,
    result: impl Fn() -> crate::Result<Tensor>,
) {
    let mut variables = vec![x];
    variables.extend(parameters.iter().map(|(_, variable)| variable));
    assert_same(what, &variables, || result().unwrap());
}

#[test]
fn activations() {
    let x = variable(&[3, 7], 4.0);
    assert_same("sigmoid", &[&x], || sigmoid(&x).unwrap());
    assert_same("swish", &[&x], || swish(&x).unwrap());
    for slope in [0.0, 0.2, 1.0] {
        assert_same("leaky", &[&x], || leaky_relu(&x, slope).unwrap());
    }
    let zero = Var::from_tensor(&Tensor::new(&[0.0, -0.0, 1.0], &Device::Cpu).unwrap()).unwrap();
    assert_same("leaky at zero", &[&zero], || leaky_relu(&zero, 0.25).unwrap());
    assert_same("sigmoid at zero", &[&zero], || sigmoid(&zero).unwrap());
}

#[test]
fn activations_far_out_are_finite_in_single_precision() {
    let x = Var::new(&[-1e4_f32, -104.0, -89.0, 89.0, 1e4], &Device::Cpu).unwrap();
    for activation in [sigmoid, swish] {
        let check = || -> Result<()> {
            let y = activation(&x).unwrap();
            let gradients = y.sum_all()?.backward()?;
            for values in [&y, gradients.get(&x).unwrap()] {
                let values = values.to_vec1::<f32>()?;
                assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
            }
            Ok(())
        };
        everywhere::run(check).unwrap();
    }
}

#[test]
fn normalisation_and_posteriors() {
    let x = variable(&[4, 3, 6], 2.0);
    assert_same("layer norm", &[&x], || layer_norm(&x).unwrap());
    assert_same("divergence", &[&x], || divergence(&x).unwrap());
    let noise = numbers(&[4, 3, 3], 1.5);
    assert_same("sample", &[&x], || sample(&x, &noise).unwrap());
}

#[test]
fn affine_maps_and_perceptrons() {
    let mut builder = builder();
    let linear = Linear::new(&mut builder, "linear", 5, 3).unwrap();
    let parameters = builder.finish();
    for shape in [&[5][..], &[4, 5], &[2, 3, 5]] {
        let x = variable(shape, 1.0);
        assert_same_with("linear", &x, &parameters, || linear.forward(&x));
    }
    let mut builder = self::builder();
    let mlp = Mlp::new(&mut builder, "mlp", &[4, 6, 5, 2]).unwrap();
    let x = variable(&[3, 4], 1.0);
    assert_same_with("perceptron", &x, &builder.finish(), || mlp.forward(&x));
}

#[test]
fn recurrent_layers() {
    let (steps, batch, inputs, units) = (5, 3, 4, 6);
    let x = variable(&[steps, batch, inputs], 1.5);
    let start = numbers(&[batch, units], 0.5);
    let mut lstm = builder();
    let layer = Lstm::new(&mut lstm, "layer", inputs, units).unwrap();
    let lstm = lstm.finish();
    let state = LstmState { h: start.clone(), c: (&start * 1.5).unwrap() };
    for state in [None, Some(&state)] {
        assert_same_with("lstm", &x, &lstm, || {
            let (outputs, LstmState { h, c }) = layer.forward(&x, state)?;
            Ok(Tensor::cat(&[&outputs, &h.unsqueeze(0)?, &c.unsqueeze(0)?], 0)?)
        });
    }
    let mut gru = builder();
    let layer = Gru::new(&mut gru, "layer", inputs, units).unwrap();
    let gru = gru.finish();
    for state in [None, Some(&start)] {
        assert_same_with("gru", &x, &gru, || layer.forward(&x, state));
    }
    assert_same_with("gru's last state", &x, &gru, || layer.last_state(&x, Some(&start)));
    let mut vanilla = builder();
    let layer = Vanilla::new(&mut vanilla, "layer", inputs, units).unwrap();
    let vanilla = vanilla.finish();
    for state in [None, Some(&start)] {
        assert_same_with("vanilla", &x, &vanilla, || layer.forward(&x, state));
    }
}

#[test]
fn hamiltonian_flows() {
    let mut builder = builder();
    let flow = HamiltonianFlow::new(&mut builder, "flow", 3, &[7, 5], 0.2).unwrap();
    let parameters = builder.finish();
    // The offset of an energy moves nothing.
    let matters = |name: &str| !name.ends_with(".2.bias");
    let x = variable(&[4, 6], 1.0);
    let directions =
        [Direction::Forward, Direction::Backward, Direction::Backward, Direction::Forward];
    let mut variables = vec![&x];
    variables.extend(parameters.iter().filter(|(name, _)| matters(name)).map(|(_, it)| it));
    for (before, after) in [(2, 5), (0, 3), (3, 0)] {
        let span = Span { before, after };
        assert_same("leapfrog", &variables, || flow.unroll(&x, span, &directions).unwrap());
    }
}

#[test]
fn learnt_maps() {
    for residual in [true, false] {
        let mut builder = builder();
        let flow = MapFlow::new(&mut builder, "flow", 4, &[6], residual).unwrap();
        let x = variable(&[3, 4], 1.0);
        assert_same_with("map", &x, &builder.finish(), || flow.unroll(&x, 6));
    }
}

#[test]
fn equations() {
    let directions = [Direction::Forward, Direction::Backward, Direction::Forward];
    let span = Span { before: 2, after: 5 };
    for (integrator, step, tolerance, most_steps) in [
        (Integrator::Rk2, 0.2, 1.0, 1),
        (Integrator::Rk4, 0.2, 1.0, 1),
        (Integrator::Dopri5, 0.125, 1e-6, 50),
        (Integrator::Dopri5, 1.5, 1e-9, 50),
        // Too few attempts: states are read off the last step, beyond its end.
        (Integrator::Dopri5, 0.5, 1e-9, 2),
    ] {
        let options = OdeOptions { integrator, step, tolerance, most_steps };
        let mut builder = builder();
        let flow = OdeFlow::new(&mut builder, "flow", 4, &[8, 6], options).unwrap();
        let x = variable(&[3, 4], 1.0);
        assert_same_with(&format!("{options:?}"), &x, &builder.finish(), || {
            flow.unroll(&x, span, &directions)
        });
    }
}

/// A loss that all numbers of a result have a part in.
fn weighted(result: &Tensor) -> Tensor {
    (result * numbers(result.dims(), 1.0)).unwrap().sum_all().unwrap()
}

fn small(mut config: ModelConfig) -> ModelConfig {
    (config.cell.rows, config.cell.columns) = (3, 4);
    (config.encoder.channels, config.decoder.channels) = (2, 2);
    (config.latent.size, config.latent.hidden) = (4, vec![5]);
    (config.ar.latent, config.ar.layers) = (4, vec![5, 3]);
    config
}

#[test]
fn forecasters() {
    const FRAME: FrameShape = FrameShape { rows: 8, columns: 8, channels: 1 };
    let mut configs: Vec<ModelConfig> =
        ModelName::ALL.into_iter().map(|name| small(ModelConfig::published(name))).collect();
    for cell in [RecurrentCell::Gru, RecurrentCell::Vanilla] {
        let mut config = small(ModelConfig::published(ModelName::Ar));
        config.ar.cell = cell;
        configs.push(config);
    }
    for mut config in configs {
        config.inference_steps = if config.name.is_latent() { 3 } else { 5 };
        let model = Model::new(&config, FRAME, 3, DType::F64, &Device::Cpu).unwrap();
        let frames = numbers(&[7, 2, 8, 8, 1], 0.5).affine(1.0, 0.5).unwrap();
        let noise = numbers(&[2, model.noise_size()], 1.0);
        let loss = || {
            let forecast = model.training_forecast(&frames, &noise).unwrap();
            let drawn = model.forecast(&frames, 8).unwrap();
            let loss = (weighted(&forecast.logits) + weighted(&drawn)).unwrap();
            forecast.divergence.map_or(loss.clone(), |divergence| (loss + divergence).unwrap())
        };
        let variables: Vec<_> = model.parameters().iter().map(|(_, variable)| variable).collect();
        let fused = outcome(&variables, &loss());
        let plain = everywhere::run(|| outcome(&variables, &loss()));
        let names = std::iter::once("loss").chain(model.parameters().names());
        for (name, (fused, plain)) in names.zip(fused.iter().zip(&plain)) {
            let size = fused.iter().fold(1e-3_f64, |size, value| size.max(value.abs()));
            for (fused, plain) in fused.iter().zip(plain) {
                let off = (fused - plain).abs() / size;
                assert!(off < 1e-9, "{}: {name}: {plain} {fused}", config.name.as_str());
            }
        }
    }
}

#[test]
fn models_of_sequences_and_films() {
    let published = |task| small(ModelConfig::published_for(ModelName::Nwm2d, task));
    let config = published(TaskName::Sequence);
    let shape = SequenceShape { features: 2, outputs: 3 };
    let model = SequenceModel::new(&config, shape, 1, DType::F64, &Device::Cpu).unwrap();
    let inputs = variable(&[6, 2, 2], 1.0);
    let readout = model.parameters().variable("readout.weight").unwrap();
    assert_same("sequence", &[&inputs, readout], || model.training_answer(&inputs).unwrap());

    let mut config = published(TaskName::Variational);
    (config.encoder.layers, config.decoder.layers) = (vec![9], vec![7]);
    config.encoder.norm = true;
    let frame = FrameShape { rows: 4, columns: 4, channels: 1 };
    let model = VariationalModel::new(&config, frame, 1, DType::F64, &Device::Cpu).unwrap();
    let films =
        Var::from_tensor(&numbers(&[5, 2, 4, 4, 1], 0.5).affine(1.0, 0.5).unwrap()).unwrap();
    let noise = numbers(&model.noise_shape(5, 2), 1.0);
    let encoder = model.parameters().variable("encoder.0.weight").unwrap();
    assert_same("film", &[&films, encoder], || {
        let forecast = model.training_forecast(&films, &noise).unwrap();
        (weighted(&forecast.logits) + forecast.divergence.unwrap()).unwrap()
    });
}
