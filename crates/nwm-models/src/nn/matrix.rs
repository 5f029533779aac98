//! Matrix products on plain slices: a checked wrapper of the `gemm` crate.
//!
//! A broken bound here is a mistake of this crate, never of its user (public functions check shapes
//! before they get here), so the checks are assertions.

use rayon::prelude::*;

use super::real::Real;

/// Rows of a destination that one task of [`multiply_in_parallel`] computes at least.
const SMALLEST_BLOCK: usize = 32;
/// Tasks into which [`multiply_in_parallel`] cuts a large product.
const MOST_BLOCKS: usize = 16;

/// Rows that one task of [`column_sums`] adds up.
const ROWS_PER_SUM: usize = 128;

/// A matrix inside a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Row-major, without gaps.
    pub(super) fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        Self::with_row_stride(values, rows, columns, columns)
    }

    /// Row-major with `row_stride` numbers from one row to the next.
    pub(super) fn with_row_stride(
        values: &'a [T],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        if rows > 0 && columns > 0 {
            let last = (rows - 1) * row_stride + columns - 1;
            assert!(last < values.len(), "matrix reaches {last} in a slice of {}", values.len());
        }
        Self { values, rows, columns, row_stride, column_stride: 1 }
    }

    /// The same numbers, rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// `count` rows from `start` on.
    fn row_range(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.rows, "rows {start}..{} of {}", start + count, self.rows);
        let values = if count == 0 || self.columns == 0 {
            &self.values[..0]
        } else {
            &self.values[start * self.row_stride..]
        };
        Self { values, rows: count, ..self }
    }

    /// A copy, row-major without gaps.
    fn to_rows(self) -> Vec<T>
    where
        T: Real,
    {
        let mut values = vec![T::zero(); self.rows * self.columns];
        for column in 0..self.columns {
            for row in 0..self.rows {
                values[row * self.columns + column] =
                    self.values[row * self.row_stride + column * self.column_stride];
            }
        }
        values
    }
}

/// Whether a product replaces its destination or is added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// `destination = lhs rhs`.
    Replace,
    /// `destination += lhs rhs`.
    Add,
}

/// Numbers of one 512-bit vector.
const fn vector_length<T>() -> usize {
    64 / size_of::<T>()
}

