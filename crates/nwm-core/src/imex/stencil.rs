//! Circular cross-correlation over planes that carry a wrapped border.
//!
//! Each channel of a sample is copied into a plane with halo rows and columns, so that the inner
//! loops run over contiguous columns without wrapping. Rows are padded to a multiple of [`LANES`],
//! which lets every inner loop work on whole groups of lanes; the padding of a plane holds zeros and
//! halo values, and only ever produces results that are dropped or multiplied by 0.

use crate::state::Real;

/// Columns handled together by the inner loops.
pub(crate) const LANES: usize = 8;

/// Shape of a local coupling and of the buffers it works in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stencil {
    pub(crate) channels: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) tap_rows: usize,
    pub(crate) tap_columns: usize,
}

impl Stencil {
    /// Columns rounded up to whole groups of lanes: the row length of wide buffers.
    fn width(&self) -> usize {
        self.columns.next_multiple_of(LANES)
    }

    /// Row length of halo planes: every group of lanes can be read at every tap.
    fn stride(&self) -> usize {
        self.width() + self.tap_columns - 1
    }

    fn halo_rows(&self) -> usize {
        self.tap_rows / 2
    }

    fn halo_columns(&self) -> usize {
        self.tap_columns / 2
    }

    fn plane(&self) -> usize {
        (self.rows + self.tap_rows - 1) * self.stride()
    }

    fn taps(&self) -> usize {
        self.tap_rows * self.tap_columns
    }

    /// Length of a buffer of halo planes, one per channel.
    pub(crate) fn halo_len(&self) -> usize {
        self.channels * self.plane()
    }

    /// Length of a buffer of wide rows without halo.
    pub(crate) fn wide_len(&self) -> usize {
        self.channels * self.rows * self.width()
    }

    /// Copies a field (`[channels, rows, columns]`) into halo planes and wraps its borders.
    pub(crate) fn load_halo<R: Real>(&self, field: &[R], planes: &mut [R]) {
        let (rows, columns, stride) = (self.rows, self.columns, self.stride());
        let (above, left) = (self.halo_rows(), self.halo_columns());
        for (field, plane) in
            field.chunks_exact(rows * columns).zip(planes.chunks_exact_mut(self.plane()))
        {
            for (row, target) in
                field.chunks_exact(columns).zip(plane[above * stride..].chunks_exact_mut(stride))
            {
                target[..left].copy_from_slice(&row[columns - left..]);
                target[left..left + columns].copy_from_slice(row);
                target[left + columns..2 * left + columns].copy_from_slice(&row[..left]);
            }
            plane.copy_within(rows * stride..(rows + above) * stride, 0);
            plane.copy_within(above * stride..2 * above * stride, (above + rows) * stride);
        }
    }

    /// Copies a field into wide rows; their padding must already be zero.
    pub(crate) fn load_wide<R: Real>(&self, field: &[R], wide: &mut [R]) {
        for (row, target) in
            field.chunks_exact(self.columns).zip(wide.chunks_exact_mut(self.width()))
        {
            target[..self.columns].copy_from_slice(row);
        }
    }

    /// Adds wide rows to a field, leaving out their padding.
    pub(crate) fn add_wide_to<R: Real>(&self, wide: &[R], field: &mut [R]) {
        for (row, target) in
            wide.chunks_exact(self.width()).zip(field.chunks_exact_mut(self.columns))
        {
            for (&value, target) in row.iter().zip(target) {
                *target += value;
            }
        }
    }

    /// The kernel whose correlation is the adjoint of this one's: channels swapped, taps reversed.
    pub(crate) fn adjoint_kernel<R: Real>(&self, kernel: &[R]) -> Vec<R> {
        let (channels, taps) = (self.channels, self.taps());
        let mut adjoint = Vec::with_capacity(kernel.len());
        for i in 0..channels {
            for o in 0..channels {
                let block = &kernel[(o * channels + i) * taps..][..taps];
                adjoint.extend(block.iter().rev());
            }
        }
        adjoint
    }

    /// Adds the correlation of halo planes with `kernel` (`[out, in, tap row, tap column]`) to wide
    /// rows.
    pub(crate) fn correlate<R: Real>(&self, kernel: &[R], planes: &[R], wide: &mut [R]) {
        match (self.tap_rows, self.tap_columns) {
            (3, 3) => self.correlate_taps::<R, 3, 3>(kernel, planes, wide),
            (1, 3) => self.correlate_taps::<R, 1, 3>(kernel, planes, wide),
            (5, 5) => self.correlate_taps::<R, 5, 5>(kernel, planes, wide),
            (1, 5) => self.correlate_taps::<R, 1, 5>(kernel, planes, wide),
            _ => self.correlate_any(kernel, planes, wide),
        }
    }

