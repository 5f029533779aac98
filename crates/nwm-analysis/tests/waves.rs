//! Whole recordings: what is found in waves of known kind, and in noise.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use std::f64::consts::TAU;

use nwm_analysis::signal::{
    AnalyticTransform, GeneralizedPhase, NyquistBin, Padding, ZeroPhase, band_pass, frames_of,
    series_of,
};
use nwm_analysis::waves::{
    Grid, PatternKind, SummaryOptions, SyntheticWave, Trial, Verdict, WaveStatistics, WaveSummary,
    mixed, pink_noise,
};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

const SHAPE: [usize; 3] = [250, 12, 12];

/// Filters one octave around a frequency, and judges a recording as `nwm waves` does.
fn summary(recording: &[f64], frequency: f64, grid: Grid) -> WaveSummary {
    summary_of(recording, SHAPE, frequency, grid, 0)
}

fn summary_of(
    recording: &[f64],
    shape: [usize; 3],
    frequency: f64,
    grid: Grid,
    seed: u64,
) -> WaveSummary {
    let [time, rows, columns] = shape;
    let band = [frequency / 2.0, frequency * 2.0];
    let mut series = series_of(recording, time).unwrap();
    ZeroPhase::new(band_pass(4, band).unwrap(), Padding::default())
        .filter(&mut series, time)
        .unwrap();
    let analytic = AnalyticTransform::new(time, NyquistBin::Keep).unwrap().apply(&series).unwrap();
    let generalized = GeneralizedPhase::default().apply(&analytic, time).unwrap();
    let mut options = SummaryOptions::default();
    options.compared_frames = 100;
    options.surrogates.seed = seed;
    let mut statistics = WaveStatistics::new([rows, columns], grid, 1, options).unwrap();
    let trial = Trial {
        time,
        signals: &frames_of(&generalized.signals, time).unwrap(),
        filtered: &frames_of(&series, time).unwrap(),
        frequencies: &frames_of(&generalized.frequencies, time).unwrap(),
    };
    statistics.add(&trial).unwrap();
    statistics.summary()
}

fn in_noise(wave: SyntheticWave, seed: u64) -> Vec<f64> {
    let noise = pink_noise(SHAPE[0], SHAPE[1] * SHAPE[2], seed).unwrap();
    mixed(&wave.recording(SHAPE), &noise, 1.0).unwrap()
}

fn share(found: &WaveSummary, kind: PatternKind) -> f64 {
    found.pattern_fraction.iter().find(|it| it.0 == kind).unwrap().1
}

#[test]
fn plane_waves_in_noise_are_measured() {
    for seed in 0..10 {
        let direction = -3.0 + 0.6 * seed as f64;
        let wave = SyntheticWave::Plane { frequency: 0.1, wavelength: 10.0, direction, phase: 0.4 };
        let found = summary(&in_noise(wave, seed), 0.1, Grid::Open);
        assert_eq!(found.verdict, Verdict::Travelling, "{found:?}");
        let [angle, resultant] = found.direction.unwrap();
        assert!(
            nwm_analysis::wrapped(angle - direction).abs() < 0.15 && resultant > 0.9,
            "{found:?}"
        );
        assert!((found.frequency.unwrap() - 0.1).abs() < 0.002, "{found:?}");
        assert!((found.wavelength.unwrap() - 10.0).abs() < 1.0, "{found:?}");
        assert!(share(&found, PatternKind::Plane) > 0.8, "{found:?}");
        assert!(found.p_value == 1.0 / 40.0 && found.travel_index.p_value == 1.0 / 40.0);
    }
}

#[test]
fn clean_waves_are_measured_exactly() {
    let wavelength = 12.0 / f64::hypot(1.0, 1.0);
    let direction = TAU / 8.0;
    let wave = SyntheticWave::Plane { frequency: 0.1, wavelength, direction, phase: 0.0 };
    let found = summary(&wave.recording(SHAPE), 0.1, Grid::Torus);
    assert!((found.direction.unwrap()[0] - direction).abs() < 0.02);
    assert!((found.wavelength.unwrap() / wavelength - 1.0).abs() < 0.01, "{found:?}");
    assert!((found.frequency.unwrap() / 0.1 - 1.0).abs() < 0.01, "{found:?}");
    assert!((found.speed.unwrap() / (0.1 * wavelength) - 1.0).abs() < 0.02);
    assert!(
        found.travel_index.observed > 0.98 && found.plane_wave_order.observed > 0.99,
        "{found:?}"
    );
    assert_eq!(share(&found, PatternKind::Plane), 1.0);
}

#[test]
fn patterns_in_noise_are_recognised() {
    let (frequency, wavelength, phase, centre) = (0.1, 12.0, 0.0, [5.5, 5.5]);
    let cases = [
        (SyntheticWave::Target { frequency, wavelength, centre, phase }, PatternKind::Source),
        (
            SyntheticWave::Target { frequency, wavelength: -wavelength, centre, phase },
            PatternKind::Sink,
        ),
        (SyntheticWave::Rotating { frequency, arms: 1, centre, phase }, PatternKind::Rotating),
    ];
    for (seed, (wave, kind)) in cases.into_iter().enumerate() {
        let found = summary(&in_noise(wave, 20 + seed as u64), frequency, Grid::Open);
        assert_eq!(found.verdict, Verdict::Travelling, "{found:?}");
        assert!(share(&found, kind) > 0.5, "{kind:?} {found:?}");
    }
}

