//! Coefficients of explicit Runge-Kutta methods.

/// An explicit method: stage `i` evaluates the field at `y + h sum_j couplings[i][j] k_j`, and the step ends at
/// `y + h sum_i weights[i] k_i`.
pub(super) struct Tableau {
    pub(super) couplings: &'static [&'static [f64]],
    pub(super) weights: &'static [f64],
    /// Whether the last stage is evaluated where the step ends, so that it is the first one of the next step.
    pub(super) reuses_last: bool,
}

/// The explicit midpoint rule, of second order.
pub(super) const MIDPOINT: Tableau =
    Tableau { couplings: &[&[], &[1.0 / 2.0]], weights: &[0.0, 1.0], reuses_last: false };

/// The classical method of fourth order.
pub(super) const CLASSICAL: Tableau = Tableau {
    couplings: &[&[], &[1.0 / 2.0], &[0.0, 1.0 / 2.0], &[0.0, 0.0, 1.0]],
    weights: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    reuses_last: false,
};

/// The pair of Dormand and Prince (1980): the solution of fifth order.
pub(super) const DORMAND_PRINCE: Tableau = Tableau {
    couplings: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
        &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
        &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
    ],
    weights: &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
        0.0,
    ],
    reuses_last: true,
};

/// Weights of the fifth-order solution of [`DORMAND_PRINCE`] minus those of the fourth-order one.
pub(super) const DORMAND_PRINCE_ERROR: [f64; 7] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// Weights of Shampine's interpolant of fourth order (1986) as polynomials of the fraction of the step, without a common
/// factor of one fraction; coefficients of the powers 0 to 3.
const DORMAND_PRINCE_INTERPOLANT: [[f64; 4]; 7] = [
    [
        1.0,
        -8_048_581_381.0 / 2_820_520_608.0,
        8_663_915_743.0 / 2_820_520_608.0,
        -12_715_105_075.0 / 11_282_082_432.0,
    ],
    [0.0; 4],
    [
        0.0,
        131_558_114_200.0 / 32_700_410_799.0,
        -68_118_460_800.0 / 10_900_136_933.0,
        87_487_479_700.0 / 32_700_410_799.0,
    ],
    [
        0.0,
        -1_754_552_775.0 / 470_086_768.0,
        14_199_869_525.0 / 1_410_260_304.0,
        -10_690_763_975.0 / 1_880_347_072.0,
    ],
    [
        0.0,
        127_303_824_393.0 / 49_829_197_408.0,
        -318_862_633_887.0 / 49_829_197_408.0,
        701_980_252_875.0 / 199_316_789_632.0,
    ],
    [
        0.0,
        -282_668_133.0 / 205_662_961.0,
        2_019_193_451.0 / 616_988_883.0,
        -1_453_857_185.0 / 822_651_844.0,
    ],
    [0.0, 40_617_522.0 / 29_380_423.0, -110_615_467.0 / 29_380_423.0, 69_997_945.0 / 29_380_423.0],
];

/// Weights of the stages of [`DORMAND_PRINCE`] for the state at a fraction of the step.
pub(super) fn dormand_prince_between(fraction: f64) -> Vec<f64> {
    DORMAND_PRINCE_INTERPOLANT
        .iter()
        .map(|[c0, c1, c2, c3]| fraction * (c0 + fraction * (c1 + fraction * (c2 + fraction * c3))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpolant_ends_where_the_step_does() {
        for (between, weight) in dormand_prince_between(1.0).iter().zip(DORMAND_PRINCE.weights) {
            assert!((between - weight).abs() < 1e-14, "{between} against {weight}");
        }
    }

    #[test]
    fn weights_of_every_method_add_up_to_one_and_those_of_its_error_to_zero() {
        for method in [MIDPOINT, CLASSICAL, DORMAND_PRINCE] {
            assert!((method.weights.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            assert_eq!(method.weights.len(), method.couplings.len());
            for (stage, couplings) in method.couplings.iter().enumerate() {
                assert_eq!(couplings.len(), stage);
            }
        }
        assert!(DORMAND_PRINCE_ERROR.iter().sum::<f64>().abs() < 1e-16);
    }
}
