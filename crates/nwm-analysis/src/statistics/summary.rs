//! Mean, spread and confidence interval of a few independent values.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Error, Result, check};

/// Summary of independent values, such as one number from each seed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Number of values, `n`.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (divisor `n - 1`); `None` for a single value.
    pub standard_deviation: Option<f64>,
    /// Two-sided 95 % Student-t interval of the mean, `mean -+ t(0.975, n - 1) s / sqrt(n)`;
    /// `None` for a single value.
    pub interval95: Option<[f64; 2]>,
}

impl Summary {
    /// Summarises `values`, summed in the order given.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without values, [`Error::NonFinite`] when one is NaN or infinite.
    pub fn of(values: &[f64]) -> Result<Self> {
        const ACTION: &str = "summarise values";
        if values.is_empty() {
            return Err(Error::Empty { action: ACTION, expected: "value" });
        }
        check::finite(ACTION, values)?;
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        if count == 1 {
            return Ok(Self { count, mean, standard_deviation: None, interval95: None });
        }
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (count - 1) as f64).sqrt();
        let half_width = student_t_975(count - 1)? * deviation / (count as f64).sqrt();
        Ok(Self {
            count,
            mean,
            standard_deviation: Some(deviation),
            interval95: Some([mean - half_width, mean + half_width]),
        })
    }
}

/// The 0.975 quantile of Student's t distribution with `freedom >= 1` degrees of freedom.
fn student_t_975(freedom: usize) -> Result<f64> {
    let distribution = StudentsT::new(0.0, 1.0, freedom as f64).map_err(|_| Error::Range {
        action: "compute a Student-t quantile",
        name: "degrees of freedom",
        found: freedom,
        expected: "at least 1",
    })?;
    Ok(distribution.inverse_cdf(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_equal_the_printed_table() {
        // Any table of Student's t, two-sided 95 %.
        for (freedom, expected) in
            [(1, 12.706_204_74), (2, 4.302_652_73), (4, 2.776_445_11), (9, 2.262_157_16)]
        {
            let found = student_t_975(freedom).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-7, "{freedom}: {found} != {expected}");
        }
    }

    #[test]
    fn three_values_by_hand() {
        // 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14, s = sqrt(7), half width t(2) sqrt(7 / 3).
        let summary = Summary::of(&[1.0, 2.0, 6.0]).unwrap();
        let half_width = 4.302_652_729_911_275 * (7.0_f64 / 3.0).sqrt();
        assert_eq!((summary.count, summary.mean), (3, 3.0));
        assert!((summary.standard_deviation.unwrap() - 7.0_f64.sqrt()).abs() < 1e-15);
        let [low, high] = summary.interval95.unwrap();
        assert!((low - (3.0 - half_width)).abs() < 1e-8, "{low}");
        assert!((high - (3.0 + half_width)).abs() < 1e-8, "{high}");
    }

    #[test]
    fn one_value_has_no_spread() {
        let summary = Summary::of(&[2.5]).unwrap();
        assert_eq!(summary.mean, 2.5);
        assert_eq!((summary.standard_deviation, summary.interval95), (None, None));
    }

    #[test]
    fn nothing_and_nan_are_errors() {
        assert!(matches!(Summary::of(&[]), Err(Error::Empty { .. })));
        let error = Summary::of(&[1.0, f64::NAN]).unwrap_err();
        assert!(matches!(error, Error::NonFinite { index: 1, .. }));
        assert_eq!(error.to_string(), "summarise values: value 1 is NaN, expected a finite number");
    }
}
