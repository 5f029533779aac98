//! Couplings by full matrices, a fixed number of samples per task.
//!
//! Every step multiplies a few rows with the same matrices, which are therefore copied once per sequence
//! into panels, one run of memory each. The gradients of the matrices wait until enough rows have come
//! together for one large product.

use nwm_simd::{Columns, Real, Rows, Vector, multiply};

use crate::imex::coupling::{Coupling, FieldGradients, Fields, Pass};
use crate::parameters::{PackedLayout, Parameters};

/// Units up to which all matrices fit the second cache, so that many small tasks cost nothing.
const FEW_UNITS: usize = 256;

/// Rows of (step, sample) that are collected before the matrices' gradients are updated: a panel of them
/// stays in the first cache.
const GRADIENT_ROWS: usize = 256;

/// Numbers from one unit to the next in the collected inputs: a line more than the rows need, since units that
/// are a power of two apart would displace each other from the cache.
const GRADIENT_PITCH: usize = GRADIENT_ROWS + 16;

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

    /// Collects rows of fields and of the gradient of the pre-activation.
    #[inline(always)]
    fn collect<V: Vector<Element = R>>(
        &self,
        space: &mut AdjointSpace<R>,
        fields: Fields<'_, R>,
        grad_pre: &[R],
    ) {
        let samples = grad_pre.len() / self.units;
        if space.rows + samples > GRADIENT_ROWS {
            self.flush::<V>(space);
        }
        let rows = space.rows..space.rows + samples;
        for (collected, field) in space.inputs.iter_mut().zip(fields.in_kernel_order()) {
            for (unit, collected) in collected.chunks_exact_mut(GRADIENT_PITCH).enumerate() {
                for (sample, value) in collected[rows.clone()].iter_mut().enumerate() {
                    *value = field[sample * self.units + unit];
                }
            }
        }
        let width = 2 * V::LANES;
        for (index, panel) in space.grad_pre.chunks_exact_mut(GRADIENT_ROWS * width).enumerate() {
            let first = index * width;
            let count = width.min(self.units - first);
            let panel = panel[rows.start * width..rows.end * width].chunks_exact_mut(width);
            for (target, line) in panel.zip(grad_pre.chunks_exact(self.units)) {
                target[..count].copy_from_slice(&line[first..first + count]);
            }
        }
        space.rows += samples;
    }

    /// Adds the products of the collected rows to the gradients of the matrices.
    #[inline(always)]
    fn flush<V: Vector<Element = R>>(&self, space: &mut AdjointSpace<R>) {
        let width = 2 * V::LANES;
        let AdjointSpace { inputs, grad_pre, rows, grad_matrices, product } = space;
        product.resize(self.units * width, R::zero());
        for (index, panel) in grad_pre.chunks_exact(GRADIENT_ROWS * width).enumerate() {
            let first = index * width;
            let count = width.min(self.units - first);
            for (inputs, gradient) in inputs.iter().zip(&mut *grad_matrices) {
                multiply::<V>(
                    Rows { values: inputs, inner: *rows, pitch: GRADIENT_PITCH },
                    Columns { values: panel, pitch: width, first: 0, count: width },
                    product,
                );
                add_columns(product, width, &mut gradient[first..], self.units, count);
            }
        }
        *rows = 0;
    }
}

/// Adds the first `count` columns of a matrix with rows of `width` to one with rows of `pitch`.
#[inline(always)]
fn add_columns<R: Real>(product: &[R], width: usize, sums: &mut [R], pitch: usize, count: usize) {
    for (sums, product) in sums.chunks_mut(pitch).zip(product.chunks_exact(width)) {
        for (sum, &value) in sums[..count].iter_mut().zip(product) {
            *sum += value;
        }
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

    /// Units, rounded up to whole panels.
    fn padded_units(&self) -> usize {
        self.units.next_multiple_of(self.width)
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
            add_columns(product, width, &mut sums[first..], units, count);
        }
    }
}

/// Scratch space of a backward task: rows waiting for the next update of the matrices' gradients.
pub(crate) struct AdjointSpace<R> {
    /// Position, velocity and, if coupled, drive, transposed: `[unit, row]` each, with [`GRADIENT_PITCH`].
    inputs: Vec<Vec<R>>,
    /// In panels of two vectors of units, `[panel, row, unit]`, padded with zeros.
    grad_pre: Vec<R>,
    /// How many rows have been collected.
    rows: usize,
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
        debug_assert!(samples <= GRADIENT_ROWS, "the samples of one step fit");
        let each = |length: usize| vec![vec![R::zero(); length]; self.matrices.len()];
        let padded_units = self.matrices[0].padded_units();
        AdjointSpace {
            inputs: each(self.units * GRADIENT_PITCH),
            grad_pre: vec![R::zero(); padded_units * GRADIENT_ROWS],
            rows: 0,
            grad_matrices: each(self.units * self.units),
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
        self.collect::<V>(space, fields, grad_pre);
    }

    #[inline(always)]
    fn finish<V: Vector<Element = R>>(
        &self,
        mut space: Self::Adjoint,
        layout: &PackedLayout,
        packed: &mut [f64],
    ) {
        self.flush::<V>(&mut space);
        for (range, gradient) in layout.kernels().zip(&space.grad_matrices) {
            for (total, value) in packed[range.clone()].iter_mut().zip(gradient) {
                *total += value.widen();
            }
        }
    }
}
