//! The convolution layer, f32, channels-last: forward alone, and forward and backward to input, weight and bias.
//!
//! Forward and backward starts from a gradient of the output that is given, so that no loss is timed. The loss
//! that is reported, the mean of the squared output, is computed aside.
//!
//! `--beside candle` also times the tensor library's own convolution of the same numbers, channels first.

#[path = "convolution/case.rs"]
mod case;
#[path = "convolution/given_gradient.rs"]
mod given_gradient;

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use candle_core::{DType, Device, Tensor, Var};
use nwm_bench::{Arguments, Report, time, uniform};
use nwm_models::nn::{Convolution, ConvolutionOptions, ParameterBuilder};

use crate::case::{CASES, Case};
use crate::given_gradient::with_gradient;

/// Streams of the inputs, in the order in which the peers number them.
mod stream {
    pub(super) const INPUT: u64 = 0;
    pub(super) const WEIGHT: u64 = 1;
    pub(super) const BIAS: u64 = 2;
    pub(super) const GRADIENT: u64 = 3;
}

type Failure = Box<dyn Error>;

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(&["--beside"], benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Failure> {
    let beside = arguments.choice("--beside", &["candle"])?.is_some();
    let known = CASES.map(|case| case.name);
    let names = arguments.select(&known, &known)?;
    if arguments.lists(&names)? {
        return Ok(());
    }
    for case in CASES.into_iter().filter(|case| names.contains(&case.name)) {
        measure(&Layer::new(&case)?, &case, arguments, threads)?.print(arguments.json)?;
        if beside {
            let mut report = measure(&Library::new(&case)?, &case, arguments, threads)?;
            report.by = "candle";
            report.print(arguments.json)?;
        }
    }
    Ok(())
}

/// One way to compute a case.
trait Method {
    /// What reports call it.
    const NAME: &'static str;

    /// Input, weight and bias.
    fn leaves(&self) -> [&Tensor; 3];

    /// The output's gradient, in the output's axes.
    fn gradient(&self) -> &Tensor;

    fn output(&self) -> Result<Tensor, Failure>;
}

fn measure<M: Method>(
    method: &M,
    case: &Case,
    arguments: &Arguments,
    threads: usize,
) -> Result<Report, Failure> {
    let mut report = Report::new("convolution", case.name, M::NAME, threads);
    let (timing, output) = time(arguments.repeats, || method.output())?;
    report.add("forward", timing, case.flop());
    let (timing, store) = time(arguments.repeats, || -> Result<_, Failure> {
        Ok(with_gradient(&method.output()?, method.gradient())?.backward()?)
    })?;
    report.add("forward + backward", timing, 3.0 * case.flop());
    report.loss = Some(squares(&output)? / output.elem_count() as f64);
    let mut norms = BTreeMap::new();
    for (name, leaf) in ["input", "weight", "bias"].into_iter().zip(method.leaves()) {
        let gradient = store.get(leaf).ok_or_else(|| format!("find the gradient of {name}"))?;
        norms.insert(name.to_owned(), squares(gradient)?.sqrt());
    }
    report.gradient_norms = norms;
    Ok(report)
}

/// The sum of the squares.
fn squares(tensor: &Tensor) -> candle_core::Result<f64> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.iter().map(|&value| f64::from(value).powi(2)).sum())
}

fn tensor(stream: u64, shape: &[usize], scale: f64) -> candle_core::Result<Tensor> {
    let values = uniform(stream, shape.iter().product(), scale);
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn weight(case: &Case) -> candle_core::Result<Tensor> {
    let shape = [case.outputs, case.inputs(), 3, 3];
    tensor(stream::WEIGHT, &shape, 1.0 / (9.0 * case.inputs() as f64).sqrt())
}

/// This repository's layer.
struct Layer {
    layer: Convolution,
    input: Var,
    weight: Var,
    bias: Var,
    gradient: Tensor,
}

impl Layer {
    fn new(case: &Case) -> Result<Self, Failure> {
        let options = ConvolutionOptions {
            stride: case.stride,
            upsample: case.upsample,
            ..ConvolutionOptions::default()
        };
        let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
        let layer = Convolution::new(&mut builder, "layer", case.inputs(), case.outputs, options)?;
        let parameters = builder.finish();
        let variable = |name: &str| {
            parameters.variable(name).cloned().ok_or_else(|| format!("find the parameter {name}"))
        };
        let (own_weight, own_bias) = (variable("layer.weight")?, variable("layer.bias")?);
        own_weight.set(&weight(case)?)?;
        own_bias.set(&tensor(stream::BIAS, &[case.outputs], 0.1)?)?;
        Ok(Self {
            layer,
            input: Var::from_tensor(&tensor(stream::INPUT, &case.input, 1.0)?)?,
            weight: own_weight,
            bias: own_bias,
            gradient: tensor(stream::GRADIENT, &case.output(), 1.0)?,
        })
    }
}

impl Method for Layer {
    const NAME: &'static str = "channels_last";

    fn leaves(&self) -> [&Tensor; 3] {
        [&self.input, &self.weight, &self.bias]
    }

    fn gradient(&self) -> &Tensor {
        &self.gradient
    }

    fn output(&self) -> Result<Tensor, Failure> {
        Ok(self.layer.forward(&self.input)?)
    }
}

/// The tensor library's own convolution, channels first.
struct Library {
    input: Var,
    weight: Var,
    bias: Var,
    gradient: Tensor,
    case: Case,
}

impl Library {
    fn new(case: &Case) -> Result<Self, Failure> {
        let first = |stream, shape: &[usize]| -> candle_core::Result<Tensor> {
            tensor(stream, shape, 1.0)?.permute((0, 3, 1, 2))?.contiguous()
        };
        Ok(Self {
            input: Var::from_tensor(&first(stream::INPUT, &case.input)?)?,
            weight: Var::from_tensor(&weight(case)?)?,
            bias: Var::from_tensor(&tensor(stream::BIAS, &[case.outputs], 0.1)?)?,
            gradient: first(stream::GRADIENT, &case.output())?,
            case: *case,
        })
    }
}

impl Method for Library {
    const NAME: &'static str = "conv2d";

    fn leaves(&self) -> [&Tensor; 3] {
        [&self.input, &self.weight, &self.bias]
    }

    fn gradient(&self) -> &Tensor {
        &self.gradient
    }

    fn output(&self) -> Result<Tensor, Failure> {
        let mut maps = self.input.as_tensor().clone();
        if self.case.upsample {
            let [_, rows, columns, _] = self.case.input;
            maps = maps.upsample_nearest2d(2 * rows, 2 * columns)?;
        }
        let padding = if self.case.stride == 2 {
            maps = maps.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?;
            0
        } else {
            1
        };
        let maps = maps.conv2d(&self.weight, padding, self.case.stride, 1, 1)?;
        Ok(maps.broadcast_add(&self.bias.reshape((1, self.case.outputs, 1, 1))?)?)
    }
}
