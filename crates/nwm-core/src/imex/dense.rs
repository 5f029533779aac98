//! Couplings by full matrices, a fixed number of samples per task.
//!
//! Every step multiplies a few rows with the same matrices, which are therefore copied once per sequence
//! into panels, one run of memory each. The gradients of the matrices wait until enough rows have come
//! together for one large product, which the `gemm` crate does.

use nwm_simd::{Columns, Real, Rows, Vector, multiply};

use crate::imex::coupling::{Coupling, FieldGradients, Fields, Pass};
use crate::parameters::{PackedLayout, Parameters};

/// Units up to which all matrices fit the second cache, so that many small tasks cost nothing.
const FEW_UNITS: usize = 256;

/// Rows of (step, sample) that are collected before the matrices' gradients are updated.
const GRADIENT_ROWS: usize = 256;

/// The matrices of a dense cell, `[in, out]`: coupling, damping, and the drive's if there is one.
pub(crate) struct DenseCoupling<R> {
    units: usize,
    /// As the pass needs them: transposed for the backward one.
    matrices: Vec<Panels<R>>,
}

impl<R: Real> DenseCoupling<R> {
    /// The matrices of `parameters` for a pass; `lanes` is the length of the vectors that the task
    /// will run on.
    pub(crate) fn new(
        units: usize,
        parameters: &Parameters<'_, R>,
        pass: Pass,
        lanes: usize,
    ) -> Self {
        let strides = match pass {
            Pass::Forward => [units, 1],
            Pass::Backward => [1, units],
        };
        let kernels = parameters.kernels();
        let matrices =
            kernels.iter().map(|matrix| Panels::pack(matrix, strides, units, lanes)).collect();
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

/// A square matrix as panels of two vectors of columns, `[panel, row, column]`, padded with zeros.
struct Panels<R> {
    values: Vec<R>,
    units: usize,
    width: usize,
}

impl<R: Real> Panels<R> {
    fn pack(
        matrix: &[R],
        [row_stride, column_stride]: [usize; 2],
        units: usize,
        lanes: usize,
    ) -> Self {
        let width = 2 * lanes;
        let mut values = vec![R::zero(); units.div_ceil(width) * units * width];
        for (index, panel) in values.chunks_exact_mut(units * width).enumerate() {
            let first = index * width;
            for (row, target) in panel.chunks_exact_mut(width).enumerate() {
                for column in first..units.min(first + width) {
                    target[column - first] = matrix[row * row_stride + column * column_stride];
                }
            }
        }
        Self { values, units, width }
    }

    /// `sums += rows · matrix`, both `[sample, units]`. `product` is scratch memory.
    #[inline(always)]
    fn add_product<V: Vector<Element = R>>(
        &self,
        rows: &[R],
        product: &mut Vec<R>,
        sums: &mut [R],
    ) {
        let &Self { ref values, units, width } = self;
        product.resize(rows.len() / units * width, R::zero());
        for (index, panel) in values.chunks_exact(units * width).enumerate() {
            let first = index * width;
            let count = width.min(units - first);
            multiply::<V>(
                Rows { values: rows, inner: units, pitch: units },
                Columns { values: panel, pitch: width, first: 0, count: width },
                product,
            );
            let lines = sums.chunks_exact_mut(units).zip(product.chunks_exact(width));
            for (sums, product) in lines {
                for (sum, &value) in sums[first..first + count].iter_mut().zip(product) {
                    *sum += value;
                }
            }
        }
    }
}

/// Scratch space of a backward task: rows waiting for the next update of the matrices' gradients.
pub(crate) struct AdjointSpace<R> {
    /// Position, velocity and, if coupled, drive; `[rows, units]` each.
    inputs: Vec<Vec<R>>,
    grad_pre: Vec<R>,
    grad_matrices: Vec<Vec<R>>,
    product: Vec<R>,
}

impl<R: Real> Coupling<R> for DenseCoupling<R> {
    /// Scratch memory of products.
    type Forward = Vec<R>;
    type Adjoint = AdjointSpace<R>;

    fn samples_per_task(&self) -> usize {
        if self.units <= FEW_UNITS { 4 } else { 16 }
    }

    fn forward_space(&self, _samples: usize) -> Self::Forward {
        Vec::new()
    }

    #[inline(always)]
    fn add_coupled<V: Vector<Element = R>>(
        &self,
        product: &mut Self::Forward,
        fields: Fields<'_, R>,
        pre: &mut [R],
    ) {
        for (matrix, input) in self.matrices.iter().zip(fields.in_kernel_order()) {
            matrix.add_product::<V>(input, product, pre);
        }
    }

    fn adjoint_space(&self, samples: usize) -> Self::Adjoint {
        let rows = || Vec::with_capacity((GRADIENT_ROWS + samples) * self.units);
        AdjointSpace {
            inputs: self.matrices.iter().map(|_| rows()).collect(),
            grad_pre: rows(),
            grad_matrices: vec![vec![R::zero(); self.units * self.units]; self.matrices.len()],
            product: Vec::new(),
        }
    }

    #[inline(always)]
    fn pull_back<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Adjoint,
        fields: Fields<'_, R>,
        grad_pre: &[R],
        gradients: FieldGradients<'_, R>,
    ) {
        for (matrix, gradient) in self.matrices.iter().zip(gradients.in_kernel_order()) {
            if let Some(gradient) = gradient {
                matrix.add_product::<V>(grad_pre, &mut space.product, gradient);
            }
        }
        for (rows, input) in space.inputs.iter_mut().zip(fields.in_kernel_order()) {
            rows.extend_from_slice(input);
        }
        space.grad_pre.extend_from_slice(grad_pre);
        if space.grad_pre.len() >= GRADIENT_ROWS * self.units {
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
