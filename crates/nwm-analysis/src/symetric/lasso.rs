//! Sparse linear regression.

use std::ops::Range;

use super::columns::Columns;
use super::scores::{is_constant, mean};
use crate::sums::dot;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Most sweeps over all features.
    pub(super) sweeps: usize,
    /// Tolerance of the duality gap, relative to the squared norm of the centred target, and of the
    /// largest change of a weight in a sweep relative to the largest weight.
    pub(super) tolerance: f64,
}

/// `intercept + sum weights[i] feature_i`.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// One weight per feature.
    pub(super) weights: Vec<f64>,
    /// Value where all features are 0.
    pub(super) intercept: f64,
}

impl Line {
    /// The values at some samples of `features`.
    pub(super) fn values(&self, features: &Columns, samples: Range<usize>) -> Vec<f64> {
        let mut values = vec![self.intercept; samples.len()];
        for (&weight, column) in self.weights.iter().zip(features.iter()) {
            if weight != 0.0 {
                add_multiple(&mut values, weight, &column[samples.clone()]);
            }
        }
        values
    }
}

/// Features to fit on, shifted to mean 0.
#[derive(Debug)]
pub(super) struct Design {
    columns: Columns,
    means: Vec<f64>,
    /// `|x_j|^2`; 0 for a column that is constant but for rounding, which keeps weight 0.
    squares: Vec<f64>,
}

impl Design {
    /// Prepares `features` for any number of fits.
    pub(super) fn new(features: &Columns) -> Self {
        let mut columns = Columns::new(features.samples());
        let (mut means, mut squares) = (Vec::new(), Vec::new());
        for feature in features.iter() {
            let center = mean(feature);
            columns.push(feature.iter().map(|value| value - center));
            let column = columns.column(means.len());
            squares.push(if is_constant(feature) { 0.0 } else { dot(column, column) });
            means.push(center);
        }
        Self { columns, means, squares }
    }

    /// The weights `w` that minimise `|y - X w|^2 / (2 n) + penalty |w|_1` for the centred features
    /// `X` and target `y` of `n` samples, by cyclic coordinate descent from 0.
    ///
    /// Sweeps end when a duality gap is at most `tolerance |y|^2`. The gap is looked at once no
    /// weight has changed by more than `tolerance` times the largest. Order, start and stopping rule
    /// are those of scikit-learn's `Lasso` at the time of the published code, so that results agree
    /// even where the sweeps end before the minimum is reached: for weak penalties on more monomials
    /// than samples they usually do.
    ///
    /// Source: J. Friedman, T. Hastie and R. Tibshirani, Regularization Paths for Generalized Linear
    /// Models via Coordinate Descent, Journal of Statistical Software 33, 2010.
    pub(super) fn fit(&self, target: &[f64], penalty: f64, stop: Stop) -> Line {
        let center = mean(target);
        let centred: Vec<f64> = target.iter().map(|value| value - center).collect();
        let mut descent = Descent::new(self, centred, penalty);
        for _ in 0..stop.sweeps {
            let (largest_step, largest_weight) = descent.sweep();
            let settled = largest_step <= stop.tolerance * largest_weight;
            if settled && descent.relative_gap() <= stop.tolerance {
                break;
            }
        }
        let weights = descent.weights;
        let intercept = center - dot(&weights, &self.means);
        Line { weights, intercept }
    }
}

/// A descent on its way.
struct Descent<'a> {
    design: &'a Design,
    target: Vec<f64>,
    /// `n penalty`: a feature whose product with the residual is smaller has weight 0.
    threshold: f64,
    weights: Vec<f64>,
    /// `y - X w`.
    residual: Vec<f64>,
}

impl<'a> Descent<'a> {
    fn new(design: &'a Design, target: Vec<f64>, penalty: f64) -> Self {
        Self {
            design,
            threshold: penalty * target.len() as f64,
            weights: vec![0.0; design.squares.len()],
            residual: target.clone(),
            target,
        }
    }

    /// Minimises over one weight after the other; returns the largest change and the largest weight.
    fn sweep(&mut self) -> (f64, f64) {
        let (mut largest_step, mut largest_weight) = (0.0_f64, 0.0_f64);
        for feature in 0..self.weights.len() {
            let square = self.design.squares[feature];
            if square == 0.0 {
                continue;
            }
            let column = self.design.columns.column(feature);
            let old = self.weights[feature];
            let correlation = dot(column, &self.residual) + old * square;
            let excess = (correlation.abs() - self.threshold).max(0.0);
            let new = excess.copysign(correlation) / square;
            let step = new - old;
            if step != 0.0 {
                add_multiple(&mut self.residual, -step, column);
                self.weights[feature] = new;
            }
            largest_step = largest_step.max(step.abs());
            largest_weight = largest_weight.max(new.abs());
        }
        (largest_step, largest_weight)
    }

    /// Bound of how far the objective is above its minimum, times `n / |y|^2`.
    ///
    /// The residual, scaled down by `s` until no feature's product with it exceeds the threshold
    /// `t`, is a point of the dual problem; the gap is
    /// `(1 + s^2) |r|^2 / 2 + t |w|_1 - s r . y`.
    fn relative_gap(&self) -> f64 {
        let largest = self
            .design
            .columns
            .iter()
            .map(|column| dot(column, &self.residual).abs())
            .fold(self.threshold, f64::max);
        let scale = self.threshold / largest;
        let weights: f64 = self.weights.iter().map(|weight| weight.abs()).sum();
        let gap = 0.5 * (1.0 + scale * scale) * dot(&self.residual, &self.residual)
            + self.threshold * weights
            - scale * dot(&self.residual, &self.target);
        let energy = dot(&self.target, &self.target);
        if energy > 0.0 { gap / energy } else { 0.0 }
    }
}

