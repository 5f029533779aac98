//! Every instruction set of this processor against plain arithmetic.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use nwm_simd::{
    Columns, InstructionSet, Kernel, Real, Rows, Simd, TANH_ERROR, TANH_ULPS, Unavailable, Vector,
    add_transposed_product, multiply, transpose,
};

/// Applies every operation to the first lanes of three lists and returns the results one by one.
struct Operations<'a, R> {
    lists: [&'a [R]; 3],
}

impl<R: Real> Kernel<R> for Operations<'_, R> {
    type Output = Vec<Vec<R>>;

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) -> Vec<Vec<R>> {
        let [a, b, c] = self.lists.map(V::load_some);
        let count = self.lists[0].len().min(V::LANES);
        let results = [
            a + b,
            a - b,
            a * b,
            a / b,
            a.mul_add(b, c),
            a.at_most(b),
            a.at_least(b),
            a.where_positive(b, c),
            V::splat(a.sum()),
        ];
        let store = |vector: V| {
            let mut values = vec![R::nan(); count];
            vector.store_some(&mut values);
            values
        };
        results.into_iter().map(store).collect()
    }
}

fn wavy<R: Real>(count: usize, frequency: f64) -> Vec<R> {
    (0..count).map(|index| R::nearest(2.0 * (frequency * index as f64 + 0.4).sin())).collect()
}

fn check_operations<R: Real>(tolerance: f64) {
    for simd in Simd::available() {
        for count in 1..=16 {
            let (a, b, c) = (wavy::<R>(count, 0.7), wavy(count, 1.3), wavy(count, 2.9));
            let found = simd.run(Operations { lists: [&a, &b, &c] });
            for lane in 0..found[0].len() {
                let [a64, b64, c64] = [&a, &b, &c].map(|list| list[lane].widen());
                let lanes = found[0].len();
                let sum: f64 = a.iter().take(lanes).map(|value| value.widen()).sum();
                let expected = [
                    a64 + b64,
                    a64 - b64,
                    a64 * b64,
                    a64 / b64,
                    a64 * b64 + c64,
                    a64.min(b64),
                    a64.max(b64),
                    if b64 > 0.0 { a64 } else { c64 },
                    sum,
                ];
                for (operation, expected) in expected.iter().enumerate() {
                    let found = found[operation][lane].widen();
                    let error = (found - expected).abs() / expected.abs().max(1.0);
                    let set = simd.instruction_set();
                    assert!(error < tolerance, "{set}, {count}, {operation}: {found} {expected}");
                }
            }
        }
    }
}

#[test]
fn operations_agree_with_plain_arithmetic() {
    check_operations::<f32>(2e-6);
    check_operations::<f64>(4e-15);
}

/// The numbers 0, 1, 2, ... as a square block of vectors, turned.
struct Transposed;

impl<R: Real> Kernel<R> for Transposed {
    type Output = Vec<R>;

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) -> Vec<R> {
        let numbers: Vec<R> =
            (0..V::LANES * V::LANES).map(|index| R::nearest(index as f64)).collect();
        let mut block = [V::splat(R::zero()); 16];
        for (vector, row) in block.iter_mut().zip(numbers.chunks_exact(V::LANES)) {
            *vector = V::load(row);
        }
        transpose(&mut block);
        let mut turned = vec![R::nan(); numbers.len()];
        for (vector, row) in block.iter().zip(turned.chunks_exact_mut(V::LANES)) {
            vector.store(row);
        }
        turned
    }
}

fn check_transposition<R: Real>() {
    for simd in Simd::available() {
        let turned = simd.run::<R, _>(Transposed);
        let lanes = simd.lanes::<R>();
        for (index, found) in turned.iter().enumerate() {
            let expected = index % lanes * lanes + index / lanes;
            assert_eq!(found.widen(), expected as f64, "{}", simd.instruction_set());
        }
    }
}

#[test]
fn transposition_exchanges_rows_and_lanes() {
    check_transposition::<f32>();
    check_transposition::<f64>();
}

/// `[left · right, leftᵀ · left right]` of a matrix `[rows, inner]` and a matrix `[inner, columns]`, rows and
/// columns padded with zeros to whole vectors.
struct Products {
    rows: usize,
    inner: usize,
    columns: usize,
}

impl Products {
    fn left(&self, row: usize, column: usize) -> f64 {
        ((row * 7 + column * 3) % 11) as f64 - 5.0
    }

    fn right(&self, row: usize, column: usize) -> f64 {
        ((row * 5 + column * 2) % 7) as f64 - 3.0
    }

    fn product(&self, row: usize, column: usize) -> f64 {
        (0..self.inner).map(|index| self.left(row, index) * self.right(index, column)).sum()
    }

    fn transposed_product(&self, row: usize, column: usize) -> f64 {
        (0..self.rows).map(|index| self.left(index, row) * self.product(index, column)).sum()
    }
}

