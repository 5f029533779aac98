//! Matrix products of the size that fits a cache, on whole vectors of columns.

use crate::vector::Vector;
use crate::vectors;

/// Adds to `sums[row][vector]` the products of `rows` with the columns from `first` on of a row-major
/// matrix with `pitch` numbers per row.
#[inline(always)]
pub fn add_products<V: Vector, const ROWS: usize, const VECTORS: usize>(
    mut rows: [&[V::Element]; ROWS],
    matrix: &[V::Element],
    pitch: usize,
    first: usize,
    sums: &mut [[V; VECTORS]; ROWS],
) {
    let inner = rows[0].len();
    for row in &mut rows {
        *row = &row[..inner];
    }
    for index in 0..inner {
        let columns = &matrix[index * pitch + first..][..VECTORS * V::LANES];
        let columns = vectors!(vector in VECTORS => V::load(&columns[vector * V::LANES..]));
        for row in 0..ROWS {
            let value = V::splat(rows[row][index]);
            for vector in 0..VECTORS {
                sums[row][vector] = value.mul_add(columns[vector], sums[row][vector]);
            }
        }
    }
}

/// The left side of a product: rows of `inner` numbers, `pitch` apart.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, R> {
    /// The numbers.
    pub values: &'a [R],
    /// Numbers of a row that enter the product.
    pub inner: usize,
    /// Numbers from one row to the next.
    pub pitch: usize,
}

/// Some columns of a row-major matrix with `pitch` numbers per row: the right side of a product.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a, R> {
    /// The numbers of the whole matrix.
    pub values: &'a [R],
    /// Numbers from one row to the next.
    pub pitch: usize,
    /// The first column.
    pub first: usize,
    /// How many columns: whole vectors.
    pub count: usize,
}

/// `product = rows · columns`, row-major without gaps; its length says how many rows there are.
#[inline(always)]
pub fn multiply<V: Vector>(
    rows: Rows<'_, V::Element>,
    columns: Columns<'_, V::Element>,
    product: &mut [V::Element],
) {
    let count = product.len() / columns.count;
    let mut column = 0;
    while column < columns.count {
        let wide = column + 2 * V::LANES <= columns.count;
        let mut row = 0;
        while row < count {
            let left = count - row;
            let place = [row, column];
            row += match (wide, V::REGISTERS) {
                (true, 32..) if left >= 8 => tile::<V, 8, 2>(rows, columns, place, product),
                // Six where fours would not come out even, or there is enough for fours to follow.
                (true, ..32) if left == 6 || left >= 10 => {
                    tile::<V, 6, 2>(rows, columns, place, product)
                }
                (true, _) if left >= 4 => tile::<V, 4, 2>(rows, columns, place, product),
                (true, _) => tile::<V, 1, 2>(rows, columns, place, product),
                (false, _) if left >= 8 => tile::<V, 8, 1>(rows, columns, place, product),
                (false, _) if left >= 4 => tile::<V, 4, 1>(rows, columns, place, product),
                (false, _) => tile::<V, 1, 1>(rows, columns, place, product),
            };
        }
        column += if wide { 2 * V::LANES } else { V::LANES };
    }
}

/// One block of [`multiply`]; returns its number of rows.
#[inline(always)]
fn tile<V: Vector, const ROWS: usize, const VECTORS: usize>(
    rows: Rows<'_, V::Element>,
    columns: Columns<'_, V::Element>,
    [first_row, first_column]: [usize; 2],
    product: &mut [V::Element],
) -> usize {
    let mut lines: [&[V::Element]; ROWS] = [&[]; ROWS];
    for (row, line) in lines.iter_mut().enumerate() {
        *line = &rows.values[(first_row + row) * rows.pitch..][..rows.inner];
    }
    let mut sums = [[V::zero(); VECTORS]; ROWS];
    add_products(lines, columns.values, columns.pitch, columns.first + first_column, &mut sums);
    for (row, sums) in sums.iter().enumerate() {
        let target = &mut product[(first_row + row) * columns.count + first_column..];
        for (vector, sum) in sums.iter().enumerate() {
            sum.store(&mut target[vector * V::LANES..]);
        }
    }
    ROWS
}

/// `sums += leftᵀ · right`: left has `pitch` numbers per row, right and sums have `width`; all are whole
/// vectors.
#[inline(always)]
pub fn add_transposed_product<V: Vector>(
    left: &[V::Element],
    pitch: usize,
    right: &[V::Element],
    width: usize,
    sums: &mut [V::Element],
) {
    let mut first = 0;
    while first < width {
        let wide = first + 2 * V::LANES <= width;
        let mut row = 0;
        while row < pitch {
            let remaining = pitch - row;
            let start = [row, first];
            row += match (wide, V::REGISTERS) {
                (true, ..32) if remaining == 6 || remaining >= 10 => {
                    transposed_tile::<V, 6, 2>(left, pitch, right, width, start, sums)
                }
                (true, ..32) => transposed_tile::<V, 4, 2>(left, pitch, right, width, start, sums),
                (true, _) => transposed_tile::<V, 8, 2>(left, pitch, right, width, start, sums),
                (false, _) => transposed_tile::<V, 8, 1>(left, pitch, right, width, start, sums),
            };
        }
        first += if wide { 2 * V::LANES } else { V::LANES };
    }
}

/// Some rows of [`add_transposed_product`]; returns how many.
#[inline(always)]
fn transposed_tile<V: Vector, const ROWS: usize, const VECTORS: usize>(
    left: &[V::Element],
    pitch: usize,
    right: &[V::Element],
    width: usize,
    [first_row, first]: [usize; 2],
    sums: &mut [V::Element],
) -> usize {
    let mut tile = [[V::zero(); VECTORS]; ROWS];
    for (left, right) in left.chunks_exact(pitch).zip(right.chunks_exact(width)) {
        let left = &left[first_row..][..ROWS];
        let right = &right[first..][..VECTORS * V::LANES];
        let right = vectors!(vector in VECTORS => V::load(&right[vector * V::LANES..]));
        for row in 0..ROWS {
            let value = V::splat(left[row]);
            for vector in 0..VECTORS {
                tile[row][vector] = value.mul_add(right[vector], tile[row][vector]);
            }
        }
    }
    for (row, tile) in tile.iter().enumerate() {
        for (vector, sum) in tile.iter().enumerate() {
            let target = &mut sums[(first_row + row) * width + first + vector * V::LANES..];
            (V::load(target) + *sum).store(target);
        }
    }
    ROWS
}
