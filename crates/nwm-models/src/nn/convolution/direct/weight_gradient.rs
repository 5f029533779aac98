//! The gradient of the weights: outer products of windows and gradients, summed over all results in registers.

use nwm_simd::{Kernel, Vector, vectors};

use super::super::super::real::Real;
use super::super::geometry::{Correlation, Pass, Phase};

/// Results after which the sums leave the registers: few enough for their windows to stay in the first cache, many
/// enough to make the visit to memory cheap. Sums of sums also lose less precision than one long sum.
const BLOCK: usize = 128;

/// Which index of a sum lies in the lanes of a vector, and sizes.
///
/// A phase's sums are `[row of the window, left, right]`: the right index is padded to whole vectors. It is the filter,
/// unless there are so few filters (a decoder draws three colours) that the run of a window's row fills vectors better.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orientation {
    channels: usize,
    filters: usize,
    lanes: usize,
    windows_right: bool,
}

impl Orientation {
    pub(super) fn of(correlation: &Correlation, lanes: usize) -> Self {
        let (channels, filters) = (correlation.channels(), correlation.filters());
        Self { channels, filters, lanes, windows_right: 2 * filters <= lanes }
    }

    /// Numbers of the left index and of the right one, the latter without and with its padding.
    fn sides(&self, phase: [&Phase; 2]) -> [usize; 3] {
        let run = phase[1].taps.len() * self.channels;
        let [left, right] =
            if self.windows_right { [self.filters, run] } else { [run, self.filters] };
        [left, right, right.next_multiple_of(self.lanes)]
    }

    fn len_of(&self, phase: [&Phase; 2]) -> usize {
        let [left, _, pitch] = self.sides(phase);
        phase[0].taps.len() * left * pitch
    }

    /// Numbers of all phases.
    pub(super) fn len(&self, pass: &Pass) -> usize {
        pass.phases().map(|phase| self.len_of(phase)).sum()
    }

    /// Where each phase begins.
    pub(super) fn starts(&self, pass: &Pass) -> Vec<usize> {
        let sizes = pass.phases().map(|phase| self.len_of(phase));
        sizes.scan(0, |end, size| Some(std::mem::replace(end, *end + size))).collect()
    }

    /// Where the sum of a place of a phase's window, counted by rows, a channel and a filter lies in the phase.
    pub(super) fn index(
        &self,
        phase: [&Phase; 2],
        place: usize,
        channel: usize,
        filter: usize,
    ) -> usize {
        let [left, _, pitch] = self.sides(phase);
        let columns = phase[1].taps.len();
        let (line, in_run) = (place / columns, place % columns * self.channels + channel);
        let place = if self.windows_right { [filter, in_run] } else { [in_run, filter] };
        (line * left + place[0]) * pitch + place[1]
    }
}

/// Adds one sample's share. `pixels` are padded for `reading`, `gradient` for `adjoint`.
pub(super) struct AddWeightGradient<'a, T> {
    pub(super) reading: &'a Pass,
    pub(super) adjoint: &'a Pass,
    pub(super) orientation: &'a Orientation,
    pub(super) pixels: &'a [T],
    pub(super) gradient: &'a [T],
    pub(super) sums: &'a mut [T],
}

impl<T: Real> Kernel<T> for AddWeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { reading, adjoint, orientation, pixels, gradient, sums } = self;
        let &Orientation { channels, filters, windows_right, .. } = orientation;
        let (width, gradient_width) = (reading.padded()[1], adjoint.padded()[1]);
        let origin = adjoint.origin();
        let mut rest = sums;
        for phase in reading.phases() {
            let (sums, later) = rest.split_at_mut(orientation.len_of(phase));
            rest = later;
            let [rows, columns] = phase;
            let start = reading.start(phase);
            let counts = [rows.count(reading.target[0]), columns.count(reading.target[1])];
            let [left, right, pitch] = orientation.sides(phase);
            let rows_of_block = (BLOCK / counts[1].max(1)).max(1);
            for first in (0..counts[0]).step_by(rows_of_block) {
                let block = [rows_of_block.min(counts[0] - first), counts[1]];
                let row = origin[0] + rows.first + first * rows.step;
                let results = Grid {
                    values: &gradient
                        [(row * gradient_width + origin[1] + columns.first) * filters..],
                    row: rows.step * gradient_width * filters,
                    column: columns.step * filters,
                };
                for (line, sums) in sums.chunks_exact_mut(left * pitch).enumerate() {
                    let row = start[0] + first * rows.stride + line;
                    let windows = Grid {
                        values: &pixels[(row * width + start[1]) * channels..],
                        row: rows.stride * width * channels,
                        column: columns.stride * channels,
                    };
                    let sides = if windows_right { [results, windows] } else { [windows, results] };
                    add_outer_products::<V>(sides, block, [left, right], pitch, sums);
                }
            }
        }
    }
}