    /// [`Stencil::correlate`] with the kernel's size known to the compiler.
    fn correlate_taps<R: Real, const A: usize, const B: usize>(
        &self,
        kernel: &[R],
        planes: &[R],
        wide: &mut [R],
    ) {
        let (channels, stride, plane, width) =
            (self.channels, self.stride(), self.plane(), self.width());
        let mut blocks = kernel.chunks_exact(A * B);
        for out in wide.chunks_exact_mut(self.rows * width) {
            for (block, source) in blocks.by_ref().take(channels).zip(planes.chunks_exact(plane)) {
                let taps: [[R; B]; A] =
                    std::array::from_fn(|a| std::array::from_fn(|b| block[a * B + b]));
                for (r, out) in out.chunks_exact_mut(width).enumerate() {
                    let rows: [&[R]; A] =
                        std::array::from_fn(|a| &source[(r + a) * stride..][..stride]);
                    correlate_row(&taps, rows, out);
                }
            }
        }
    }

    /// [`Stencil::correlate`] one tap at a time.
    fn correlate_any<R: Real>(&self, kernel: &[R], planes: &[R], wide: &mut [R]) {
        let (channels, stride, plane, width) =
            (self.channels, self.stride(), self.plane(), self.width());
        let mut blocks = kernel.chunks_exact(self.taps());
        for out in wide.chunks_exact_mut(self.rows * width) {
            for (block, source) in blocks.by_ref().take(channels).zip(planes.chunks_exact(plane)) {
                for (tap, &weight) in block.iter().enumerate() {
                    let (a, b) = (tap / self.tap_columns, tap % self.tap_columns);
                    for (r, out) in out.chunks_exact_mut(width).enumerate() {
                        let source = &source[(r + a) * stride + b..][..width];
                        correlate_row(&[[weight]], [source], out);
                    }
                }
            }
        }
    }

    /// Adds, for each weight of a kernel, the sum over sites of the output gradient (wide rows with
    /// zero padding) times the input (halo planes) that the weight multiplied.
    pub(crate) fn add_kernel_gradient<R: Real>(
        &self,
        grad_wide: &[R],
        planes: &[R],
        gradient: &mut [f64],
    ) {
        let (channels, plane, width) = (self.channels, self.plane(), self.width());
        let mut rows_of_taps = gradient.chunks_exact_mut(self.tap_columns);
        for grad in grad_wide.chunks_exact(self.rows * width) {
            for source in planes.chunks_exact(plane).take(channels) {
                for (a, gradient) in rows_of_taps.by_ref().take(self.tap_rows).enumerate() {
                    match self.tap_columns {
                        3 => self.add_tap_row::<R, 3>(grad, source, a, 0, gradient),
                        5 => self.add_tap_row::<R, 5>(grad, source, a, 0, gradient),
                        _ => {
                            for (b, gradient) in gradient.chunks_exact_mut(1).enumerate() {
                                self.add_tap_row::<R, 1>(grad, source, a, b, gradient);
                            }
                        }
                    }
                }
            }
        }
    }

    /// [`Stencil::add_kernel_gradient`] for `B` neighbouring taps of one kernel row.
    fn add_tap_row<R: Real, const B: usize>(
        &self,
        grad: &[R],
        source: &[R],
        tap_row: usize,
        first_tap: usize,
        gradient: &mut [f64],
    ) {
        let (stride, width) = (self.stride(), self.width());
        let mut sums = [[R::zero(); LANES]; B];
        for (r, grad) in grad.chunks_exact(width).enumerate() {
            let source = &source[(r + tap_row) * stride + first_tap..][..width + B - 1];
            let (grad, _) = grad.as_chunks::<LANES>();
            let shifted: [&[[R; LANES]]; B] =
                std::array::from_fn(|b| lane_groups(source, b, grad.len()));
            for (group, grad) in grad.iter().enumerate() {
                for b in 0..B {
                    let values = &shifted[b][group];
                    for lane in 0..LANES {
                        sums[b][lane] += grad[lane] * values[lane];
                    }
                }
            }
        }
        for (gradient, lanes) in gradient.iter_mut().zip(&sums) {
            *gradient += lanes.iter().map(|lane| lane.widen()).sum::<f64>();
        }
    }
}

