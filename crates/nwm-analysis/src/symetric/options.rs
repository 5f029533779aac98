//! The constants of the measure.

use crate::{Error, Result};

/// How symplecticity is measured. The defaults are those of the published evaluation unless said
/// otherwise.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SymetricOptions {
    /// Highest order of the polynomial; default 5.
    pub max_order: usize,
    /// The order does not rise above the first if that takes more monomials than this; default
    /// 5000, so that 32 latents stop at the second order. This limit is ours: the published code
    /// gives up on an order after 400 seconds, which depends on the machine.
    pub max_features: usize,
    /// With more latents than this the polynomial is linear; default 32.
    pub max_latents: usize,
    /// Share of the variance of the states that the polynomial must explain: the order rises until
    /// it is reached, and latents are symplectic only above it; default 0.9.
    pub r_squared_threshold: f64,
    /// The deviation below which latents are symplectic; default 0.05.
    pub sym_threshold: f64,
    /// Random points of each trajectory at which the Jacobian is tested, all of a shorter one;
    /// default 10.
    pub points: usize,
    /// Weights of the polynomial of at most this size count as 0 in the Jacobian; default 1e-3.
    pub weight_tolerance: f64,
    /// The largest deviation reported, and the one of latents without a map; default 1000.
    pub max_sym: f64,
    /// Most sweeps of a sparse regression; default 1000.
    pub lasso_iterations: usize,
    /// Parts of the samples, in order, that are predicted from the rest to choose `alphas`;
    /// default 2.
    pub folds: usize,
    /// Strengths of the penalty to choose from; default 10 values spaced evenly in the logarithm
    /// from 1e-4 to 10^-0.5.
    pub alphas: Vec<f64>,
    /// Seed of the random points; default 0.
    pub seed: u64,
}

impl Default for SymetricOptions {
    fn default() -> Self {
        Self {
            max_order: 5,
            max_features: 5_000,
            max_latents: 32,
            r_squared_threshold: 0.9,
            sym_threshold: 0.05,
            points: 10,
            weight_tolerance: 1e-3,
            max_sym: 1_000.0,
            lasso_iterations: 1_000,
            folds: 2,
            alphas: ALPHAS.to_vec(),
            seed: 0,
        }
    }
}

/// `10^(-4 + 3.5 i / 9)`, written out because powers are rounded differently by platforms.
const ALPHAS: [f64; 10] = [
    0.000_1,
    0.000_244_843_674_682_222_65,
    0.000_599_484_250_318_940_9,
    0.001_467_799_267_622_070_4,
    0.003_593_813_663_804_626,
    0.008_799_225_435_691_074,
    0.021_544_346_900_318_846,
    0.052_749_970_637_026_196,
    0.129_154_966_501_488_4,
    0.316_227_766_016_837_94,
];

impl SymetricOptions {
    /// The same options with another seed of the random points.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same options with another number of random points of each trajectory.
    #[must_use]
    pub fn with_points(self, points: usize) -> Self {
        Self { points, ..self }
    }

    /// The same options with another highest order.
    #[must_use]
    pub fn with_max_order(self, max_order: usize) -> Self {
        Self { max_order, ..self }
    }

    /// The same options with another share of the variance to explain.
    #[must_use]
    pub fn with_r_squared_threshold(self, r_squared_threshold: f64) -> Self {
        Self { r_squared_threshold, ..self }
    }

    /// Checks the options for `samples` points in phase space.
    pub(super) fn check(&self, action: &'static str, samples: usize) -> Result<()> {
        let counts = [
            ("max_order", self.max_order),
            ("points", self.points),
            ("lasso_iterations", self.lasso_iterations),
        ];
        for (name, found) in counts {
            if found == 0 {
                return Err(Error::Range { action, name, found, expected: "at least 1" });
            }
        }
        if !(2..=samples).contains(&self.folds) {
            let expected = "at least 2 and at most one per sample";
            return Err(Error::Range { action, name: "folds", found: self.folds, expected });
        }
        let expected = "a finite number";
        let real = |name, found: f64, allowed, expected| match allowed {
            true => Ok(()),
            false => Err(Error::RealRange { action, name, found, expected }),
        };
        for (name, value) in [
            ("r_squared_threshold", self.r_squared_threshold),
            ("sym_threshold", self.sym_threshold),
            ("weight_tolerance", self.weight_tolerance),
            ("max_sym", self.max_sym),
        ] {
            real(name, value, value.is_finite(), expected)?;
        }
        if self.alphas.is_empty() {
            return Err(Error::Empty { action, expected: "strength of the penalty in alphas" });
        }
        for &alpha in &self.alphas {
            let expected = "a finite number above 0";
            real("one of alphas", alpha, alpha.is_finite() && alpha > 0.0, expected)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_are_spaced_evenly() {
        for (index, alpha) in ALPHAS.into_iter().enumerate() {
            let expected = 10.0_f64.powf(-4.0 + 3.5 * index as f64 / 9.0);
            assert!((alpha / expected - 1.0).abs() < 1e-14, "{index}");
        }
    }

    #[test]
    fn each_option_is_checked() {
        let message = |change: &dyn Fn(&mut SymetricOptions)| {
            let mut options = SymetricOptions::default();
            change(&mut options);
            options.check("test", 10).unwrap_err().to_string()
        };
        assert!(SymetricOptions::default().check("test", 10).is_ok());
        assert_eq!(message(&|o| o.points = 0), "test: points is 0, expected at least 1");
        assert!(message(&|o| o.max_order = 0).contains("max_order"));
        assert!(message(&|o| o.lasso_iterations = 0).contains("lasso_iterations"));
        assert!(message(&|o| o.folds = 11).contains("folds is 11"));
        assert!(message(&|o| o.max_sym = f64::NAN).contains("max_sym is NaN"));
        assert!(message(&|o| o.alphas = vec![]).contains("alphas"));
        assert!(message(&|o| o.alphas = vec![0.1, -0.5]).contains("alphas is -0.5"));
    }
}
