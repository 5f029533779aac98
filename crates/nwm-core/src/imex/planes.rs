//! Circular cross-correlation of a few maps, vectorised over the sites of a row.
//!
//! Each map that is read at shifted sites is first copied into a plane with a wrapped border, so that
//! the inner loops read whole vectors without wrapping. Rows of a plane are long enough that a vector
//! may start at any site of the map; what lies beyond is never written back.

use nwm_simd::{Vector, vectors};

/// The longest vector of any instruction set.
const LONGEST_VECTOR: usize = 16;

/// Rows of a plane that a block of rows of a map is computed from, at most.
const MOST_LINES: usize = 6;

/// Shape of a map, of a kernel, and so of a plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planes {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) tap_rows: usize,
    pub(crate) tap_columns: usize,
}

impl Planes {
    /// Sites of a map.
    pub(crate) fn sites(&self) -> usize {
        self.rows * self.columns
    }

    /// Weights of a kernel between two maps.
    pub(crate) fn taps(&self) -> usize {
        self.tap_rows * self.tap_columns
    }

    /// Length of a row of a plane.
    fn stride(&self) -> usize {
        self.columns + LONGEST_VECTOR + self.tap_columns - 1
    }

    /// Length of a plane.
    pub(crate) fn plane_len(&self) -> usize {
        (self.rows + self.tap_rows - 1) * self.stride()
    }

    /// Copies a map into a plane and wraps its borders.
    #[inline(always)]
    pub(crate) fn load<V: Vector>(&self, map: &[V::Element], plane: &mut [V::Element]) {
        let &Self { rows, columns, .. } = self;
        let stride = self.stride();
        let (above, before) = (self.tap_rows / 2, self.tap_columns / 2);
        let targets = plane[above * stride..].chunks_exact_mut(stride);
        for (row, target) in map.chunks_exact(columns).zip(targets) {
            let inner = &mut target[before..];
            for (values, start) in row.chunks(V::LANES).zip((0..columns).step_by(V::LANES)) {
                V::load_some(values).store(&mut inner[start..]);
            }
            for column in 0..before {
                target[column] = row[columns - before + column];
                target[before + columns + column] = row[column];
            }
        }
        plane.copy_within(rows * stride..(rows + above) * stride, 0);
        plane.copy_within(above * stride..2 * above * stride, (above + rows) * stride);
    }

    /// Adds to a map the correlations of `FIELDS` planes with a kernel each, `[tap row, tap column]`.
    #[inline(always)]
    pub(crate) fn correlate<V: Vector, const FIELDS: usize>(
        &self,
        kernels: [&[V::Element]; FIELDS],
        planes: [&[V::Element]; FIELDS],
        map: &mut [V::Element],
    ) {
        match (self.tap_rows, self.tap_columns) {
            (3, 3) => self.correlate_taps::<V, FIELDS, 3, 3>(kernels, planes, map, [0, 0]),
            (1, 3) => self.correlate_taps::<V, FIELDS, 1, 3>(kernels, planes, map, [0, 0]),
            _ => {
                for tap in 0..self.taps() {
                    let mut kernels = kernels;
                    for kernel in &mut kernels {
                        *kernel = &kernel[tap..];
                    }
                    let first = [tap / self.tap_columns, tap % self.tap_columns];
                    self.correlate_taps::<V, FIELDS, 1, 1>(kernels, planes, map, first);
                }
            }
        }
    }

    /// [`Planes::correlate`] for `A` x `B` taps, of which the first is `first`.
    #[inline(always)]
    fn correlate_taps<V: Vector, const FIELDS: usize, const A: usize, const B: usize>(
        &self,
        kernels: [&[V::Element]; FIELDS],
        planes: [&[V::Element]; FIELDS],
        map: &mut [V::Element],
        [first_row, first_column]: [usize; 2],
    ) {
        let taps = splat_taps::<V, FIELDS, A, B>(kernels, 0);
        let first = [first_row, first_column];
        let mut row = 0;
        while row < self.rows {
            let map = &mut map[row * self.columns..];
            row += if V::REGISTERS >= 32 && row + 4 <= self.rows {
                self.correlate_rows::<V, FIELDS, A, B, 4>(&taps, planes, map, row, first)
            } else if row + 2 <= self.rows {
                self.correlate_rows::<V, FIELDS, A, B, 2>(&taps, planes, map, row, first)
            } else {
                self.correlate_rows::<V, FIELDS, A, B, 1>(&taps, planes, map, row, first)
            };
        }
    }

    /// [`Planes::correlate_taps`] for `ROWS` rows from `row` on, of which there are so many. What is
    /// loaded for one of them serves its neighbours too.
    #[inline(always)]
    fn correlate_rows<
        V: Vector,
        const FIELDS: usize,
        const A: usize,
        const B: usize,
        const ROWS: usize,
    >(
        &self,
        taps: &[[[V; B]; A]; FIELDS],
        planes: [&[V::Element]; FIELDS],
        map: &mut [V::Element],
        row: usize,
        [first_row, first_column]: [usize; 2],
    ) -> usize {
        let (stride, columns) = (self.stride(), self.columns);
        let length = columns + LONGEST_VECTOR + B - 1;
        let mut lines: [[&[V::Element]; MOST_LINES]; FIELDS] = [[&[]; MOST_LINES]; FIELDS];
        for field in 0..FIELDS {
            for line in 0..A + ROWS - 1 {
                let start = (row + line + first_row) * stride + first_column;
                lines[field][line] = &planes[field][start..][..length];
            }
        }
        for start in (0..columns).step_by(V::LANES) {
            let count = V::LANES.min(columns - start);
            let mut sums = vectors!(row in ROWS => {
                V::load_some(&map[row * columns + start..][..count])
            });
            for field in 0..FIELDS {
                for line in 0..A + ROWS - 1 {
                    let window = &lines[field][line][start..][..V::LANES + B - 1];
                    for b in 0..B {
                        let value = V::load(&window[b..]);
                        for row in 0..ROWS {
                            if row <= line && line - row < A {
                                sums[row] = value.mul_add(taps[field][line - row][b], sums[row]);
                            }
                        }
                    }
                }
            }
            for row in 0..ROWS {
                sums[row].store_some(&mut map[row * columns + start..][..count]);
            }
        }
        ROWS
    }