impl<R: Real> Kernel<R> for &Products {
    type Output = [Vec<Vec<R>>; 2];

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) -> [Vec<Vec<R>>; 2] {
        let &Products { rows, inner, columns } = self;
        let (row_pitch, pitch) =
            (inner.next_multiple_of(V::LANES), columns.next_multiple_of(V::LANES));
        let mut left = vec![R::zero(); rows * row_pitch];
        for (row, values) in left.chunks_exact_mut(row_pitch).enumerate() {
            for (column, value) in values[..inner].iter_mut().enumerate() {
                *value = R::nearest(self.left(row, column));
            }
        }
        let mut right = vec![R::zero(); inner * pitch];
        for (row, values) in right.chunks_exact_mut(pitch).enumerate() {
            for (column, value) in values[..columns].iter_mut().enumerate() {
                *value = R::nearest(self.right(row, column));
            }
        }
        let mut product = vec![R::nan(); rows * pitch];
        let left_rows = Rows { values: &left, inner, pitch: row_pitch };
        let right_columns = Columns { values: &right, pitch, first: 0, count: pitch };
        multiply::<V>(left_rows, right_columns, &mut product);
        let mut transposed = vec![R::zero(); row_pitch * pitch];
        add_transposed_product::<V>(&left, row_pitch, &product, pitch, &mut transposed);
        [product, transposed]
            .map(|matrix| matrix.chunks_exact(pitch).map(|row| row[..columns].to_vec()).collect())
    }
}

fn check_products<R: Real>() {
    for simd in Simd::available() {
        for (rows, inner, columns) in
            [(1, 1, 1), (13, 5, 16), (8, 17, 33), (6, 16, 47), (29, 3, 64)]
        {
            let products = Products { rows, inner, columns };
            let [product, transposed] = simd.run::<R, _>(&products);
            for column in 0..columns {
                // Small integers: every sum is exact.
                for row in 0..rows {
                    assert_eq!(product[row][column].widen(), products.product(row, column));
                }
                for row in 0..inner {
                    let expected = products.transposed_product(row, column);
                    assert_eq!(transposed[row][column].widen(), expected);
                }
            }
        }
    }
}

#[test]
fn products_agree_with_plain_sums() {
    check_products::<f32>();
    check_products::<f64>();
}

/// The tangent of every number of a list, in place.
struct Tangents<'a, R>(&'a mut [R]);

impl<R: Real> Kernel<R> for Tangents<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) {
        for values in self.0.chunks_mut(V::LANES) {
            V::load_some(values).tanh().store_some(values);
        }
    }
}

fn tangents<R: Real>(simd: Simd, mut values: Vec<R>) -> Vec<R> {
    simd.run(Tangents(&mut values));
    values
}

/// Distance of neighbouring `f32` at the magnitude of `value`.
fn last_place(value: f64) -> f64 {
    let magnitude = value.abs() as f32;
    f64::from(f32::from_bits(magnitude.to_bits() + 1)) - f64::from(magnitude)
}

#[test]
fn tangent_keeps_its_bound_over_the_whole_range() {
    // Every 211th positive number up to the largest, and their negatives.
    let numbers: Vec<f32> = (0..f32::MAX.to_bits()).step_by(211).map(f32::from_bits).collect();
    let exact: Vec<f64> = numbers.iter().map(|&x| f64::from(x).tanh()).collect();
    for simd in Simd::available() {
        let positive = tangents(simd, numbers.clone());
        let negative = tangents(simd, numbers.iter().map(|x| -x).collect());
        let (mut most_ulps, mut largest_error) = (0.0_f64, 0.0_f64);
        for ((&found, &mirrored), &exact) in positive.iter().zip(&negative).zip(&exact) {
            let error = (f64::from(found) - exact).abs();
            most_ulps = most_ulps.max(error / last_place(exact));
            largest_error = largest_error.max(error);
            assert!(found <= 1.0 && found == -mirrored, "tanh near {exact}: {found}, {mirrored}");
        }
        let set = simd.instruction_set();
        assert!(most_ulps < TANH_ULPS, "{set}: {most_ulps} units in the last place");
        assert!(largest_error < TANH_ERROR, "{set}: {largest_error}");
    }
}

#[test]
fn tangent_of_what_is_large_is_one_and_of_what_is_no_number_none() {
    for simd in Simd::available() {
        let large = vec![10.0, 30.0, f32::MAX, f32::INFINITY];
        assert_eq!(tangents(simd, large.iter().map(|x| -x).collect()), [-1.0; 4]);
        assert_eq!(tangents(simd, large), [1.0; 4]);
        assert_eq!(tangents(simd, vec![0.0_f32, -0.0]), [0.0, 0.0]);
        assert!(tangents(simd, vec![f32::NAN])[0].is_nan());
    }
}

#[test]
fn tangent_of_double_precision_is_the_standard_library_s() {
    for simd in Simd::available() {
        let numbers: Vec<f64> = wavy(33, 0.31);
        let exact: Vec<f64> = numbers.iter().map(|x| x.tanh()).collect();
        assert_eq!(tangents(simd, numbers), exact);
    }
}

#[test]
fn best_set_is_the_last_that_is_available_and_a_missing_one_is_refused() {
    let available: Vec<InstructionSet> = Simd::available().map(Simd::instruction_set).collect();
    assert_eq!(available.first(), Some(&InstructionSet::Portable));
    assert_eq!(available.last(), Some(&Simd::detect().instruction_set()));
    for set in InstructionSet::ALL {
        match Simd::new(set) {
            Ok(simd) => assert_eq!(simd.instruction_set(), set),
            Err(error) => {
                assert!(!available.contains(&set));
                assert_eq!(error, Unavailable(set));
            }
        }
    }
}