/// Runs of numbers at the places of a grid.
#[derive(Clone, Copy)]
struct Grid<'a, T> {
    values: &'a [T],
    /// Numbers from one row of the grid to the next, and from one column to the next.
    row: usize,
    column: usize,
}

/// `sums[l][r] += sum over the grid of left[l] right[r]`; rows of `sums` are `pitch` long.
#[inline(always)]
fn add_outer_products<V: Vector>(
    sides: [Grid<'_, V::Element>; 2],
    block: [usize; 2],
    [left, right]: [usize; 2],
    pitch: usize,
    sums: &mut [V::Element],
) {
    let mut column = 0;
    while column < right {
        let wide = column + V::LANES < right;
        let mut row = 0;
        while row < left {
            let remaining = left - row;
            let place = [row, column];
            row += match (wide, V::REGISTERS) {
                (true, 32..) if remaining >= 8 => tile::<V, 8, 2>(sides, block, place, pitch, sums),
                (true, ..32) if remaining == 6 || remaining >= 10 => {
                    tile::<V, 6, 2>(sides, block, place, pitch, sums)
                }
                (true, _) if remaining >= 4 => tile::<V, 4, 2>(sides, block, place, pitch, sums),
                (true, _) if remaining >= 3 => tile::<V, 3, 2>(sides, block, place, pitch, sums),
                (true, _) => tile::<V, 1, 2>(sides, block, place, pitch, sums),
                (false, 32..) if remaining >= 16 => {
                    tile::<V, 16, 1>(sides, block, place, pitch, sums)
                }
                (false, _) if remaining >= 8 => tile::<V, 8, 1>(sides, block, place, pitch, sums),
                (false, _) if remaining >= 3 => tile::<V, 3, 1>(sides, block, place, pitch, sums),
                (false, _) => tile::<V, 1, 1>(sides, block, place, pitch, sums),
            };
        }
        column += if wide { 2 * V::LANES } else { V::LANES };
    }
}

/// `ROWS` left numbers by `VECTORS` right vectors; returns `ROWS`.
#[inline(always)]
fn tile<V: Vector, const ROWS: usize, const VECTORS: usize>(
    [left, right]: [Grid<'_, V::Element>; 2],
    [rows, columns]: [usize; 2],
    [first_row, first_column]: [usize; 2],
    pitch: usize,
    sums: &mut [V::Element],
) -> usize {
    let mut tile = [[V::zero(); VECTORS]; ROWS];
    for row in 0..rows {
        let left_row = &left.values[row * left.row + first_row..];
        let right_row = &right.values[row * right.row + first_column..];
        for column in 0..columns {
            let numbers = &left_row[column * left.column..][..ROWS];
            let vectors = &right_row[column * right.column..][..VECTORS * V::LANES];
            let vectors = vectors!(vector in VECTORS => V::load(&vectors[vector * V::LANES..]));
            for row in 0..ROWS {
                let number = V::splat(numbers[row]);
                for vector in 0..VECTORS {
                    tile[row][vector] = number.mul_add(vectors[vector], tile[row][vector]);
                }
            }
        }
    }
    for (row, tile) in tile.iter().enumerate() {
        for (vector, sum) in tile.iter().enumerate() {
            let target = &mut sums[(first_row + row) * pitch + first_column + vector * V::LANES..];
            (V::load(target) + *sum).store(target);
        }
    }
    ROWS
}