    /// The adjoint of [`Planes::correlate`]: `grad` is the plane of the result's gradient, `maps` are the
    /// fields that were correlated. Adds to the gradients of the fields, and to those of the
    /// kernels' weights, `[tap row, tap column, lane]`.
    #[inline(always)]
    pub(crate) fn pull_back<V: Vector, const FIELDS: usize>(
        &self,
        kernels: [&[V::Element]; FIELDS],
        grad: &[V::Element],
        maps: [&[V::Element]; FIELDS],
        grad_maps: &mut [&mut [V::Element]; FIELDS],
        grad_kernels: &mut [&mut [V::Element]; FIELDS],
    ) {
        match (self.tap_rows, self.tap_columns) {
            (3, 3) => self.pull_back_taps::<V, FIELDS, 3, 3>(
                kernels,
                grad,
                maps,
                grad_maps,
                grad_kernels,
                0,
            ),
            (1, 3) => self.pull_back_taps::<V, FIELDS, 1, 3>(
                kernels,
                grad,
                maps,
                grad_maps,
                grad_kernels,
                0,
            ),
            _ => {
                for tap in 0..self.taps() {
                    self.pull_back_taps::<V, FIELDS, 1, 1>(
                        kernels,
                        grad,
                        maps,
                        grad_maps,
                        grad_kernels,
                        tap,
                    );
                }
            }
        }
    }

    /// [`Planes::pull_back`] for `A` x `B` taps, of which the first is number `first`.
    #[inline(always)]
    fn pull_back_taps<V: Vector, const FIELDS: usize, const A: usize, const B: usize>(
        &self,
        kernels: [&[V::Element]; FIELDS],
        grad: &[V::Element],
        maps: [&[V::Element]; FIELDS],
        grad_maps: &mut [&mut [V::Element]; FIELDS],
        grad_kernels: &mut [&mut [V::Element]; FIELDS],
        first: usize,
    ) {
        let taps = splat_taps::<V, FIELDS, A, B>(kernels, first);
        let (stride, columns) = (self.stride(), self.columns);
        let length = columns + LONGEST_VECTOR + B - 1;
        // Where the shifted gradient of the last of these taps starts: taps run backwards.
        let first_row = self.tap_rows - A - first / self.tap_columns;
        let first_column = self.tap_columns - B - first % self.tap_columns;
        let mut sums = [[[V::zero(); B]; A]; FIELDS];
        for row in 0..self.rows {
            let mut lines: [&[V::Element]; A] = [&[]; A];
            for (a, line) in lines.iter_mut().enumerate() {
                *line = &grad[(row + a + first_row) * stride + first_column..][..length];
            }
            for start in (0..columns).step_by(V::LANES) {
                let count = V::LANES.min(columns - start);
                let sites = row * columns + start..row * columns + start + count;
                let fields = vectors!(field in FIELDS => V::load_some(&maps[field][sites.clone()]));
                let mut of_fields =
                    vectors!(field in FIELDS => V::load_some(&grad_maps[field][sites.clone()]));
                for a in 0..A {
                    let window = &lines[a][start..][..V::LANES + B - 1];
                    for b in 0..B {
                        let shifted = V::load(&window[b..]);
                        let (a, b) = (A - 1 - a, B - 1 - b);
                        for field in 0..FIELDS {
                            of_fields[field] = shifted.mul_add(taps[field][a][b], of_fields[field]);
                            sums[field][a][b] = shifted.mul_add(fields[field], sums[field][a][b]);
                        }
                    }
                }
                for field in 0..FIELDS {
                    of_fields[field].store_some(&mut grad_maps[field][sites.clone()]);
                }
            }
        }
        for field in 0..FIELDS {
            let lanes = &mut grad_kernels[field][first * V::LANES..];
            for (sum, lanes) in
                sums[field].as_flattened().iter().zip(lanes.chunks_exact_mut(V::LANES))
            {
                (V::load(lanes) + *sum).store(lanes);
            }
        }
    }
}

/// `A` x `B` weights of each kernel from number `first` on, one vector each.
#[inline(always)]
fn splat_taps<V: Vector, const FIELDS: usize, const A: usize, const B: usize>(
    kernels: [&[V::Element]; FIELDS],
    first: usize,
) -> [[[V; B]; A]; FIELDS] {
    let mut taps = [[[V::zero(); B]; A]; FIELDS];
    for field in 0..FIELDS {
        for a in 0..A {
            for b in 0..B {
                taps[field][a][b] = V::splat(kernels[field][first + a * B + b]);
            }
        }
    }
    taps
}