/// `values += factor column`.
fn add_multiple(values: &mut [f64], factor: f64, column: &[f64]) {
    for (value, &entry) in values.iter_mut().zip(column) {
        *value += factor * entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty samples of six features, two of them nearly equal, and a target.
    fn example() -> (Columns, Vec<f64>) {
        let mut features = Columns::new(30);
        let wave = |i: usize, j: usize| {
            let (i, j) = (i as f64, j as f64);
            (1.0 + 0.7 * i + 1.3 * j + 0.11 * i * j).sin() + 0.1 * j
        };
        for j in 0..5 {
            features.push((0..30).map(|i| wave(i, j)));
        }
        features.push((0..30).map(|i| wave(i, 4) + 0.05 * wave(i, 0)));
        let target = (0..30)
            .map(|i| {
                let x: Vec<f64> = (0..5).map(|j| wave(i, j)).collect();
                1.5 * x[0] - 0.8 * x[2]
                    + 0.02 * x[3]
                    + 0.7 * x[4]
                    + 0.2 * (3.0 * i as f64).cos()
                    + 2.0
            })
            .collect();
        (features, target)
    }

    #[test]
    fn weights_are_those_of_sklearn() {
        // scikit-learn 1.3.2:
        //   i, j = np.meshgrid(np.arange(30), np.arange(6), indexing="ij")
        //   x = np.sin(1 + 0.7*i + 1.3*j + 0.11*i*j) + 0.1*j
        //   x[:, 5] = x[:, 4] + 0.05*x[:, 0]
        //   y = x @ [1.5, 0, -0.8, 0.02, 0.7, 0] + 0.2*np.cos(3*np.arange(30)) + 2
        //   model = Lasso(alpha=penalty, max_iter=sweeps, tol=tolerance).fit(x, y)
        // The first two reach the minimum; the fourth and fifth run out of sweeps before.
        let cases = [
            (
                0.01,
                100_000,
                1e-12,
                [
                    1.455_311_994_476_896_9,
                    0.0,
                    -0.794_999_650_362_138_4,
                    0.0,
                    0.0,
                    0.667_689_600_756_580_5,
                ],
                2.025_862_094_289_675_7,
            ),
            (
                0.2,
                100_000,
                1e-12,
                [
                    1.136_213_924_090_160_5,
                    0.0,
                    -0.455_270_744_322_939_6,
                    0.0,
                    0.0,
                    0.333_521_078_660_724_5,
                ],
                2.156_342_089_282_424,
            ),
            (2.0, 1000, 1e-4, [0.0; 6], 2.340_191_905_690_856),
            (
                0.001,
                7,
                1e-4,
                [
                    1.609_595_124_510_055,
                    0.171_548_732_137_727_88,
                    -0.657_017_113_029_679_6,
                    0.077_909_538_922_425_96,
                    0.701_365_161_907_076_4,
                    0.001_468_381_561_746_586,
                ],
                1.945_964_482_646_212_1,
            ),
            (
                0.003,
                1000,
                1e-4,
                [
                    1.495_516_071_400_104,
                    0.015_885_103_879_951_738,
                    -0.797_307_279_243_531_4,
                    0.0,
                    0.380_869_830_449_740_76,
                    0.296_523_703_647_237_8,
                ],
                2.019_014_257_489_782_7,
            ),
        ];
        let (features, target) = example();
        let design = Design::new(&features);
        for (penalty, sweeps, tolerance, weights, intercept) in cases {
            let found = design.fit(&target, penalty, Stop { sweeps, tolerance });
            for (found, expected) in found.weights.iter().zip(weights) {
                assert!((found - expected).abs() < 1e-10, "{penalty}: {found} != {expected}");
            }
            assert!((found.intercept - intercept).abs() < 1e-10, "{penalty}: {found:?}");
        }
    }

    #[test]
    fn one_feature_by_hand() {
        // Centred x = (-1, 0, 1), y = (-2, 0, 2): x.y = 4, |x|^2 = 2, n penalty = 1.5.
        let mut features = Columns::new(3);
        features.push([4.0, 5.0, 6.0].into_iter());
        let stop = Stop { sweeps: 10, tolerance: 1e-4 };
        let line = Design::new(&features).fit(&[1.0, 3.0, 5.0], 0.5, stop);
        assert_eq!((line.weights.as_slice(), line.intercept), ([1.25].as_slice(), 3.0 - 6.25));
        assert_eq!(line.values(&features, 1..3), [3.0, 4.25]);
    }

    #[test]
    fn constant_features_and_targets_have_no_weight() {
        // 0.1 is no dyadic number: centred, it leaves rounding that must not be blown up.
        let mut features = Columns::new(3);
        features.push([0.1; 3].into_iter());
        features.push([1.0, 0.0, 2.0].into_iter());
        let stop = Stop { sweeps: 10, tolerance: 1e-4 };
        let line = Design::new(&features).fit(&[1.0, 0.0, 2.0], 1e-9, stop);
        assert!(line.weights[0] == 0.0 && (line.weights[1] - 1.0).abs() < 1e-6, "{line:?}");
        let line = Design::new(&features).fit(&[7.0; 3], 1e-9, stop);
        assert_eq!((line.weights.as_slice(), line.intercept), ([0.0, 0.0].as_slice(), 7.0));
    }
}
