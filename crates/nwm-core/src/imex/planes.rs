//! Circular cross-correlation of a few maps, vectorised over the sites of a row.
//!
//! Each map that is read at shifted sites is first copied into a plane with a wrapped border, so that
//! the inner loops read whole vectors without wrapping. Rows of a plane are long enough that a vector
//! may start at any site of the map; what lies beyond is never written back.

use num_traits::Zero;
use nwm_simd::{Lines, LinesMut, Real, Vector, vectors};

/// The longest vector of any instruction set.
const LONGEST_VECTOR: usize = 16;

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
        let above = self.tap_rows / 2;
        let lines = plane[above * stride..].chunks_exact_mut(stride);
        for (row, line) in map.chunks_exact(columns).zip(lines) {
            match self.tap_columns / 2 {
                // A number that the compiler knows makes this several times as fast.
                1 => load_line::<V>(row, line, 1),
                before => load_line::<V>(row, line, before),
            }
        }
        plane.copy_within(rows * stride..(rows + above) * stride, 0);
        plane.copy_within(above * stride..2 * above * stride, (above + rows) * stride);
    }

    /// Adds to a map the correlation of a plane with a kernel, `[tap row, tap column]`.
    #[inline(always)]
    pub(crate) fn correlate<V: Vector>(
        &self,
        kernel: &[V::Element],
        plane: &[V::Element],
        map: &mut [V::Element],
    ) {
        self.correlate_any::<V, false>(kernel, plane, map);
    }

    /// The adjoint of [`Planes::correlate`]: adds to the gradient of the map that was correlated;
    /// `grad` is the plane of the result's gradient.
    #[inline(always)]
    pub(crate) fn correlate_back<V: Vector>(
        &self,
        kernel: &[V::Element],
        grad: &[V::Element],
        grad_map: &mut [V::Element],
    ) {
        self.correlate_any::<V, true>(kernel, grad, grad_map);
    }

    /// Either of them: the adjoint of a correlation is one with the taps in the reverse order.
    #[inline(always)]
    fn correlate_any<V: Vector, const REVERSED: bool>(
        &self,
        kernel: &[V::Element],
        plane: &[V::Element],
        map: &mut [V::Element],
    ) {
        match (self.tap_rows, self.tap_columns) {
            (3, 3) => {
                self.correlate_taps::<V, 3, 3>(splat::<V, 3, 3, REVERSED>(kernel), plane, map)
            }
            (1, 3) => {
                self.correlate_taps::<V, 1, 3>(splat::<V, 1, 3, REVERSED>(kernel), plane, map)
            }
            _ => {
                for tap in 0..self.taps() {
                    let weight = kernel[if REVERSED { self.taps() - 1 - tap } else { tap }];
                    let first = tap / self.tap_columns * self.stride() + tap % self.tap_columns;
                    self.correlate_taps::<V, 1, 1>([[V::splat(weight)]], &plane[first..], map);
                }
            }
        }
    }

    /// The correlation for `A` x `B` taps.
    #[inline(always)]
    fn correlate_taps<V: Vector, const A: usize, const B: usize>(
        &self,
        taps: [[V; B]; A],
        plane: &[V::Element],
        map: &mut [V::Element],
    ) {
        let mut row = 0;
        while row < self.rows {
            let map = &mut map[row * self.columns..];
            let plane = &plane[row * self.stride()..];
            row += if row + 4 <= self.rows {
                self.correlate_rows::<V, A, B, 4>(&taps, plane, map)
            } else if row + 2 <= self.rows {
                self.correlate_rows::<V, A, B, 2>(&taps, plane, map)
            } else {
                self.correlate_rows::<V, A, B, 1>(&taps, plane, map)
            };
        }
    }

    /// The first `ROWS` rows of a map, of which there are so many. What is loaded for one of them
    /// serves its neighbours too.
    ///
    /// The last vector of a row ends where the row does and so overlaps the one before it. It is
    /// computed first and stored last: both see the map as it was.
    #[inline(always)]
    fn correlate_rows<V: Vector, const A: usize, const B: usize, const ROWS: usize>(
        &self,
        taps: &[[V; B]; A],
        plane: &[V::Element],
        map: &mut [V::Element],
    ) -> usize {
        let (stride, columns) = (self.stride(), self.columns);
        let lines = Lines::new(plane, A + ROWS - 1, stride, columns + LONGEST_VECTOR + B - 1);
        if columns < V::LANES {
            let sums = vectors!(row in ROWS => V::load_some(&map[row * columns..][..columns]));
            let sums = correlate_vectors(taps, lines, 0, sums);
            for row in 0..ROWS {
                sums[row].store_some(&mut map[row * columns..][..columns]);
            }
            return ROWS;
        }
        let mut map = LinesMut::new(map, ROWS, columns, columns);
        let rest = columns - V::LANES;
        let window = map.window(rest, V::LANES);
        let last = vectors!(row in ROWS => window.load(row, 0));
        let last = correlate_vectors(taps, lines, rest, last);
        let mut start = 0;
        while start < rest {
            let mut window = map.window(start, V::LANES);
            let sums = vectors!(row in ROWS => window.load(row, 0));
            let sums = correlate_vectors(taps, lines, start, sums);
            for row in 0..ROWS {
                window.store(row, 0, sums[row]);
            }
            start += V::LANES;
        }
        let mut window = map.window(rest, V::LANES);
        for row in 0..ROWS {
            window.store(row, 0, last[row]);
        }
        ROWS
    }

    /// Adds to the gradients of a kernel's weights, `[tap row, tap column, lane]`: `grad` is the
    /// plane of the result's gradient, `map` is the map that was correlated.
    #[inline(always)]
    pub(crate) fn add_kernel_gradient<V: Vector>(
        &self,
        grad: &[V::Element],
        map: &[V::Element],
        grad_kernel: &mut [V::Element],
    ) {
        match (self.tap_rows, self.tap_columns) {
            (3, 3) => self.add_tap_gradients::<V, 3, 3>(grad, map, grad_kernel),
            (1, 3) => self.add_tap_gradients::<V, 1, 3>(grad, map, grad_kernel),
            _ => {
                for tap in 0..self.taps() {
                    // The gradient is shifted the other way than the map was.
                    let first = self.taps() - 1 - tap;
                    let first = first / self.tap_columns * self.stride() + first % self.tap_columns;
                    let grad_tap = &mut grad_kernel[tap * V::LANES..];
                    self.add_tap_gradients::<V, 1, 1>(&grad[first..], map, grad_tap);
                }
            }
        }
    }

    /// [`Planes::add_kernel_gradient`] for `A` x `B` taps.
    #[inline(always)]
    fn add_tap_gradients<V: Vector, const A: usize, const B: usize>(
        &self,
        grad: &[V::Element],
        map: &[V::Element],
        grad_kernel: &mut [V::Element],
    ) {
        let (stride, columns) = (self.stride(), self.columns);
        let rest = columns.saturating_sub(V::LANES);
        // Zero where a row's last vector holds sites of the one before it.
        let shared = rest.next_multiple_of(V::LANES) - rest;
        let mut own = [V::Element::nearest(1.0); LONGEST_VECTOR];
        own[..shared].fill(V::Element::zero());
        let own = V::load(&own);
        let mut sums = [[V::zero(); B]; A];
        for row in 0..self.rows {
            let width = columns + LONGEST_VECTOR + B - 1;
            let lines = Lines::new(&grad[row * stride..], A, stride, width);
            let map = &map[row * columns..][..columns];
            let mut start = 0;
            while start < rest {
                sums = add_products(lines, start, V::load(&map[start..]), sums);
                start += V::LANES;
            }
            sums = add_products(lines, rest, V::load_some(&map[rest..]) * own, sums);
        }
        // Taps run backwards over the shifted gradient.
        let sums = sums.as_flattened().iter().rev();
        for (sum, lanes) in sums.zip(grad_kernel.chunks_exact_mut(V::LANES)) {
            (V::load(lanes) + *sum).store(lanes);
        }
    }
}

