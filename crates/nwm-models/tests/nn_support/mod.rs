//! What the tests of the layers share: reproducible numbers, distances, and gradients by differences.
// Each test file uses some of this.
#![allow(dead_code, unreachable_pub)]

use candle_core::{DType, Device, Result, Tensor, Var};
use nwm_models::nn::{ParameterBuilder, Parameters};

/// Numbers in [-1, 1) that look random and are the same everywhere.
pub fn noise(shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let count = shape.iter().product::<usize>();
    let values: Vec<f64> = (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

pub fn builder() -> ParameterBuilder {
    ParameterBuilder::new(7, DType::F64, &Device::Cpu)
}

/// Sets a parameter from numbers of any type.
pub fn set(parameters: &Parameters, name: &str, values: &Tensor) {
    let variable = parameters.variable(name).unwrap();
    variable.set(&values.to_dtype(parameters.dtype()).unwrap()).unwrap();
}

/// Replaces every parameter, biases included, by noise.
pub fn randomise(parameters: &Parameters, seed: u64) {
    for (index, (_, variable)) in parameters.iter().enumerate() {
        let values =
            noise(variable.dims(), seed + index as u64).to_dtype(parameters.dtype()).unwrap();
        variable.set(&values).unwrap();
    }
}

pub fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

pub fn bits(tensor: &Tensor) -> Vec<u64> {
    numbers(tensor).into_iter().map(f64::to_bits).collect()
}

/// Norm of the difference over the norm of `expected`.
pub fn distance(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(f, e)| f - e));
    difference / norm(&mut expected.iter().copied()).max(f64::MIN_POSITIVE)
}

/// Compares the gradient of `loss` for each variable with central differences, in relative norm.
pub fn check_gradients(what: &str, variables: &[(&str, &Var)], loss: impl Fn() -> Result<Tensor>) {
    // The error of a central difference is step^2 from the third derivative and 1e-16 / step from rounding:
    // both far below the tolerance here.
    let step = 1e-5;
    let tolerance = 1e-6;
    let gradients = loss().unwrap().backward().unwrap();
    let value = || loss().unwrap().to_scalar::<f64>().unwrap();
    for (name, variable) in variables {
        let gradient = gradients.get(variable.as_tensor());
        let found = numbers(gradient.unwrap_or_else(|| panic!("{what}: no gradient of {name}")));
        let origin = numbers(variable.as_tensor());
        let set = |values: Vec<f64>| {
            variable
                .set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap())
                .unwrap();
        };
        let expected: Vec<f64> = (0..origin.len())
            .map(|index| {
                let moved = |by: f64| {
                    let mut values = origin.clone();
                    values[index] += by;
                    set(values);
                    value()
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            })
            .collect();
        set(origin);
        let distance = distance(&found, &expected);
        assert!(distance < tolerance, "{what}: gradient of {name} is off by {distance:e}");
        assert!(expected.iter().any(|value| value.abs() > 1e-4), "{what}: {name} has no effect");
    }
}

/// A loss in which every number of a result has a weight of its own.
pub fn weighted_sum(tensor: &Tensor) -> Result<Tensor> {
    let weights = noise(tensor.dims(), 99).to_dtype(tensor.dtype())?;
    (tensor * weights)?.sum_all()
}