/// `out[c] += sum over a, b of taps[a][b] rows[a][c + b]`; `out` is whole groups of lanes.
fn correlate_row<R: Real, const A: usize, const B: usize>(
    taps: &[[R; B]; A],
    rows: [&[R]; A],
    out: &mut [R],
) {
    let (out, _) = out.as_chunks_mut::<LANES>();
    let shifted: [[&[[R; LANES]]; B]; A] =
        rows.map(|row| std::array::from_fn(|b| lane_groups(row, b, out.len())));
    for (group, out) in out.iter_mut().enumerate() {
        let mut sums = *out;
        for a in 0..A {
            for b in 0..B {
                let values = &shifted[a][b][group];
                for lane in 0..LANES {
                    sums[lane] += taps[a][b] * values[lane];
                }
            }
        }
        *out = sums;
    }
}

/// The first `count` groups of lanes of `row[start..]`.
fn lane_groups<R>(row: &[R], start: usize, count: usize) -> &[[R; LANES]] {
    &row[start..].as_chunks::<LANES>().0[..count]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stencils of every code path: known and unknown kernel sizes, rows shorter and longer than a
    /// group of lanes, rings, channels.
    const STENCILS: [[usize; 5]; 6] = [
        [1, 3, 4, 3, 3],
        [2, 5, 9, 3, 3],
        [1, 6, 17, 5, 5],
        [3, 2, 8, 1, 3],
        [2, 1, 5, 1, 5],
        [1, 7, 11, 7, 7],
    ];

    fn stencil([channels, rows, columns, tap_rows, tap_columns]: [usize; 5]) -> Stencil {
        Stencil { channels, rows, columns, tap_rows, tap_columns }
    }

    fn wavy(count: usize, frequency: f64) -> Vec<f64> {
        (0..count).map(|index| (frequency * index as f64 + 0.3).sin()).collect()
    }

    fn correlated(stencil: &Stencil, kernel: &[f64], field: &[f64]) -> Vec<f64> {
        let mut planes = vec![0.0; stencil.halo_len()];
        let mut wide = vec![0.0; stencil.wide_len()];
        let mut result = vec![0.0; field.len()];
        stencil.load_halo(field, &mut planes);
        stencil.correlate(kernel, &planes, &mut wide);
        stencil.add_wide_to(&wide, &mut result);
        result
    }

    fn inner(left: &[f64], right: &[f64]) -> f64 {
        left.iter().zip(right).map(|(left, right)| left * right).sum()
    }

    #[test]
    fn larger_kernel_index_looks_at_larger_site_index() {
        let ring = stencil([1, 1, 4, 1, 3]);
        let found = correlated(&ring, &[1.0, 10.0, 100.0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(found, [214.0, 321.0, 432.0, 143.0]);
    }

    #[test]
    fn adjoint_kernel_moves_the_correlation_to_the_other_side() {
        for sizes in STENCILS {
            let stencil = stencil(sizes);
            let units = stencil.channels * stencil.rows * stencil.columns;
            let kernel = wavy(stencil.channels.pow(2) * stencil.taps(), 0.9);
            let (x, y) = (wavy(units, 0.7), wavy(units, 1.3));
            let left = inner(&correlated(&stencil, &kernel, &x), &y);
            let right = inner(&x, &correlated(&stencil, &stencil.adjoint_kernel(&kernel), &y));
            assert!((left - right).abs() < 1e-12 * units as f64, "{stencil:?}: {left} {right}");
        }
    }

    #[test]
    fn kernel_gradient_is_the_response_to_each_weight_alone() {
        for sizes in STENCILS {
            let stencil = stencil(sizes);
            let units = stencil.channels * stencil.rows * stencil.columns;
            let weights = stencil.channels.pow(2) * stencil.taps();
            let (x, y) = (wavy(units, 0.7), wavy(units, 1.3));
            let mut planes = vec![0.0; stencil.halo_len()];
            let mut wide = vec![0.0; stencil.wide_len()];
            let mut gradient = vec![0.0; weights];
            stencil.load_halo(&x, &mut planes);
            stencil.load_wide(&y, &mut wide);
            stencil.add_kernel_gradient(&wide, &planes, &mut gradient);
            for (index, found) in gradient.iter().enumerate() {
                let mut kernel = vec![0.0; weights];
                kernel[index] = 1.0;
                let expected = inner(&correlated(&stencil, &kernel, &x), &y);
                assert!((found - expected).abs() < 1e-12 * units as f64, "{stencil:?}, {index}");
            }
        }
    }
}