/// Copies a row into a line of a plane, with its last `before` values before it and its first behind.
#[inline(always)]
fn load_line<V: Vector>(row: &[V::Element], line: &mut [V::Element], before: usize) {
    let columns = row.len();
    let line = &mut line[..columns + 2 * before];
    let inner = &mut line[before..][..columns];
    if columns < V::LANES {
        inner.copy_from_slice(row);
    } else {
        for (from, to) in row.chunks_exact(V::LANES).zip(inner.chunks_exact_mut(V::LANES)) {
            V::load(from).store(to);
        }
        let last = columns - V::LANES;
        V::load(&row[last..]).store(&mut inner[last..]);
    }
    for column in 0..before {
        line[column] = row[columns - before + column];
        line[before + columns + column] = row[column];
    }
}

/// Adds to one vector in each of `ROWS` rows the taps' products with the lines around them.
#[inline(always)]
fn correlate_vectors<V: Vector, const A: usize, const B: usize, const ROWS: usize>(
    taps: &[[V; B]; A],
    lines: Lines<'_, V::Element>,
    start: usize,
    mut sums: [V; ROWS],
) -> [V; ROWS] {
    let window = lines.window(start, V::LANES + B - 1);
    for line in 0..A + ROWS - 1 {
        for b in 0..B {
            let value: V = window.load(line, b);
            for row in 0..ROWS {
                if row <= line && line - row < A {
                    sums[row] = value.mul_add(taps[line - row][b], sums[row]);
                }
            }
        }
    }
    sums
}

/// Adds the products of a vector with every shift of the lines.
#[inline(always)]
fn add_products<V: Vector, const A: usize, const B: usize>(
    lines: Lines<'_, V::Element>,
    start: usize,
    values: V,
    mut sums: [[V; B]; A],
) -> [[V; B]; A] {
    let window = lines.window(start, V::LANES + B - 1);
    for a in 0..A {
        for b in 0..B {
            sums[a][b] = window.load::<V>(a, b).mul_add(values, sums[a][b]);
        }
    }
    sums
}

/// The weights of a kernel, one vector each, perhaps in the reverse order.
#[inline(always)]
fn splat<V: Vector, const A: usize, const B: usize, const REVERSED: bool>(
    kernel: &[V::Element],
) -> [[V; B]; A] {
    let mut taps = [[V::zero(); B]; A];
    for a in 0..A {
        for b in 0..B {
            let tap = a * B + b;
            taps[a][b] = V::splat(kernel[if REVERSED { A * B - 1 - tap } else { tap }]);
        }
    }
    taps
}
