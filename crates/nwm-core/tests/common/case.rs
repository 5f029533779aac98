//! One sample with known numbers, computed in every way that the crate has.

use candle_core::{DType, Device, Tensor};
use nwm_core::imex::reference;
use nwm_core::{Cell, Real, Record, State};

use super::{rounded, values};

/// One sample of a cell whose parameters are given as flat arrays in the order of the cell.
pub(crate) struct Case {
    pub(crate) cell: Cell,
    pub(crate) parameters: Vec<Vec<f64>>,
    /// `[time, units]`.
    pub(crate) drive: Vec<f64>,
    pub(crate) position: Vec<f64>,
    pub(crate) velocity: Vec<f64>,
}

/// Position and velocity after every step, in double precision.
pub(crate) type Trajectory = Vec<(Vec<f64>, Vec<f64>)>;

impl Case {
    fn packed(&self, dtype: DType) -> Tensor {
        let shapes = self.cell.parameter_shapes();
        assert_eq!(shapes.len(), self.parameters.len());
        let tensors: Vec<_> = shapes
            .iter()
            .zip(&self.parameters)
            .map(|(parameter, values)| tensor(values, &parameter.shape, dtype))
            .collect();
        self.cell.pack(&tensors).unwrap()
    }

    fn by_reference<R: Real>(&self) -> Trajectory {
        let packed: Vec<R> = rounded(&values(&self.packed(DType::F64)));
        let parameters = self.cell.layout().parameters(&packed).unwrap();
        let start = State { position: rounded(&self.position), velocity: rounded(&self.velocity) };
        let widen = |values: Vec<R>| values.into_iter().map(R::widen).collect();
        reference::run(self.cell.config(), &parameters, &rounded(&self.drive), &start)
            .unwrap()
            .into_iter()
            .map(|state| (widen(state.position), widen(state.velocity)))
            .collect()
    }

    fn by_op(&self, dtype: DType) -> Trajectory {
        let units = self.cell.units();
        let steps = self.drive.len() / units;
        let drive = tensor(&self.drive, &[steps, 1, units], dtype);
        let start: Vec<f64> = self.position.iter().chain(&self.velocity).copied().collect();
        let start = tensor(&start, &[2, 1, units], dtype);
        let tape = self.cell.forward(&drive, &start, &self.packed(dtype), Record::States).unwrap();
        values(&tape)
            .chunks(2 * units)
            .map(|state| (state[..units].to_vec(), state[units..].to_vec()))
            .collect()
    }

    /// Runs `check` on every way of computing the trajectory, with `tolerance` for f64 and 1e-5 for
    /// f32 (the values are of order one and a handful of roundings of 6e-8 add up).
    pub(crate) fn check(&self, tolerance: f64, check: impl Fn(&Trajectory, f64)) {
        check(&self.by_reference::<f64>(), tolerance);
        check(&self.by_reference::<f32>(), 1e-5);
        check(&self.by_op(DType::F64), tolerance);
        check(&self.by_op(DType::F32), 1e-5);
    }
}

pub(crate) fn tensor(values: &[f64], shape: &[usize], dtype: DType) -> Tensor {
    Tensor::from_vec(values.to_vec(), shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "value {index}: found {found}, expected {expected} within {tolerance:e}"
        );
    }
}

/// `f(row, column)` over a map, row-major.
pub(crate) fn map(rows: usize, columns: usize, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    (0..rows * columns).map(|site| f((site / columns) as f64, (site % columns) as f64)).collect()
}

pub(crate) fn list(count: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..count).map(|index| f(index as f64)).collect()
}
