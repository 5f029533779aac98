//! SyMetric of latents whose relation to the states is known.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use nwm_analysis::{
    Error,
    symetric::{Symetric, SymetricOptions, symetric},
};

const TRAJECTORIES: usize = 3;
const TIME: usize = 40;

/// States `[q1, q2, p1, p2]` of two uncoupled oscillators.
fn oscillators() -> Vec<[f64; 4]> {
    let mut states = Vec::new();
    for trajectory in 0..TRAJECTORIES {
        for time in 0..TIME {
            let (k, t) = (trajectory as f64, time as f64);
            let (first, second) = (0.15 * t + k, 0.23 * t + 2.0 * k);
            let (a1, a2) = (1.0 + 0.3 * k, 1.4 - 0.2 * k);
            states.push([
                a1 * first.cos(),
                a2 * second.cos(),
                -a1 * first.sin(),
                -a2 * second.sin(),
            ]);
        }
    }
    states
}

/// States `[q, p]` of a spring: the first of the oscillators.
fn spring() -> Vec<[f64; 2]> {
    oscillators().into_iter().map(|[q, _, p, _]| [q, p]).collect()
}

/// Measures the latents that `encode` makes of the states, at every point of the trajectories.
fn measure<const D: usize, const L: usize>(
    states: &[[f64; D]],
    encode: impl Fn(&[f64; D]) -> [f64; L],
    options: SymetricOptions,
) -> Symetric {
    let latents: Vec<[f64; L]> = states.iter().map(encode).collect();
    symetric(
        states.as_flattened(),
        [TRAJECTORIES, TIME, D],
        latents.as_flattened(),
        [TRAJECTORIES, TIME, L],
        None,
        &options.with_points(TIME),
    )
    .unwrap()
}

fn accurate() -> SymetricOptions {
    SymetricOptions::default().with_r_squared_threshold(0.999)
}

#[test]
fn a_canonical_linear_map_is_symplectic() {
    // A shear after a rotation: determinant 1.
    let encode = |&[q, p]: &[f64; 2]| {
        let [q, p] = [0.6 * q + 0.8 * p, -0.8 * q + 0.6 * p];
        [q + 0.5 * p, p]
    };
    let found = measure(&spring(), encode, SymetricOptions::default());
    assert!(found.symplectic && found.sym < 1e-9 && found.r_squared > 0.9999, "{found:?}");
    assert_eq!((found.order, found.kept_latents), (1, 2));
}

#[test]
fn a_canonical_map_of_second_order_is_symplectic() {
    let encode = |&[q, p]: &[f64; 2]| [q - 2.0 * p * p, p];
    let found = measure(&spring(), encode, SymetricOptions::default());
    assert!(found.symplectic && found.sym < 1e-3 && found.order == 2, "{found:?}");
}

#[test]
fn volume_that_differs_between_points_is_not_symplectic() {
    // p = z_p (1 + z_q / 3): the determinant of the map to the states goes from 1/2 to 3/2.
    let encode = |&[q, p]: &[f64; 2]| [q, p / (1.0 + q / 3.0)];
    let found = measure(&spring(), encode, accurate());
    assert!(!found.symplectic && found.sym > 0.05 && found.r_squared > 0.999, "{found:?}");
    assert_eq!(found.order, 2);
}

#[test]
fn positions_mixed_without_their_momenta_are_not_symplectic() {
    let encode = |&[q1, q2, p1, p2]: &[f64; 4]| [q1 + 0.9 * q2, q2, p1, p2];
    let found = measure(&oscillators(), encode, SymetricOptions::default());
    assert!(!found.symplectic && found.sym > 0.05 && found.r_squared > 0.999, "{found:?}");
    // With the momenta mixed the opposite way the map is canonical.
    let encode = |&[q1, q2, p1, p2]: &[f64; 4]| [q1 + 0.9 * q2, q2, p1, p2 - 0.9 * p1];
    let found = measure(&oscillators(), encode, SymetricOptions::default());
    assert!(found.symplectic, "{found:?}");
}

