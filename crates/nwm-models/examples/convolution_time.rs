//! Times the convolutions that dominate a training step, and prints them beside their arithmetic.
//!
//! `cargo run --release -p nwm-models --example convolution_time [PART OF A CASE'S NAME]`
//!
//! The arithmetic counts two operations per tap of every window; forward and backward together are three such
//! passes, two where the input is data. Times are the median of several runs after one that warms up, with the
//! fastest behind it; the time of the loss around the layer is taken off.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use candle_core::{DType, Device, Tensor, Var};
use nwm_models::Result;
use nwm_models::nn::{Convolution, ConvolutionOptions, ParameterBuilder};

const RUNS: usize = 7;

struct Case {
    name: &'static str,
    /// Batch, row, column, channel.
    input: [usize; 4],
    outputs: usize,
    stride: usize,
    upsample: bool,
}

const CASES: [Case; 14] = [
    case("block at 32", [64, 32, 32, 64], 64, 1, false),
    case("decoder 32, doubled", [64, 16, 16, 64], 64, 1, true),
    case("decoder 32, last", [64, 32, 32, 64], 3, 1, false),
    case("encoder 32, first", [64, 32, 32, 3], 64, 2, false),
    case("block at 16", [472, 16, 16, 64], 64, 1, false),
    case("block at 8", [472, 8, 8, 64], 64, 1, false),
    case("decoder 8, first", [472, 4, 4, 266], 64, 1, true),
    case("encoder 4, last", [472, 4, 4, 64], 529, 1, false),
    case("16 channels at 32", [472, 32, 32, 16], 16, 1, false),
    case("16 channels at 32, doubled", [472, 16, 16, 16], 16, 1, true),
    case("16 channels at 16", [472, 16, 16, 16], 16, 1, false),
    case("16 channels to 16, halved", [472, 16, 16, 16], 16, 2, false),
    case("3 channels to 16, halved", [472, 32, 32, 3], 16, 2, false),
    case("16 channels to 3 at 32", [472, 32, 32, 16], 3, 1, false),
];

const fn case(
    name: &'static str,
    input: [usize; 4],
    outputs: usize,
    stride: usize,
    upsample: bool,
) -> Case {
    Case { name, input, outputs, stride, upsample }
}

fn main() -> Result<()> {
    let part = std::env::args().nth(1).unwrap_or_default();
    println!("milliseconds: median (fastest); GFLOP/s of the median");
    println!("{:27} {:>24} {:>31}", "case", "forward", "forward and backward");
    for case in CASES.iter().filter(|case| case.name.contains(&part)) {
        time(case)?;
    }
    Ok(())
}

fn time(case: &Case) -> Result<()> {
    let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
    let options =
        ConvolutionOptions { stride: case.stride, upsample: case.upsample, leaky: Some(0.01) };
    let layer = Convolution::new(&mut builder, "layer", case.input[3], case.outputs, options)?;
    let values: Vec<f32> =
        (0..case.input.iter().product()).map(|i: usize| (i % 101) as f32 / 50.0 - 1.0).collect();
    let input = Tensor::from_vec(values, &case.input[..], &Device::Cpu)?;
    // The first layer of an encoder reads data.
    let variable = Var::from_tensor(&input)?;
    let input = if case.input[3] == 3 { &input } else { variable.as_tensor() };
    let pixels: usize = layer.forward(input)?.dims()[..3].iter().product();
    let operations = 2.0 * 9.0 * (pixels * case.input[3] * case.outputs) as f64;
    let passes = if case.input[3] == 3 { 2.0 } else { 3.0 };
    let weights = layer.forward(input)?.detach();
    let plain = Var::from_tensor(&weights)?;
    let (mut forward, mut backward, mut loss_alone) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=RUNS {
        let start = Instant::now();
        let result = layer.forward(input)?;
        forward.push(start.elapsed().as_secs_f64());
        backward.push(backward_seconds(&result, &weights)?);
        loss_alone.push(backward_seconds(plain.as_tensor(), &weights)?);
    }
    let (forward, fastest_forward) = median_and_least(&mut forward[1..]);
    let (backward, fastest_backward) = median_and_least(&mut backward[1..]);
    let (loss, fastest_loss) = median_and_least(&mut loss_alone[1..]);
    let both = forward + backward - loss;
    println!(
        "{:27} {:8.2} ({:7.2}) {:6.1} {:15.2} ({:7.2}) {:6.1}",
        case.name,
        forward * 1e3,
        fastest_forward * 1e3,
        operations / forward / 1e9,
        both * 1e3,
        (fastest_forward + fastest_backward - fastest_loss) * 1e3,
        passes * operations / both / 1e9,
    );
    Ok(())
}

/// Seconds of the backward pass of a weighted sum.
fn backward_seconds(result: &Tensor, weights: &Tensor) -> Result<f64> {
    let loss = (result * weights)?.sum_all()?;
    let start = Instant::now();
    loss.backward()?;
    Ok(start.elapsed().as_secs_f64())
}

fn median_and_least(times: &mut [f64]) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}
