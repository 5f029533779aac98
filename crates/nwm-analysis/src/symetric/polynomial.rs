//! The polynomial that leads from latents to states.

use std::ops::Range;

use super::SymetricOptions;
use super::columns::{Columns, rest};
use super::lasso::{Design, Line, Stop};
use super::monomials::Monomials;
use super::scores::{explained_variance, r_squared};

/// A sparse polynomial of all latents for every dimension of the state.
#[derive(Debug)]
pub(super) struct PolynomialMap {
    monomials: Monomials,
    /// One for each dimension of the state.
    lines: Vec<Line>,
    /// Order of the polynomial.
    pub(super) order: usize,
    /// `R^2` on the samples that were fitted, averaged over the dimensions of the state.
    pub(super) r_squared: f64,
}

impl PolynomialMap {
    /// The polynomial of the lowest order that reaches the threshold of `R^2`, or of the highest
    /// order allowed; columns are standardised.
    pub(super) fn fitted(latents: &Columns, states: &Columns, options: &SymetricOptions) -> Self {
        let highest = highest_order(latents.count(), options);
        let mut map = Self::of_order(1, latents, states, options);
        while map.r_squared < options.r_squared_threshold && map.order < highest {
            map = Self::of_order(map.order + 1, latents, states, options);
        }
        map
    }

    fn of_order(
        order: usize,
        latents: &Columns,
        states: &Columns,
        options: &SymetricOptions,
    ) -> Self {
        let monomials = Monomials::new(latents.count(), order);
        let features = monomials.features(latents);
        let alpha = best_alpha(&features, states, options);
        let design = Design::new(&features);
        let lines: Vec<Line> =
            states.iter().map(|state| design.fit(state, alpha, stop(options))).collect();
        let everything = 0..features.samples();
        let explained: f64 = states
            .iter()
            .zip(&lines)
            .map(|(state, line)| r_squared(state, &line.values(&features, everything.clone())))
            .sum();
        Self { monomials, r_squared: explained / lines.len() as f64, lines, order }
    }

    /// `d state / d latent` at a point, `[state][latent]`, without weights of at most `tolerance`.
    pub(super) fn jacobian(&self, point: &[f64], tolerance: f64) -> Vec<Vec<f64>> {
        let significant = |weight: &f64| if weight.abs() > tolerance { *weight } else { 0.0 };
        self.lines
            .iter()
            .map(|line| {
                let weights: Vec<f64> = line.weights.iter().map(significant).collect();
                self.monomials.gradient(&weights, point)
            })
            .collect()
    }
}

/// The highest order that the number of latents allows.
fn highest_order(latents: usize, options: &SymetricOptions) -> usize {
    if latents > options.max_latents {
        return 1;
    }
    let fits = |order: &usize| {
        Monomials::count_of(latents, *order).is_some_and(|count| count <= options.max_features)
    };
    (2..=options.max_order).take_while(fits).last().unwrap_or(1)
}

fn stop(options: &SymetricOptions) -> Stop {
    /// The tolerance of scikit-learn, which the published code leaves as it is.
    const TOLERANCE: f64 = 1e-4;
    Stop { sweeps: options.lasso_iterations, tolerance: TOLERANCE }
}

/// The first of the penalties whose predictions of held out samples explain most variance, averaged
/// over folds and dimensions of the state.
fn best_alpha(features: &Columns, states: &Columns, options: &SymetricOptions) -> f64 {
    let mut scores = vec![0.0; options.alphas.len()];
    for held_out in folds(features.samples(), options.folds) {
        let design = Design::new(&features.without(&held_out));
        for state in states.iter() {
            let seen: Vec<f64> = rest(state, &held_out).collect();
            for (score, &alpha) in scores.iter_mut().zip(&options.alphas) {
                let line = design.fit(&seen, alpha, stop(options));
                let predicted = line.values(features, held_out.clone());
                *score += explained_variance(&state[held_out.clone()], &predicted);
            }
        }
    }
    let mut best = (f64::NEG_INFINITY, f64::NAN);
    for (score, &alpha) in scores.into_iter().zip(&options.alphas) {
        if score > best.0 {
            best = (score, alpha);
        }
    }
    best.1
}

/// `0..samples` in `count` contiguous parts, the first ones longer by one where it does not divide.
fn folds(samples: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let (size, longer) = (samples / count, samples % count);
    let start = move |fold: usize| fold * size + fold.min(longer);
    (0..count).map(move |fold| start(fold)..start(fold + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_those_of_sklearn() {
        // [test for _, test in KFold(3).split(range(8))]
        assert_eq!(folds(8, 3).collect::<Vec<_>>(), [0..3, 3..6, 6..8]);
        assert_eq!(folds(300, 2).collect::<Vec<_>>(), [0..150, 150..300]);
    }

    #[test]
    fn the_order_is_limited_by_the_number_of_latents() {
        let options = SymetricOptions::default();
        let highest = [2, 4, 8, 12, 32, 33].map(|latents| highest_order(latents, &options));
        assert_eq!(highest, [5, 5, 5, 4, 2, 1]);
    }
}