#[test]
fn exchanged_coordinates_go_unnoticed() {
    // A limit of the measure: (J S J^T)^2 = -I holds for every orthogonal J.
    let encode = |&[q1, q2, p1, p2]: &[f64; 4]| [p1, q2, q1, p2];
    assert!(measure(&oscillators(), encode, SymetricOptions::default()).symplectic);
    let encode = |&[q1, q2, p1, p2]: &[f64; 4]| [q1, p1, q2, p2];
    assert!(measure(&oscillators(), encode, SymetricOptions::default()).symplectic);
}

#[test]
fn noise_explains_nothing() {
    // A linear congruential generator: any numbers without relation to the states.
    let mut word = 1_u32;
    let mut noise = || {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(word >> 8) / f64::from(1 << 24)
    };
    let states = spring();
    let latents: Vec<f64> = (0..2 * states.len()).map(|_| noise()).collect();
    let shape = [TRAJECTORIES, TIME, 2];
    let options = SymetricOptions::default();
    let found = symetric(states.as_flattened(), shape, &latents, shape, None, &options).unwrap();
    assert!(!found.symplectic && found.r_squared < 0.3 && found.order == 5, "{found:?}");
}

#[test]
fn results_are_those_of_sklearn() {
    // The steps of the measure on scikit-learn 1.3.2, at every point: StandardScaler,
    // PolynomialFeatures(order, include_bias=False), GridSearchCV(Lasso(max_iter=1000), {"alpha":
    // np.logspace(-4, -0.5, 10)}, cv=2, scoring="explained_variance"), Lasso.score; J from powers_
    // and the weights above 1e-3, plus 1e-6.
    type Encode = fn(&[f64; 4]) -> [f64; 4];
    let shear: Encode = |&[q1, q2, p1, p2]| [q1 + 0.8 * p1 * p2, q2 + 0.4 * p1 * p1, p1, p2];
    let linear: Encode = |&[q1, q2, p1, p2]| [q1 + 0.9 * q2, q2, p1, p2];
    let cubic: Encode = |&[q1, q2, p1, p2]| {
        [q1 + 0.5 * q1.powi(3), q2 * (1.0 + 0.3 * p1 * p1), p1 + 0.2 * q2 * q2, p2]
    };
    let cases = [
        (shear, 0.9, 1, 0.933_050_925_644, 0.003_671_583_382_7),
        (shear, 0.99, 2, 0.999_999_925_294, 0.022_134_317_985_1),
        (linear, 0.9, 1, 0.999_999_982_196, 0.076_513_626_811_4),
        (cubic, 0.9, 1, 0.982_691_616_582, 0.001_503_262_170_6),
        (cubic, 0.999, 3, 0.999_488_101_159, 0.087_801_782_641_5),
    ];
    for (encode, threshold, order, r_squared, sym) in cases {
        let options = SymetricOptions::default().with_r_squared_threshold(threshold);
        let found = measure(&oscillators(), encode, options);
        assert_eq!(found.order, order, "{found:?}");
        assert!((found.r_squared - r_squared).abs() < 1e-10, "{found:?}");
        assert!((found.sym - sym).abs() < 1e-10, "{found:?}");
    }
    // Six latents for four dimensions.
    let six = |&[q1, q2, p1, p2]: &[f64; 4]| {
        let (z1, z3) = (q1 + 0.5 * p2 * p2, (q1 * p2).sin());
        [z1, q2, z3, p1 + 0.3 * q2 * p2, p2, q2.cos()]
    };
    let options = SymetricOptions::default().with_r_squared_threshold(0.995);
    let found = measure(&oscillators(), six, options);
    assert_eq!((found.order, found.kept_latents), (2, 6));
    assert!((found.r_squared - 0.999_999_724_062).abs() < 1e-10, "{found:?}");
    assert!((found.sym - 0.056_576_614_881_4).abs() < 1e-10, "{found:?}");
}

