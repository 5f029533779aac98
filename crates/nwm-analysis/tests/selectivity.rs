//! Orientation maps from responses to statistics, and what no map can change.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use std::f64::consts::PI;

use nwm_analysis::selectivity::{
    CohensDOptions, OrientationMap, OrientationResponses, PinwheelOptions,
    equally_spaced_orientations,
};
use nwm_analysis::waves::Grid;
use proptest::prelude::*;

/// Every square and every pinwheel counts.
fn all_pinwheels() -> PinwheelOptions {
    let mut options = PinwheelOptions::default();
    (options.selectivity_quantile, options.merging_distance) = (0.0, 0.0);
    options
}

#[test]
fn responses_of_a_map_give_the_map_back() {
    let size = [24, 32];
    let map = OrientationMap::random(size, 8.0, 3).unwrap();
    let orientations = equally_spaced_orientations(8);
    let mut responses = OrientationResponses::new(8, size).unwrap();
    for (index, orientation) in orientations.iter().enumerate() {
        for sample in 0..18 {
            // Sites differ in gain and baseline; the noise of a site has mean 0 and no relation to the others.
            let response = |(site, preferred): (usize, &f64)| {
                let noise =
                    0.2 * (f64::from(sample) / 18.0 * 2.0 * PI * (site % 7 + 1) as f64).sin();
                let gain = 1.0 + (site % 3) as f64;
                gain * ((2.0 * (preferred - orientation)).cos() + noise) + (site % 5) as f64
            };
            let sample: Vec<f64> = map.preferred().iter().enumerate().map(response).collect();
            responses.add(index, &sample).unwrap();
        }
    }
    let found = OrientationMap::of(&responses.means(), size, &orientations).unwrap();
    for (found, wanted) in found.preferred().iter().zip(map.preferred()) {
        assert!((2.0 * (found - wanted)).cos() > 1.0 - 1e-12, "{found} {wanted}");
    }
    // A cosine above its smallest sample has a selectivity near 1/2.
    assert!(found.selectivity().iter().all(|it| (0.45..0.6).contains(it)));
    let cohens_d = responses.cohens_d(CohensDOptions::default()).unwrap();
    assert_eq!(cohens_d.unselective_fraction(), 0.0);
    for (chosen, wanted) in cohens_d.preferred.iter().zip(map.preferred()) {
        let nearest = (wanted / PI * 8.0).round() as usize % 8;
        let beside = (chosen.unwrap() + 8 - nearest) % 8;
        assert!([0, 1, 7].contains(&beside), "{chosen:?} {wanted}");
    }
}

/// Sizes and orientations of maps, some of them in steps, so that neighbours are often exactly a quarter turn apart.
fn maps() -> impl Strategy<Value = OrientationMap> {
    (1_usize..10, 1_usize..10, any::<bool>()).prop_flat_map(|(rows, columns, steps)| {
        let orientation =
            (0.0..PI).prop_map(
                move |angle| {
                    if steps { (angle / PI * 8.0).floor() * PI / 8.0 } else { angle }
                },
            );
        prop::collection::vec(orientation, rows * columns).prop_map(move |orientations| {
            OrientationMap::from_orientations(&orientations, [rows, columns]).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn charges_on_a_torus_sum_to_zero(map in maps(), merging in 0.0..5.0) {
        let mut options = all_pinwheels();
        options.merging_distance = merging;
        let found = map.pinwheels(Grid::Torus, options).unwrap();
        prop_assert_eq!(found.total_charge, 0.0);
        prop_assert_eq!(found.pinwheels.iter().map(|it| it.charge).sum::<f64>(), 0.0);
        prop_assert!(found.pinwheels.iter().all(|it| it.charge.abs() == 0.5));
    }

    #[test]
    fn measures_do_not_depend_on_the_zero_of_orientations(map in maps(), turn in -9.0..9.0) {
        let turned: Vec<f64> = map.preferred().iter().map(|it| it + turn).collect();
        let turned = OrientationMap::from_orientations(&turned, map.size()).unwrap();
        for grid in [Grid::Torus, Grid::Rings, Grid::Open] {
            let (one, other) = (map.smoothness(grid), turned.smoothness(grid));
            prop_assert!(one.is_nan() && other.is_nan() || (one - other).abs() < 1e-12);
            let bins = map.correlation_by_distance(grid);
            for (one, other) in bins.iter().zip(turned.correlation_by_distance(grid)) {
                prop_assert!((one.correlation - other.correlation).abs() < 1e-12);
                prop_assert_eq!((one.distance, one.pairs), (other.distance, other.pairs));
            }
        }
    }
}
