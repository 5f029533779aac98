//! Every layer's gradients against central differences, in `f64`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod nn_support;

use candle_core::{Result, Tensor, Var};
use nn_support::{builder, check_gradients, noise, randomise, weighted_sum};
use nwm_models::nn::{
    Convolution, ConvolutionOptions, Gru, Linear, Lstm, LstmState, Parameters, Vanilla, leaky_relu,
    sigmoid, swish,
};

fn variable(shape: &[usize], seed: u64) -> Var {
    Var::from_tensor(&noise(shape, seed)).unwrap()
}

/// All parameters and further variables.
fn all<'a>(parameters: &'a Parameters, others: &[(&'a str, &'a Var)]) -> Vec<(&'a str, &'a Var)> {
    parameters.iter().chain(others.iter().copied()).collect()
}

/// The errors of this crate and of the tensor library in one.
fn loss(result: nwm_models::Result<Tensor>) -> Result<Tensor> {
    weighted_sum(&result.map_err(candle_core::Error::wrap)?)
}

#[test]
fn convolution() {
    let sizes = [
        ([3, 4, 6, 2], 3),
        ([1, 5, 3, 1], 1),
        ([2, 1, 1, 2], 2),
        ([35, 2, 3, 1], 2),
        ([2, 4, 5, 2], 9),
        ([2, 4, 5, 8], 9),
    ];
    for (shape, outputs) in sizes {
        for stride in [1, 2] {
            for upsample in [false, true] {
                for leaky in [None, Some(0.2)] {
                    let options = ConvolutionOptions { stride, upsample, leaky };
                    let mut builder = builder();
                    let layer = Convolution::new(&mut builder, "layer", shape[3], outputs, options)
                        .unwrap();
                    let parameters = builder.finish();
                    randomise(&parameters, 5);
                    let input = variable(&shape, 1);
                    let what = format!("{shape:?} {options:?}");
                    check_gradients(&what, &all(&parameters, &[("input", &input)]), || {
                        loss(layer.forward(&input))
                    });
                }
            }
        }
    }
}

#[test]
fn an_input_gradient_that_nobody_wants_is_not_computed() {
    let mut builder = builder();
    let layer = Convolution::new(&mut builder, "layer", 2, 3, Default::default()).unwrap();
    let parameters = builder.finish();
    let input = variable(&[2, 4, 4, 2], 1).as_tensor().detach();
    let gradients = loss(layer.forward(&input)).unwrap().backward().unwrap();
    assert!(gradients.get(&input).is_none());
    assert!(parameters.iter().all(|(_, variable)| gradients.get(variable).is_some()));
}

#[test]
fn linear() {
    for shape in [&[3, 4][..], &[2, 3, 4], &[1, 4], &[4]] {
        let mut builder = builder();
        let layer = Linear::new(&mut builder, "layer", 4, 5).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 5);
        let input = variable(shape, 1);
        check_gradients("linear", &all(&parameters, &[("input", &input)]), || {
            loss(layer.forward(&input))
        });
    }
}

#[test]
fn gru() {
    for (steps, batch, inputs, units) in [(5, 3, 2, 4), (1, 1, 1, 1), (3, 9, 3, 5)] {
        let mut builder = builder();
        let layer = Gru::new(&mut builder, "layer", inputs, units).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 5);
        let input = variable(&[steps, batch, inputs], 1);
        let initial = variable(&[batch, units], 2);
        let others = [("input", &input), ("initial state", &initial)];
        check_gradients("GRU", &all(&parameters, &others), || {
            loss(layer.forward(&input, Some(&initial)))
        });
        check_gradients("last state of a GRU", &all(&parameters, &others), || {
            loss(layer.last_state(&input, Some(&initial)))
        });
    }
}

#[test]
fn lstm() {
    for (steps, batch, inputs, units) in [(5, 3, 2, 4), (1, 1, 1, 1), (3, 9, 3, 5)] {
        let mut builder = builder();
        let layer = Lstm::new(&mut builder, "layer", inputs, units).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 5);
        let input = variable(&[steps, batch, inputs], 1);
        let (h, c) = (variable(&[batch, units], 2), variable(&[batch, units], 3));
        let others = [("input", &input), ("initial h", &h), ("initial c", &c)];
        let state = LstmState { h: h.as_tensor().clone(), c: c.as_tensor().clone() };
        check_gradients("LSTM", &all(&parameters, &others), || {
            let (outputs, last) = layer.forward(&input, Some(&state)).unwrap();
            let last = Tensor::cat(&[last.h, last.c], 0)?;
            weighted_sum(&outputs)? + weighted_sum(&last)?
        });
    }
}

#[test]
fn vanilla() {
    for (steps, batch, inputs, units) in [(5, 3, 2, 4), (1, 1, 1, 2), (3, 9, 3, 5)] {
        let mut builder = builder();
        let layer = Vanilla::new(&mut builder, "layer", inputs, units).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 5);
        let input = variable(&[steps, batch, inputs], 1);
        let initial = variable(&[batch, units], 2);
        let others = [("input", &input), ("initial state", &initial)];
        check_gradients("vanilla layer", &all(&parameters, &others), || {
            loss(layer.forward(&input, Some(&initial)))
        });
    }
}

#[test]
fn activations() {
    let x = variable(&[3, 7], 1);
    let variables = [("argument", &x)];
    check_gradients("leaky ReLU", &variables, || loss(leaky_relu(&x, 0.2)));
    check_gradients("sigmoid", &variables, || loss(sigmoid(&x)));
    check_gradients("swish", &variables, || loss(swish(&x)));
}