/// Multiplies into `rhs.columns` columns of a destination whose rows are `pitch` numbers apart; no side is empty.
#[allow(unsafe_code)]
fn multiply_strip<T: Real>(
    lhs: Matrix<'_, T>,
    rhs: Matrix<'_, T>,
    destination: &mut [T],
    pitch: usize,
    write: Write,
) {
    let last = (lhs.rows - 1) * pitch + rhs.columns - 1;
    assert!(rhs.columns <= pitch && last < destination.len() && lhs.columns == rhs.rows);
    // SAFETY: every `Matrix` comes from `with_row_stride`, which asserts that its last element lies inside the slice,
    // by way of `transposed` and `row_range`, which keep that true: all reads are in bounds. The destination is exclusive, its last element was just asserted to be inside, and rows do not overlap since
    // they are no longer than `pitch`: all writes are in bounds. `Real` is f32 or f64, as gemm demands.
    unsafe {
        gemm::gemm(
            lhs.rows,
            rhs.columns,
            lhs.columns,
            destination.as_mut_ptr(),
            1,
            pitch as isize,
            write == Write::Add,
            lhs.values.as_ptr(),
            lhs.column_stride as isize,
            lhs.row_stride as isize,
            rhs.values.as_ptr(),
            rhs.column_stride as isize,
            rhs.row_stride as isize,
            T::one(),
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// The right side of a product, copied strip by strip: each strip is one run of memory, which spares the product
/// from packing it again for every block of rows, and from touching a page of memory for every row.
///
/// A strip is one 512-bit vector wide: the `gemm` crate's AVX-512 kernel of that width reaches the machine's peak, where
/// its wider ones, short of registers, reach half of it. Narrower machines do not mind.
pub(super) struct Panels<T> {
    values: Vec<T>,
    inner: usize,
    columns: usize,
}

impl<T: Real> Panels<T> {
    /// Copies a matrix.
    pub(super) fn pack(matrix: Matrix<'_, T>) -> Self {
        let (inner, columns, width) = (matrix.rows, matrix.columns, vector_length::<T>());
        let mut values = vec![T::zero(); columns.div_ceil(width) * inner * width];
        if inner > 0 {
            values.par_chunks_mut(inner * width).enumerate().for_each(|(index, panel)| {
                let start = index * width;
                let count = width.min(columns - start);
                for (row, target) in panel.chunks_exact_mut(width).enumerate() {
                    let first = row * matrix.row_stride + start * matrix.column_stride;
                    for (column, target) in target[..count].iter_mut().enumerate() {
                        *target = matrix.values[first + column * matrix.column_stride];
                    }
                }
            });
        }
        Self { values, inner, columns }
    }

    /// Columns of the matrix, and so of every product.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// `destination = lhs rhs`, or `+=`, on the calling thread; `destination` is row-major without gaps.
    ///
    /// # Panics
    /// If the shapes do not fit each other.
    pub(super) fn multiply(&self, lhs: Matrix<'_, T>, destination: &mut [T], write: Write) {
        assert_eq!(lhs.columns, self.inner, "inner sizes of a product");
        assert_eq!(destination.len(), lhs.rows * self.columns, "size of a product's destination");
        if destination.is_empty() || self.inner == 0 {
            if write == Write::Replace {
                destination.fill(T::zero());
            }
            return;
        }
        let width = vector_length::<T>();
        for (index, panel) in self.values.chunks_exact(self.inner * width).enumerate() {
            let start = index * width;
            let count = width.min(self.columns - start);
            let strip = Matrix::with_row_stride(panel, self.inner, count, width);
            multiply_strip(lhs, strip, &mut destination[start..], self.columns, write);
        }
    }
}

/// `destination = lhs rhs`, or `+=`, with the rows of the destination cut into blocks that depend on shapes alone.
pub(super) fn multiply_in_parallel<T: Real>(
    lhs: Matrix<'_, T>,
    rhs: Matrix<'_, T>,
    destination: &mut [T],
    write: Write,
) {
    assert_eq!(destination.len(), lhs.rows * rhs.columns, "size of a product's destination");
    if destination.is_empty() {
        return;
    }
    let block = lhs.rows.div_ceil(MOST_BLOCKS).max(SMALLEST_BLOCK);
    let panels = Panels::pack(rhs);
    destination.par_chunks_mut(block * rhs.columns).enumerate().for_each(|(index, part)| {
        let rows = part.len() / rhs.columns;
        let lhs = lhs.row_range(index * block, rows);
        if lhs.column_stride == 1 {
            panels.multiply(lhs, part, write);
        } else {
            // Read as it stands, every step of the inner sum would touch another page of memory.
            let values = lhs.to_rows();
            panels.multiply(Matrix::new(&values, lhs.rows, lhs.columns), part, write);
        }
    });
}

/// Sums of the columns of a row-major matrix: from the first row to the last within blocks of rows, then over the
/// blocks in order.
pub(super) fn column_sums<T: Real>(values: &[T], columns: usize) -> Vec<T> {
    let mut total = vec![T::zero(); columns];
    if columns == 0 {
        return total;
    }
    let blocks = values.par_chunks(ROWS_PER_SUM * columns).map(|block| {
        let mut sums = vec![T::zero(); columns];
        block.chunks_exact(columns).for_each(|row| add(&mut sums, row));
        sums
    });
    for sums in blocks.collect::<Vec<_>>() {
        add(&mut total, &sums);
    }
    total
}

/// `total += part`.
pub(super) fn add<T: Real>(total: &mut [T], part: &[T]) {
    for (total, &part) in total.iter_mut().zip(part) {
        *total += part;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_transposed_matrices_and_of_parts_of_rows() {
        let values: Vec<f64> = (1..=6).map(f64::from).collect();
        let first_of_three = Matrix::with_row_stride(&values, 2, 2, 3);
        let mut sums = [0.5; 2];
        let ones = [1.0; 2];
        multiply_in_parallel(first_of_three, Matrix::new(&ones, 2, 1), &mut sums, Write::Add);
        assert_eq!(sums, [3.5, 9.5]);
        let mut product = [0.0; 4];
        let matrix = Matrix::new(&values, 3, 2);
        multiply_in_parallel(matrix.transposed(), matrix, &mut product, Write::Replace);
        assert_eq!(product, [35.0, 44.0, 44.0, 56.0]);
    }

    #[test]
    fn blocks_of_rows_give_the_whole_product() {
        let (rows, inner, columns) = (75, 7, 5);
        let lhs: Vec<f64> = (0..rows * inner).map(|i| (i % 11) as f64 - 5.0).collect();
        let rhs: Vec<f64> = (0..inner * columns).map(|i| (i % 7) as f64 - 3.0).collect();
        let mut whole = vec![0.0; rows * columns];
        let mut blocks = vec![f64::NAN; rows * columns];
        let (lhs, rhs) = (Matrix::new(&lhs, rows, inner), Matrix::new(&rhs, inner, columns));
        Panels::pack(rhs).multiply(lhs, &mut whole, Write::Replace);
        multiply_in_parallel(lhs, rhs, &mut blocks, Write::Replace);
        assert_eq!(whole, blocks);
    }

    #[test]
    #[should_panic(expected = "matrix reaches 12 in a slice of 12")]
    fn a_matrix_that_leaves_its_slice_is_refused() {
        Matrix::with_row_stride(&[0.0_f32; 12], 3, 3, 5);
    }
}
