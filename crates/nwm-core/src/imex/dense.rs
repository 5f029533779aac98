//! Couplings by full matrices, a fixed number of samples per task, on top of the `gemm` crate.

use crate::imex::coupling::{Coupling, FieldGradients, Fields};
use crate::parameters::{PackedLayout, Parameters};
use crate::state::Real;

/// Samples that share one pass over the matrices.
const SAMPLES_PER_TASK: usize = 16;

/// Rows of (step, sample) that are collected before the matrices' gradients are updated.
const GRADIENT_ROWS: usize = 256;

/// The matrices of a dense cell, `[in, out]`.
pub(crate) struct DenseCoupling<'a, R> {
    units: usize,
    /// Coupling, damping, and the drive's matrix if there is one.
    matrices: Vec<&'a [R]>,
}

impl<'a, R: Real> DenseCoupling<'a, R> {
    pub(crate) fn new(units: usize, parameters: &Parameters<'a, R>) -> Self {
        let matrices = parameters.kernels();
        Self { units, matrices }
    }

    fn flush(&self, space: &mut AdjointSpace<R>) {
        let rows = space.grad_pre.len() / self.units;
        let grad_pre = Matrix::row_major(&space.grad_pre, rows, self.units);
        for (inputs, gradient) in space.inputs.iter_mut().zip(&mut space.grad_matrices) {
            let inputs_transposed = Matrix::row_major(inputs, rows, self.units).transposed();
            add_product(gradient, inputs_transposed, grad_pre);
            inputs.clear();
        }
        space.grad_pre.clear();
    }
}

/// Scratch space of a backward task: rows waiting for the next update of the matrices' gradients.
pub(crate) struct AdjointSpace<R> {
    /// Position, velocity and, if coupled, drive; `[rows, units]` each.
    inputs: Vec<Vec<R>>,
    grad_pre: Vec<R>,
    grad_matrices: Vec<Vec<R>>,
}

impl<R: Real> Coupling<R> for DenseCoupling<'_, R> {
    type Forward = ();
    type Adjoint = AdjointSpace<R>;

    fn samples_per_task(&self) -> usize {
        SAMPLES_PER_TASK
    }

    fn forward_space(&self, _samples: usize) -> Self::Forward {}

    fn add_coupled(&self, (): &mut Self::Forward, fields: Fields<'_, R>, pre: &mut [R]) {
        let (units, samples) = (self.units, pre.len() / self.units);
        for (matrix, input) in self.matrices.iter().zip(fields.in_kernel_order()) {
            let input = Matrix::row_major(input, samples, units);
            add_product(pre, input, Matrix::row_major(matrix, units, units));
        }
    }

    fn adjoint_space(&self, samples: usize) -> Self::Adjoint {
        let rows = || Vec::with_capacity((GRADIENT_ROWS + samples) * self.units);
        AdjointSpace {
            inputs: self.matrices.iter().map(|_| rows()).collect(),
            grad_pre: rows(),
            grad_matrices: self.matrices.iter().map(|m| vec![R::zero(); m.len()]).collect(),
        }
    }

    fn pull_back(
        &self,
        space: &mut Self::Adjoint,
        fields: Fields<'_, R>,
        grad_pre: &[R],
        gradients: FieldGradients<'_, R>,
    ) {
        let (units, samples) = (self.units, grad_pre.len() / self.units);
        for (matrix, gradient) in self.matrices.iter().zip(gradients.in_kernel_order()) {
            if let Some(gradient) = gradient {
                let transposed = Matrix::row_major(matrix, units, units).transposed();
                add_product(gradient, Matrix::row_major(grad_pre, samples, units), transposed);
            }
        }
        for (rows, input) in space.inputs.iter_mut().zip(fields.in_kernel_order()) {
            rows.extend_from_slice(input);
        }
        space.grad_pre.extend_from_slice(grad_pre);
        if space.grad_pre.len() >= GRADIENT_ROWS * units {
            self.flush(space);
        }
    }

    fn finish(&self, mut space: Self::Adjoint, layout: &PackedLayout, packed: &mut [f64]) {
        self.flush(&mut space);
        for (range, gradient) in layout.kernels().zip(&space.grad_matrices) {
            for (total, value) in packed[range.clone()].iter_mut().zip(gradient) {
                *total += value.widen();
            }
        }
    }
}

/// A borrowed matrix with arbitrary strides.
#[derive(Clone, Copy)]
struct Matrix<'a, R> {
    values: &'a [R],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, R> Matrix<'a, R> {
    fn row_major(values: &'a [R], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// One past the largest offset that the shape and the strides reach; 0 for an empty matrix.
    fn reach(&self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// `out += lhs · rhs`, `out` row-major. One thread, so that the order of the sums is fixed.
#[allow(unsafe_code)]
fn add_product<R: Real>(out: &mut [R], lhs: Matrix<'_, R>, rhs: Matrix<'_, R>) {
    let (m, n, k) = (lhs.rows, rhs.columns, lhs.columns);
    assert!(rhs.rows == k, "inner sizes of a matrix product differ");
    assert!(out.len() == m * n, "the result of a matrix product has the wrong length");
    assert!(lhs.reach() <= lhs.values.len(), "the left factor is too short for its shape");
    assert!(rhs.reach() <= rhs.values.len(), "the right factor is too short for its shape");
    // SAFETY: the asserts above bound every offset that gemm forms: out is m × n row-major in
    // out.len() values, and `reach` is one past the last offset read from either factor. The
    // exclusive borrow of `out` rules out aliasing. R is sealed to f32 and f64, which gemm supports.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            true,
            lhs.values.as_ptr(),
            lhs.column_stride as isize,
            lhs.row_stride as isize,
            rhs.values.as_ptr(),
            rhs.column_stride as isize,
            rhs.row_stride as isize,
            R::one(),
            R::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_with_transposed_factor_matches_hand_computation() {
        // [[1, 2], [3, 4], [5, 6]]ᵀ · [[1, 0], [0, 1], [1, 1]] added to ones.
        let (left, right) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let mut out = [1.0_f64; 4];
        add_product(
            &mut out,
            Matrix::row_major(&left, 3, 2).transposed(),
            Matrix::row_major(&right, 3, 2),
        );
        assert_eq!(out, [7.0, 9.0, 9.0, 11.0]);
    }

    #[test]
    fn empty_product_leaves_the_result_alone() {
        let mut out = [1.0_f32; 4];
        add_product(
            &mut out,
            Matrix::row_major(&[], 0, 2).transposed(),
            Matrix::row_major(&[], 0, 2),
        );
        assert_eq!(out, [1.0; 4]);
    }
}
