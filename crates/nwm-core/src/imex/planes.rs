//! Circular cross-correlation of a few maps, vectorised over the sites of a row.
//!
//! Each map that is read at shifted sites is first copied into a plane with a wrapped border, so that
//! the inner loops read whole vectors without wrapping. Rows of a plane are long enough that a vector
//! may start at any site of the map; what lies beyond is never written back.

use num_traits::Zero;
use nwm_simd::{LONGEST_VECTOR, Lines, LinesMut, Real, Vector, vectors};

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

    /// Where the site that a tap of the map's first site reads lies in a plane.
    fn offset(&self, tap: usize) -> usize {
        tap / self.tap_columns * self.stride() + tap % self.tap_columns
    }

    /// Copies a map into a plane and wraps its borders.
    #[inline(always)]
    pub(crate) fn load<V: Vector>(&self, map: &[V::Element], plane: &mut [V::Element]) {
        match self.tap_columns / 2 {
            // A number that the compiler knows makes this several times as fast.
            1 => self.load_lines::<V>(map, plane, 1),
            before => self.load_lines::<V>(map, plane, before),
        }
        let (rows, above, stride) = (self.rows, self.tap_rows / 2, self.stride());
        plane.copy_within(rows * stride..(rows + above) * stride, 0);
        plane.copy_within(above * stride..2 * above * stride, (above + rows) * stride);
    }

    /// Copies the rows of a map into lines of a plane, each with its last `before` values before it and
    /// its first behind it.
    #[inline(always)]
    fn load_lines<V: Vector>(&self, map: &[V::Element], plane: &mut [V::Element], before: usize) {
        let &Self { rows, columns, .. } = self;
        let stride = self.stride();
        let plane = &mut plane[self.tap_rows / 2 * stride..];
        if columns < V::LANES {
            for (row, line) in map.chunks_exact(columns).zip(plane.chunks_exact_mut(stride)) {
                line[before..][..columns].copy_from_slice(row);
            }
        } else {
            let map = Lines::new(map, rows, columns, columns);
            let mut lines = LinesMut::new(plane, rows, stride, stride);
            let last = columns - V::LANES;
            for row in 0..rows {
                let mut start = 0;
                while start < last {
                    let vector: V = map.window(row, 1, start, V::LANES).load(0, 0);
                    lines.window(row, 1, before + start, V::LANES).store(0, 0, vector);
                    start += V::LANES;
                }
                let vector: V = map.window(row, 1, last, V::LANES).load(0, 0);
                lines.window(row, 1, before + last, V::LANES).store(0, 0, vector);
            }
        }
        for line in plane.chunks_exact_mut(stride).take(rows) {
            let line = &mut line[..columns + 2 * before];
            for column in 0..before {
                line[column] = line[columns + column];
                line[before + columns + column] = line[before + column];
            }
        }
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
                    let plane = &plane[self.offset(tap)..];
                    self.correlate_taps::<V, 1, 1>([[V::splat(weight)]], plane, map);
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
        let &Self { rows, columns, .. } = self;
        let lines = self.lines(plane, A, B);
        if columns < V::LANES {
            for (row, map) in map.chunks_exact_mut(columns).enumerate() {
                let [sum] = correlate_vectors(&taps, lines, row, 0, [V::load_some(map)]);
                sum.store_some(map);
            }
            return;
        }
        let mut map = LinesMut::new(map, rows, columns, columns);
        let mut row = 0;
        while row < rows {
            row += if row + 4 <= rows {
                self.correlate_rows::<V, A, B, 4>(&taps, lines, row, &mut map)
            } else if row + 2 <= rows {
                self.correlate_rows::<V, A, B, 2>(&taps, lines, row, &mut map)
            } else {
                self.correlate_rows::<V, A, B, 1>(&taps, lines, row, &mut map)
            };
        }
    }

    /// The lines of a plane from which `A` x `B` taps read.
    #[inline(always)]
    fn lines<'p, R>(&self, plane: &'p [R], a: usize, b: usize) -> Lines<'p, R> {
        let width = self.columns + LONGEST_VECTOR + b - 1;
        Lines::new(plane, self.rows + a - 1, self.stride(), width)
    }

    /// `ROWS` rows of a map from `row` on, of which there are so many. What is loaded for one of
    /// them serves its neighbours too.
    ///
    /// The last vector of a row ends where the row does and so overlaps the one before it. It is
    /// computed first and stored last: both see the map as it was.
    #[inline(always)]
    fn correlate_rows<V: Vector, const A: usize, const B: usize, const ROWS: usize>(
        &self,
        taps: &[[V; B]; A],
        lines: Lines<'_, V::Element>,
        row: usize,
        map: &mut LinesMut<'_, V::Element>,
    ) -> usize {
        let rest = self.columns - V::LANES;
        let window = map.window(row, ROWS, rest, V::LANES);
        let last = vectors!(line in ROWS => window.load(line, 0));
        let last = correlate_vectors(taps, lines, row, rest, last);
        let mut start = 0;
        while start < rest {
            let mut window = map.window(row, ROWS, start, V::LANES);
            let sums = vectors!(line in ROWS => window.load(line, 0));
            let sums = correlate_vectors(taps, lines, row, start, sums);
            for line in 0..ROWS {
                window.store(line, 0, sums[line]);
            }
            start += V::LANES;
        }
        let mut window = map.window(row, ROWS, rest, V::LANES);
        for line in 0..ROWS {
            window.store(line, 0, last[line]);
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
                    let grad = &grad[self.offset(self.taps() - 1 - tap)..];
                    let grad_tap = &mut grad_kernel[tap * V::LANES..];
                    self.add_tap_gradients::<V, 1, 1>(grad, map, grad_tap);
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
        let &Self { rows, columns, .. } = self;
        let mut sums = [[V::zero(); B]; A];
        let lines = self.lines(grad, A, B);
        if columns < V::LANES {
            for (row, map) in map.chunks_exact(columns).enumerate() {
                sums = add_products(lines, row, 0, V::load_some(map), sums);
            }
        } else {
            let rest = columns - V::LANES;
            // Zero where a row's last vector holds sites of the one before it.
            let mut own = [V::Element::nearest(1.0); LONGEST_VECTOR];
            own[..rest.next_multiple_of(V::LANES) - rest].fill(V::Element::zero());
            let own = V::load(&own);
            let map = Lines::new(map, rows, columns, columns);
            for row in 0..rows {
                let mut start = 0;
                while start < rest {
                    let values = map.window(row, 1, start, V::LANES).load(0, 0);
                    sums = add_products(lines, row, start, values, sums);
                    start += V::LANES;
                }
                let values = map.window(row, 1, rest, V::LANES).load::<V>(0, 0) * own;
                sums = add_products(lines, row, rest, values, sums);
            }
        }
        // Taps run backwards over the shifted gradient.
        let sums = sums.as_flattened().iter().rev();
        for (sum, lanes) in sums.zip(grad_kernel.chunks_exact_mut(V::LANES)) {
            (V::load(lanes) + *sum).store(lanes);
        }
    }
}

/// Adds to one vector in each of `ROWS` rows the taps' products with the lines around them.
#[inline(always)]
fn correlate_vectors<V: Vector, const A: usize, const B: usize, const ROWS: usize>(
    taps: &[[V; B]; A],
    lines: Lines<'_, V::Element>,
    row: usize,
    start: usize,
    mut sums: [V; ROWS],
) -> [V; ROWS] {
    let window = lines.window(row, A + ROWS - 1, start, V::LANES + B - 1);
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
    row: usize,
    start: usize,
    values: V,
    mut sums: [[V; B]; A],
) -> [[V; B]; A] {
    let window = lines.window(row, A, start, V::LANES + B - 1);
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