#[test]
fn directions_and_patterns_in_noise_are_right_in_95_of_100() {
    let (frequency, phase, wavelength) = (0.1, 0.4, 12.0);
    let mut right = 0;
    for seed in 0..100_u64 {
        let direction = -3.1 + 0.062 * seed as f64;
        let centre = [5.0 + 0.01 * seed as f64, 6.0 - 0.01 * seed as f64];
        let (wave, kind) = match seed % 5 {
            0 => (
                SyntheticWave::Target { frequency, wavelength, centre, phase },
                PatternKind::Source,
            ),
            1 => {
                let wavelength = -wavelength;
                (SyntheticWave::Target { frequency, wavelength, centre, phase }, PatternKind::Sink)
            }
            2 => {
                let arms = if seed % 2 == 0 { 1 } else { -1 };
                let wave = SyntheticWave::Rotating { frequency, arms, centre, phase };
                (wave, PatternKind::Rotating)
            }
            _ => (
                SyntheticWave::Plane { frequency, wavelength, direction, phase },
                PatternKind::Plane,
            ),
        };
        let found = summary(&in_noise(wave, 300 + seed), frequency, Grid::Open);
        let most = found.pattern_fraction.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
        let is_right = found.verdict == Verdict::Travelling
            && most == kind
            && (kind != PatternKind::Plane
                || found.direction.is_some_and(|[angle, _]| {
                    nwm_analysis::wrapped(angle - direction).abs() < 0.15
                }));
        right += usize::from(is_right);
    }
    assert!(right >= 95, "{right} of 100");
}

#[test]
fn clean_plane_waves_are_measured_at_any_angle() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..24 {
        let draw = |runner: &mut TestRunner, low: f64, high: f64| {
            (low..high).new_tree(runner).unwrap().current()
        };
        // At least 20 periods in the 250 samples.
        let frequency = draw(&mut runner, 0.08, 0.2);
        let wavelength = draw(&mut runner, 5.0, 24.0);
        let direction = draw(&mut runner, -3.1, 3.1);
        let wave = SyntheticWave::Plane { frequency, wavelength, direction, phase: 0.7 };
        let found = summary(&wave.recording(SHAPE), frequency, Grid::Open);
        let [angle, _] = found.direction.unwrap();
        assert!(nwm_analysis::wrapped(angle - direction).abs() < 0.02, "{wave:?} {found:?}");
        assert!((found.wavelength.unwrap() / wavelength - 1.0).abs() < 0.01, "{wave:?} {found:?}");
        assert!((found.frequency.unwrap() / frequency - 1.0).abs() < 0.01, "{wave:?} {found:?}");
    }
}

#[test]
fn standing_waves_do_not_travel() {
    for seed in 0..5 {
        let direction = 0.5 * seed as f64;
        let wave =
            SyntheticWave::Standing { frequency: 0.1, wavelength: 12.0, direction, phase: 0.3 };
        let found = summary(&in_noise(wave, 40 + seed), 0.1, Grid::Open);
        assert_ne!(found.verdict, Verdict::Travelling, "{found:?}");
        assert_ne!(found.verdict, Verdict::None, "{found:?}");
    }
}

#[test]
fn noise_has_no_waves() {
    let (mut waves, trials) = (0, 100);
    for seed in 0..trials {
        let noise = pink_noise(SHAPE[0], SHAPE[1] * SHAPE[2], 100 + seed).unwrap();
        let found = summary(&noise, 0.1, Grid::Open);
        waves += usize::from(found.verdict != Verdict::None);
        assert!(share(&found, PatternKind::None) > 0.9, "{found:?}");
    }
    assert!(waves <= 5, "{waves} of {trials}");
}

/// The largest difference between the distribution of p-values of `surrogates` surrogates and a uniform one, which on
/// the values that they can have is that of chance alone.
fn distance_from_uniform(p_values: &[f64], surrogates: usize) -> f64 {
    let level = |rank: usize| rank as f64 / (surrogates + 1) as f64;
    let below = |level: f64| p_values.iter().filter(|&&p| p <= level + 1e-9).count() as f64;
    (1..=surrogates)
        .map(|rank| (below(level(rank)) / p_values.len() as f64 - level(rank)).abs())
        .fold(0.0, f64::max)
}

#[test]
fn p_values_of_noise_are_uniform() {
    let (shape, sets) = ([64, 6, 6], 200);
    let mut p_values = vec![Vec::new(); 6];
    for seed in 0..sets as u64 {
        let recording = pink_noise(shape[0], 36, 1000 + seed).unwrap();
        let found = summary_of(&recording, shape, 0.1, Grid::Open, seed);
        let measures = [
            &found.plane_wave_order,
            &found.synchrony,
            &found.local_coherence,
            &found.local_plane_order,
            &found.travel_index,
            &found.mode_share,
        ];
        for (p_values, measure) in p_values.iter_mut().zip(measures) {
            p_values.push(measure.p_value);
        }
    }
    for (measure, p_values) in p_values.iter().enumerate() {
        let distance = distance_from_uniform(p_values, 39);
        // Kolmogorov and Smirnov: 1.63 / sqrt(200) is exceeded once in a hundred.
        assert!(distance < 0.115, "measure {measure}: {distance}");
    }
}

#[test]
fn equal_sites_are_synchronous() {
    let wave = SyntheticWave::Pulse { frequency: 0.1, width: 30.0, centre: [5.5, 5.5] };
    let found = summary(&wave.recording(SHAPE), 0.1, Grid::Open);
    assert_eq!(found.verdict, Verdict::Synchronous);
    assert_eq!(share(&found, PatternKind::Synchrony), 1.0);
    assert_eq!((found.wavelength, found.synchrony.p_value), (None, 1.0 / 40.0));
}
