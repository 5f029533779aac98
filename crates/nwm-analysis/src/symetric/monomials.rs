//! All products of some variables up to an order, and the Jacobian of their weighted sums.

use super::columns::Columns;

/// The monomials of orders 1 to some order in `variables`, without the constant: by order, and
/// within an order lexicographically, `x0, x1, x0^2, x0 x1, x1^2, ...`.
#[derive(Debug, Clone)]
pub(super) struct Monomials {
    variables: usize,
    products: Vec<Product>,
}

/// A monomial as the product of an earlier one with a variable.
#[derive(Debug, Clone, Copy)]
struct Product {
    /// Index of the earlier monomial; `None` for order 1.
    earlier: Option<usize>,
    /// The variable of the highest index in the product.
    last: usize,
}

impl Monomials {
    /// The monomials up to `order`.
    pub(super) fn new(variables: usize, order: usize) -> Self {
        let mut products: Vec<Product> =
            (0..variables).map(|last| Product { earlier: None, last }).collect();
        let mut start = 0;
        for _ in 1..order {
            let end = products.len();
            for earlier in start..end {
                for last in products[earlier].last..variables {
                    products.push(Product { earlier: Some(earlier), last });
                }
            }
            start = end;
        }
        Self { variables, products }
    }

    /// How many there are, `C(variables + order, order) - 1`; `None` if that does not fit.
    pub(super) fn count_of(variables: usize, order: usize) -> Option<usize> {
        let mut count = 1_usize;
        for step in 1..=order {
            count = count.checked_mul(variables.checked_add(step)?)? / step;
        }
        Some(count - 1)
    }

    /// Every monomial of every sample of `variables`, in order.
    pub(super) fn features(&self, variables: &Columns) -> Columns {
        let mut features = Columns::new(variables.samples());
        let mut column = Vec::with_capacity(variables.samples());
        for product in &self.products {
            let last = variables.column(product.last);
            column.clear();
            match product.earlier {
                None => column.extend_from_slice(last),
                Some(earlier) => {
                    let earlier = features.column(earlier);
                    column.extend(earlier.iter().zip(last).map(|(earlier, last)| earlier * last));
                }
            }
            features.push(column.iter().copied());
        }
        features
    }

    /// Gradient of `sum weights[i] monomial_i` at a point.
    ///
    /// A monomial `m = m' x` has the gradient `x grad m' + m' grad x`; from the last to the first,
    /// each hands `x` times its weight on to `m'`.
    pub(super) fn gradient(&self, weights: &[f64], point: &[f64]) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::with_capacity(self.products.len());
        for product in &self.products {
            let earlier = product.earlier.map_or(1.0, |earlier| values[earlier]);
            values.push(earlier * point[product.last]);
        }
        let mut weights = weights.to_vec();
        let mut gradient = vec![0.0; self.variables];
        for (index, product) in self.products.iter().enumerate().rev() {
            let weight = weights[index];
            match product.earlier {
                None => gradient[product.last] += weight,
                Some(earlier) => {
                    gradient[product.last] += weight * values[earlier];
                    weights[earlier] += weight * point[product.last];
                }
            }
        }
        gradient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_those_of_sklearn() {
        // PolynomialFeatures(3, include_bias=False).fit_transform([[2, 3, 5]])
        let expected = [
            2.0, 3.0, 5.0, 4.0, 6.0, 10.0, 9.0, 15.0, 25.0, 8.0, 12.0, 20.0, 18.0, 30.0, 50.0,
            27.0, 45.0, 75.0, 125.0,
        ];
        let point = Columns::of_rows(&[2.0, 3.0, 5.0], 3, &[0, 1, 2]);
        assert_eq!(Monomials::new(3, 3).features(&point).row(0), expected);
    }

    #[test]
    fn counts_are_binomial() {
        for (variables, order, expected) in [(3, 3, 19), (4, 5, 125), (32, 2, 560), (7, 1, 7)] {
            assert_eq!(Monomials::count_of(variables, order), Some(expected));
            assert_eq!(Monomials::new(variables, order).products.len(), expected);
        }
        assert_eq!(Monomials::count_of(usize::MAX, 2), None);
    }

    #[test]
    fn gradients_by_hand() {
        // 7 x0 + 2 x1 + 3 x0^2 + 5 x0 x1 - x1^2 at (2, 0): (7 + 12, 2 + 10).
        let monomials = Monomials::new(2, 2);
        assert_eq!(monomials.gradient(&[7.0, 2.0, 3.0, 5.0, -1.0], &[2.0, 0.0]), [19.0, 12.0]);
    }

    #[test]
    fn gradients_are_differences_of_values() {
        let monomials = Monomials::new(3, 4);
        let weights: Vec<f64> = (0..monomials.products.len()).map(|i| (i as f64).sin()).collect();
        let value = |point: &[f64]| -> f64 {
            let features = monomials.features(&Columns::of_rows(point, 3, &[0, 1, 2])).row(0);
            features.iter().zip(&weights).map(|(feature, weight)| feature * weight).sum()
        };
        let point = [0.7, -1.1, 0.4];
        for (variable, found) in monomials.gradient(&weights, &point).into_iter().enumerate() {
            let (mut above, mut below) = (point, point);
            above[variable] += 1e-5;
            below[variable] -= 1e-5;
            let expected = (value(&above) - value(&below)) / 2e-5;
            // The central difference is wrong by about 1e-10 times a third derivative.
            assert!((found - expected).abs() < 1e-7, "{variable}: {found} != {expected}");
        }
    }
}
