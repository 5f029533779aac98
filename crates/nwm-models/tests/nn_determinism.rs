//! Results and gradients are the same bits for any number of threads.
#![allow(clippy::unwrap_used, clippy::panic)]

mod nn_support;

use candle_core::{DType, Device, Tensor, Var};
use nn_support::{bits, noise, weighted_sum};
use nwm_models::nn::flow::{Direction, HamiltonianFlow, MapFlow, OdeFlow, OdeOptions, Span};
use nwm_models::nn::{
    Convolution, ConvolutionOptions, Gru, Linear, Lstm, ParameterBuilder, Parameters, Vanilla,
    sigmoid,
};

/// Bits of a result and of all gradients, computed on a pool of `threads`.
fn run(
    threads: usize,
    parameters: &Parameters,
    input: &Var,
    forward: &(impl Fn(&Tensor) -> Tensor + Sync),
) -> Vec<(String, Vec<u64>)> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let result = forward(input.as_tensor());
        let gradients = weighted_sum(&result).unwrap().backward().unwrap();
        let variables = parameters.iter().chain([("input", input)]);
        let mut found: Vec<_> = variables
            .map(|(name, variable)| (name.to_owned(), bits(gradients.get(variable).unwrap())))
            .collect();
        found.push(("result".to_owned(), bits(&result)));
        found
    })
}

fn assert_independent_of_threads(
    parameters: &Parameters,
    input: &[usize],
    forward: impl Fn(&Tensor) -> Tensor + Sync,
) {
    let input = Var::from_tensor(&noise(input, 1).to_dtype(DType::F32).unwrap()).unwrap();
    let expected = run(1, parameters, &input, &forward);
    for threads in [2, 3] {
        for (found, expected) in run(threads, parameters, &input, &forward).iter().zip(&expected) {
            assert_eq!(found.0, expected.0);
            assert!(found.1 == expected.1, "{} differs with {threads} threads", found.0);
        }
    }
}

fn builder() -> ParameterBuilder {
    ParameterBuilder::new(7, DType::F32, &Device::Cpu)
}

#[test]
fn convolution() {
    for (input, outputs, stride, upsample) in [
        ([37, 16, 16, 8], 16, 1, false),
        ([61, 8, 8, 3], 16, 2, false),
        ([19, 8, 8, 16], 3, 1, true),
        ([19, 8, 8, 32], 33, 1, true),
        ([100, 4, 4, 16], 70, 1, false),
    ] {
        let mut builder = builder();
        let options = ConvolutionOptions { stride, upsample, leaky: Some(0.01) };
        let layer = Convolution::new(&mut builder, "layer", input[3], outputs, options).unwrap();
        assert_independent_of_threads(&builder.finish(), &input, |x| layer.forward(x).unwrap());
    }
}

#[test]
fn linear_and_sigmoid() {
    let mut builder = builder();
    let layer = Linear::new(&mut builder, "layer", 300, 170).unwrap();
    assert_independent_of_threads(&builder.finish(), &[13, 47, 300], |x| {
        sigmoid(&layer.forward(x).unwrap()).unwrap()
    });
}

#[test]
fn recurrent_layers() {
    let mut builder = builder();
    let lstm = Lstm::new(&mut builder, "lstm", 24, 50).unwrap();
    let gru = Gru::new(&mut builder, "gru", 50, 70).unwrap();
    let vanilla = Vanilla::new(&mut builder, "vanilla", 70, 40).unwrap();
    assert_independent_of_threads(&builder.finish(), &[6, 45, 24], |x| {
        let (x, _) = lstm.forward(x, None).unwrap();
        let x = gru.forward(&x, None).unwrap();
        vanilla.forward(&x, None).unwrap()
    });
}

#[test]
fn flows() {
    const SPAN: Span = Span { before: 2, after: 9 };
    let directions: Vec<_> = (0..45)
        .map(|sample| if sample % 3 == 1 { Direction::Backward } else { Direction::Forward })
        .collect();
    let hidden = [40, 50];
    let mut ode = builder();
    let flow = OdeFlow::new(&mut ode, "ode", 32, &hidden, OdeOptions::default()).unwrap();
    assert_independent_of_threads(&ode.finish(), &[45, 32], |x| {
        flow.unroll(x, SPAN, &directions).unwrap()
    });
    let mut energy = builder();
    let flow = HamiltonianFlow::new(&mut energy, "energy", 16, &hidden, 0.125).unwrap();
    assert_independent_of_threads(&energy.finish(), &[45, 32], |x| {
        flow.unroll(x, SPAN, &directions).unwrap()
    });
    let mut map = builder();
    let flow = MapFlow::new(&mut map, "map", 32, &hidden, true).unwrap();
    assert_independent_of_threads(&map.finish(), &[45, 32], |x| flow.unroll(x, 9).unwrap());
}
