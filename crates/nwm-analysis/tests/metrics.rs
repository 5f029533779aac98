//! All metrics of recordings: of waves of known numbers, of noise, and of recordings that are the same but for something
//! that must not matter.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use std::f64::consts::TAU;

use nwm_analysis::signal::PhaseKind;
use nwm_analysis::waves::{
    Grid, Metric, MetricsOptions, Surrogates, SyntheticWave, WaveMetrics, pink_noise,
};
use proptest::prelude::*;

/// Everything as it is, 19 surrogates.
fn plain() -> MetricsOptions {
    let mut options = MetricsOptions::default();
    (options.band, options.standardize, options.phase) = (None, false, PhaseKind::Analytic);
    options.surrogates = Surrogates { count: 19, seed: 3 };
    options
}

fn paper() -> MetricsOptions {
    let mut options = MetricsOptions::default();
    options.surrogates = Surrogates { count: 19, seed: 4 };
    options
}

fn of(recording: &[f64], shape: [usize; 3], grid: Grid, options: &MetricsOptions) -> WaveMetrics {
    WaveMetrics::of(&[recording], shape, grid, options).unwrap()
}

fn p_value(found: &WaveMetrics, metric: Metric) -> f64 {
    found.significance(metric).unwrap().p_value
}

fn assert_near(found: &WaveMetrics, metric: Metric, wanted: f64, tolerance: f64) {
    let value = found.get(metric);
    assert!((value - wanted).abs() <= tolerance, "{metric:?}: {value}, expected {wanted}");
}

fn same_bits(one: &WaveMetrics, other: &WaveMetrics) -> bool {
    one.columns().zip(other.columns()).all(|(one, other)| one.1.to_bits() == other.1.to_bits())
}

/// `cos(omega t - k r) + amplitude cos(omega t + k r)` with whole cycles, as many as given in time, along rows and columns.
fn two_waves(shape: [usize; 3], cycles: [f64; 3], amplitude: f64) -> Vec<f64> {
    let [time, rows, columns] = shape;
    (0..time * rows * columns)
        .map(|index| {
            let (t, row, column) =
                (index / (rows * columns), index / columns % rows, index % columns);
            let turn = cycles[0] * t as f64 / time as f64;
            let space =
                cycles[1] * row as f64 / rows as f64 + cycles[2] * column as f64 / columns as f64;
            (TAU * (turn - space)).cos() + amplitude * (TAU * (turn + space)).cos()
        })
        .collect()
}

fn noise(shape: [usize; 3], seed: u64) -> Vec<f64> {
    pink_noise(shape[0], shape[1] * shape[2], seed).unwrap()
}