#[test]
fn masked_latents_do_not_matter() {
    let states = spring();
    let shape = [TRAJECTORIES, TIME, 2];
    let options = SymetricOptions::default();
    let alone =
        symetric(states.as_flattened(), shape, states.as_flattened(), shape, None, &options);
    let padded: Vec<[f64; 4]> =
        states.iter().enumerate().map(|(i, &[q, p])| [(i as f64).sin(), q, 1e3, p]).collect();
    let mask = [false, true, false, true];
    let wide = [TRAJECTORIES, TIME, 4];
    let measured = |keep: &[bool]| {
        symetric(states.as_flattened(), shape, padded.as_flattened(), wide, Some(keep), &options)
    };
    assert_eq!(measured(&mask).unwrap(), alone.unwrap());
    // One latent, or none, is no phase space.
    for mask in [[false; 4], [true, false, false, false]] {
        let found = measured(&mask).unwrap();
        assert!(!found.symplectic && found.sym == 1000.0, "{found:?}");
        assert_eq!((found.r_squared, found.order), (0.0, 0));
        assert!(found.kept_latents < 2);
    }
    let split = measured(&[true, true, false, true]).unwrap_err();
    assert_eq!(
        split.to_string(),
        "measure symplecticity: position masked unlike its momentum is 0, expected both of a pair \
         kept or neither"
    );
    assert!(measured(&[true; 2]).is_err());
}

#[test]
fn the_seed_chooses_the_points() {
    let states = spring();
    let latents: Vec<[f64; 2]> = states.iter().map(|&[q, p]| [q, p / (1.0 + q / 3.0)]).collect();
    let shape = [TRAJECTORIES, TIME, 2];
    let measured = |seed| {
        let options = accurate().with_seed(seed);
        symetric(states.as_flattened(), shape, latents.as_flattened(), shape, None, &options)
            .unwrap()
    };
    assert_eq!(measured(1), measured(1));
    assert_ne!(measured(1).sym, measured(2).sym);
}

#[test]
fn constant_columns_are_harmless() {
    let states: Vec<[f64; 4]> = spring().into_iter().map(|[q, p]| [q, 0.1, p, 0.0]).collect();
    let found = measure(&states, |&[q, _, p, _]| [q, 0.3, p, 0.7], SymetricOptions::default());
    assert!(found.r_squared > 0.9999 && found.sym.is_finite(), "{found:?}");
    // Two of four dimensions do not depend on anything, so that the map cannot be symplectic.
    assert!(!found.symplectic, "{found:?}");
}

#[test]
fn wrong_input_is_an_error() {
    let options = SymetricOptions::default();
    let message = |states: &[f64], first, latents: &[f64], second| {
        symetric(states, first, latents, second, None, &options).unwrap_err().to_string()
    };
    assert_eq!(
        message(&[0.0; 8], [2, 2, 2], &[0.0; 12], [2, 3, 2]),
        "measure symplecticity: found 3 times of latents, expected 2 like the states"
    );
    assert_eq!(
        message(&[0.0; 8], [2, 2, 2], &[0.0; 12], [2, 2, 3]),
        "measure symplecticity: number of latents is 3, expected an even number, positions and \
         then momenta"
    );
    assert_eq!(
        message(&[0.0; 8], [2, 2, 2], &[0.0, 0.0, f64::NAN, 0.0], [2, 2, 1]),
        "measure symplecticity, latents: value 2 is NaN, expected a finite number"
    );
    assert!(message(&[0.0; 7], [2, 2, 2], &[0.0; 8], [2, 2, 2]).contains("states"));
    assert!(message(&[], [2, 2, 0], &[0.0; 8], [2, 2, 2]).contains("found none"));
    let one = symetric(&[0.0; 2], [1, 1, 2], &[0.0; 2], [1, 1, 2], None, &options);
    assert!(matches!(one, Err(Error::Range { name: "folds", .. })));
}