#[test]
fn partly_standing_waves_have_known_numbers() {
    let (shape, cycles) = ([36, 12, 12], [2.0, 2.0, 1.0]);
    let known = [(0.0, 0.683_013, 1.0), (0.25, 0.664_887, 0.998_138), (0.5, 0.616_031, 0.991_253)];
    for (amplitude, coherence, order) in known {
        let found = of(&two_waves(shape, cycles, amplitude), shape, Grid::Torus, &plain());
        let square = amplitude * amplitude;
        assert_near(&found, Metric::LocalCoherence, coherence, 5e-7);
        assert_near(&found, Metric::PhaseGradientDirectionality, order, 5e-7);
        assert_near(&found, Metric::TravelIndex, (1.0 - square) / (1.0 + square), 1e-12);
        assert_near(&found, Metric::ModeShare, 1.0 / (1.0 + square), 1e-12);
        assert_near(&found, Metric::PhaseSpeed, 0.298_142, 5e-7);
        assert_near(&found, Metric::PeakRow, 2.0 / 12.0, 1e-15);
        assert_near(&found, Metric::PeakColumn, 1.0 / 12.0, 1e-15);
        assert_near(&found, Metric::PeakFrequency, 2.0 / 36.0, 1e-15);
        assert_near(&found, Metric::PlaneFraction, 1.0, 0.0);
        assert_near(&found, Metric::Synchrony, 0.0, 1e-12);
        assert_near(&found, Metric::SingularityDensity, 0.0, 0.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn plane_waves_on_a_torus_are_measured_exactly(
        (turns, down, right) in (1..8_i32, -2..=2_i32, 1..=3_i32),
    ) {
        let shape = [36, 10, 14];
        let cycles = [f64::from(turns), f64::from(down), f64::from(right)];
        let found = of(&two_waves(shape, cycles, 0.0), shape, Grid::Torus, &plain());
        let k = [TAU * cycles[1] / 10.0, TAU * cycles[2] / 14.0];
        let speed = TAU * cycles[0] / 36.0 / k[0].hypot(k[1]);
        assert_near(&found, Metric::SpeedMedian, speed, 1e-9);
        assert_near(&found, Metric::SpeedRange, 0.0, 1e-9);
        assert_near(&found, Metric::PhaseSpeed, speed, 1e-12);
        assert_near(&found, Metric::PhaseGradientDirectionality, 1.0, 1e-12);
        assert_near(&found, Metric::LocalCoherence, (k[0].cos() + k[1].cos()) / 2.0, 1e-12);
        for metric in [Metric::DivergenceDeviation, Metric::CurlDeviation] {
            assert_near(&found, metric, 0.0, 1e-12);
        }
        for metric in [Metric::SingularityDensity, Metric::Sources, Metric::Sinks, Metric::Saddles] {
            assert_near(&found, metric, 0.0, 0.0);
        }
        for metric in [Metric::TravelIndex, Metric::ModeShare] {
            assert_near(&found, metric, 1.0, 1e-12);
        }
        // Neither a source nor a centre, nor rings.
        for metric in [Metric::DistanceCorrelation, Metric::RotationCorrelation, Metric::ShiftScore] {
            prop_assert!(found.get(metric).is_nan());
            prop_assert_eq!(p_value(&found, metric), 1.0);
        }
    }

    #[test]
    fn offsets_scales_and_the_type_of_samples_do_not_matter(
        (seed, scale, offset) in (0..1000_u64, 0.1..10.0, -3.0..3.0),
    ) {
        let shape = [40, 6, 7];
        let recording = noise(shape, seed);
        let changed: Vec<f64> =
            recording.iter().enumerate().map(|(n, it)| scale * it + offset * (n % 42) as f64).collect();
        let first = of(&recording, shape, Grid::Torus, &paper());
        let second = of(&changed, shape, Grid::Torus, &paper());
        for ((name, one), (_, other)) in first.columns().zip(second.columns()) {
            // On a torus with an even side the mean angle around a centre has no direction but that of rounding.
            if name.starts_with("rho_rotation") {
                continue;
            }
            let near = one == other || (one - other).abs() <= 1e-7 * one.abs().max(1.0);
            prop_assert!(near || (one.is_nan() && other.is_nan()), "{}: {} {}", name, one, other);
        }
        let single: Vec<f32> = recording.iter().map(|&it| it as f32).collect();
        let widened: Vec<f64> = single.iter().map(|&it| f64::from(it)).collect();
        let first = WaveMetrics::of(&[&single], shape, Grid::Torus, &paper()).unwrap();
        let second = of(&widened, shape, Grid::Torus, &paper());
        prop_assert!(same_bits(&first, &second));
    }

    #[test]
    fn turning_a_recording_turns_its_direction_alone(seed in 0..1000_u64) {
        let [time, side] = [40, 8];
        let shape = [time, side, side];
        let recording = noise(shape, seed);
        // Columns become rows, rows run backwards.
        let turned: Vec<f64> = (0..recording.len())
            .map(|index| {
                let (t, row, column) = (index / 64, index / 8 % 8, index % 8);
                recording[t * 64 + column * 8 + (7 - row)]
            })
            .collect();
        let first = of(&recording, shape, Grid::Torus, &paper());
        let second = of(&turned, shape, Grid::Torus, &paper());
        for metric in Metric::ALL {
            let (one, other) = match metric {
                Metric::PeakRow => (first.get(metric), second.get(Metric::PeakColumn)),
                Metric::PeakColumn => (first.get(metric), -second.get(Metric::PeakRow)),
                // All around a centre on a torus the mean angle has no direction; which it gets is up to rounding.
                Metric::RotationCorrelation => continue,
                _ => (first.get(metric), second.get(metric)),
            };
            // The speed is infinite if all sites agree in the strongest mode.
            let same = one == other || (one - other).abs() < 1e-9 || (one.is_nan() && other.is_nan());
            // Half a cycle per site has no sign.
            let same = same || (one.abs() == 0.5 && other.abs() == 0.5);
            prop_assert!(same, "{:?}: {} {}", metric, one, other);
        }
    }
}

#[test]
fn independent_phases_are_at_their_chance_levels() {
    let shape = [60, 24, 24];
    // White: a difference of pink noise would not be.
    let mut state = 1_u64;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    let white: Vec<f64> =
        (0..60 * 576).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect();
    let found = of(&white, shape, Grid::Torus, &plain());
    assert_near(&found, Metric::SingularityDensity, 1.0 / 3.0, 0.01);
    assert_near(&found, Metric::Synchrony, 0.89 / 24.0, 0.008);
    assert_near(&found, Metric::PhaseGradientDirectionality, 0.95 / 24.0, 0.008);
    assert_near(&found, Metric::LocalCoherence, 0.0, 0.01);
    assert_near(&found, Metric::TravelIndex, 0.5, 0.02);
    assert_near(&found, Metric::PlaneFraction, 0.0, 0.0);
    for metric in Metric::ALL {
        let Some(significance) = found.significance(metric) else { continue };
        if significance.observed.is_nan() || metric == Metric::PlaneFraction {
            continue;
        }
        assert_eq!(significance.surrogates, 19, "{metric:?}");
        assert!(significance.z_score().abs() < 4.5, "{metric:?}: {significance:?}");
    }
    // As many points have a positive determinant as have a negative one, but for rotations.
    let nodes = found.get(Metric::Sources) + found.get(Metric::Sinks);
    assert!(nodes <= found.get(Metric::Saddles) && nodes > 0.8 * found.get(Metric::Saddles));
}

#[test]
fn travelling_waves_are_significant_and_standing_ones_do_not_travel() {
    let shape = [72, 12, 12];
    let in_noise = |amplitude| {
        let wave = two_waves(shape, [9.0, 1.0, 2.0], amplitude);
        let noise = noise(shape, 5);
        wave.iter().zip(noise).map(|(wave, noise)| wave + 0.7 * noise).collect::<Vec<_>>()
    };
    let found = of(&in_noise(0.0), shape, Grid::Torus, &paper());
    for metric in [
        Metric::PhaseGradientDirectionality,
        Metric::LocalCoherence,
        Metric::TravelIndex,
        Metric::ModeShare,
        Metric::SingularityDensity,
    ] {
        assert_eq!(p_value(&found, metric), 1.0 / 20.0, "{metric:?}");
        assert!(found.significance(metric).unwrap().z_score().abs() > 5.0, "{metric:?}");
    }
    assert_near(&found, Metric::PeakFrequency, 9.0 / 72.0, 1e-12);
    assert_near(&found, Metric::PeakRow, 1.0 / 12.0, 1e-12);
    let standing = of(&in_noise(1.0), shape, Grid::Torus, &paper());
    assert_eq!(p_value(&standing, Metric::LocalCoherence), 1.0 / 20.0);
    assert!(p_value(&standing, Metric::TravelIndex) > 0.2);
    assert!(standing.get(Metric::TravelIndex) < 0.5);
}

#[test]
fn synchrony_is_compared_with_shifts_in_time() {
    let shape = [72, 6, 6];
    let pulse = SyntheticWave::Pulse { frequency: 0.125, width: 30.0, centre: [3.0, 3.0] };
    let noise = noise(shape, 7);
    let recording: Vec<f64> =
        pulse.recording(shape).iter().zip(noise).map(|(one, other)| one + 0.3 * other).collect();
    let found = of(&recording, shape, Grid::Open, &paper());
    let synchrony = found.significance(Metric::Synchrony).unwrap();
    assert!(synchrony.observed > 0.9 && synchrony.p_value == 1.0 / 20.0);
    assert!((synchrony.null_mean - 0.89 / 6.0).abs() < 0.05, "{synchrony:?}");
}

#[test]
fn sources_and_rotations_are_found_again_in_each_surrogate() {
    let shape = [72, 12, 12];
    let (frequency, wavelength, phase) = (0.125, 24.0, 0.0);
    let target =
        SyntheticWave::Target { frequency, wavelength, centre: [5.0, 6.0], phase }.recording(shape);
    let found = of(&target, shape, Grid::Open, &paper());
    let distance = found.significance(Metric::DistanceCorrelation).unwrap();
    assert!(distance.observed > 0.95 && distance.p_value == 1.0 / 20.0, "{distance:?}");
    assert!(distance.null_mean < 0.5 && distance.surrogates == 19);
    let rotating =
        SyntheticWave::Rotating { frequency, arms: -1, centre: [5.5, 6.5], phase }.recording(shape);
    let found = of(&rotating, shape, Grid::Open, &paper());
    let rotation = found.significance(Metric::RotationCorrelation).unwrap();
    assert!(rotation.observed > 0.95 && rotation.p_value == 1.0 / 20.0, "{rotation:?}");
    assert!(found.get(Metric::SingularityDensity) > 0.0);
}

#[test]
fn rings_have_a_shift_and_no_singularities() {
    let shape = [60, 3, 10];
    // A tenth of a cycle from frame to frame, and as much from site to site, backwards; each ring has a phase of its own.
    let recording: Vec<f64> = (0..1800)
        .map(|index| {
            let (t, row, column) = (index / 30, index / 10 % 3, index % 10);
            (TAU * (t as f64 + column as f64) / 10.0 + 1.7 * row as f64).cos()
        })
        .collect();
    let found = of(&recording, shape, Grid::Rings, &plain());
    assert_near(&found, Metric::ShiftScore, 1.0, 1e-12);
    assert_near(&found, Metric::Shift, -1.0, 0.0);
    assert_near(&found, Metric::LocalCoherence, (TAU / 10.0).cos(), 1e-12);
    assert_near(&found, Metric::SpeedMedian, 1.0, 1e-9);
    assert_near(&found, Metric::PeakColumn, -0.1, 1e-15);
    assert_eq!(p_value(&found, Metric::ShiftScore), 1.0 / 20.0);
    for metric in [
        Metric::SingularityDensity,
        Metric::Sources,
        Metric::DistanceCorrelation,
        Metric::RotationCorrelation,
    ] {
        assert!(found.get(metric).is_nan(), "{metric:?}");
    }
}

#[test]
fn channels_are_averaged_and_their_spectra_added() {
    let shape = [48, 6, 8];
    let one = two_waves(shape, [6.0, 1.0, 0.0], 0.0);
    let other: Vec<f64> =
        two_waves(shape, [6.0, 0.0, 2.0], 0.0).iter().map(|it| 0.5 * it).collect();
    let both = WaveMetrics::of(&[&one, &other], shape, Grid::Torus, &plain()).unwrap();
    let each = [&one, &other].map(|it| of(it, shape, Grid::Torus, &plain()));
    for metric in [Metric::LocalCoherence, Metric::SpeedMedian, Metric::PhaseGradientDirectionality]
    {
        assert_near(&both, metric, (each[0].get(metric) + each[1].get(metric)) / 2.0, 1e-12);
    }
    assert_near(&both, Metric::ModeShare, 0.8, 1e-12);
    assert_near(&both, Metric::TravelIndex, 1.0, 1e-12);
    assert_near(&both, Metric::PeakRow, 1.0 / 6.0, 1e-15);
}

#[test]
fn dead_sites_and_the_start_are_left_out() {
    let shape = [60, 8, 8];
    let mut recording = two_waves(shape, [7.5, 1.0, 1.0], 0.0);
    let mut late = paper();
    late.skipped_frames = 18;
    let clean = of(&recording[18 * 64..], [42, 8, 8], Grid::Torus, &paper());
    recording[..18 * 64].fill(7.0);
    let found = of(&recording, shape, Grid::Torus, &late);
    assert!(same_bits(&found, &clean));
    // One site is constant, another lacks a sample.
    recording.iter_mut().skip(9).step_by(64).for_each(|it| *it = 0.3);
    recording[40 * 64 + 20] = f64::NAN;
    let found = of(&recording, shape, Grid::Torus, &late);
    for metric in [Metric::LocalCoherence, Metric::PhaseGradientDirectionality] {
        assert_near(&found, metric, clean.get(metric), 0.01);
    }
    let silent = of(&[2.0; 60 * 4], [60, 2, 2], Grid::Torus, &paper());
    let nothing = |value: f64| value.is_nan() || value == 0.0;
    assert!(Metric::ALL.into_iter().all(|metric| nothing(silent.get(metric))), "{silent:?}");
    assert_eq!(p_value(&silent, Metric::LocalCoherence), 1.0);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let shape = [48, 9, 7];
    let recordings = [noise(shape, 1), noise(shape, 2)];
    let recordings: Vec<&[f64]> = recordings.iter().map(Vec::as_slice).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| WaveMetrics::of(&recordings, shape, Grid::Torus, &paper()).unwrap())
    };
    let (one, three) = (with(1), with(3));
    assert!(same_bits(&one, &three));
}
