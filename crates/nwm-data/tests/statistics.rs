//! Averages over the pictures of the plain sets, against those of the suite.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use nwm_data::{DatasetSpec, Renderer, Split, System, Variant, generate};

const VALUES: usize = 32 * 32 * 3;

/// Trajectories of the published averages.
const PUBLISHED: usize = 6000;

/// Means with their published standard errors: sum of squares of a picture (0: not stated), then mean squared errors and
/// relative errors in 1e-8 of predicting a picture by one of another trajectory, by the mean picture, and by the one
/// before it.
struct Averages {
    system: System,
    squares: f64,
    errors: [[f64; 2]; 3],
    relative: [[f64; 2]; 3],
}

const AVERAGES: [Averages; 5] = [
    Averages {
        system: System::MassSpring,
        squares: 394.5,
        errors: [[1.353e-2, 1e-4], [6.77e-3, 4e-5], [2.98e-4, 5e-6]],
        relative: [[3429.0, 29.0], [1716.0, 10.0], [75.6, 1.2]],
    },
    Averages {
        system: System::Pendulum,
        squares: 394.5,
        errors: [[2.093e-2, 9e-5], [1.053e-2, 1e-5], [1.72e-3, 2e-5]],
        relative: [[5306.0, 22.0], [2670.0, 2.0], [436.0, 5.0]],
    },
    Averages {
        system: System::TwoBody,
        squares: 425.4,
        errors: [[2.703e-2, 1e-4], [1.346e-2, 1e-5], [3.34e-5, 1e-7]],
        // The last error is not stated: half of the last digit.
        relative: [[6355.0, 26.0], [3163.0, 1.0], [7.8, 0.05]],
    },
    Averages {
        system: System::MatchingPennies,
        squares: 338.0,
        errors: [[9.79e-2, 1e-3], [4.85e-2, 5e-4], [3.35e-4, 3e-6]],
        relative: [[28600.0, 260.0], [12550.0, 76.0], [98.5, 0.9]],
    },
    Averages {
        system: System::DoublePendulum,
        squares: 402.6,
        errors: [[1.691e-2, 5e-5], [8.47e-3, 1e-5], [1.17e-3, 1e-5]],
        relative: [[4201.0, 13.0], [2104.0, 1.0], [291.0, 3.0]],
    },
];

/// A picture of each trajectory and the one before it.
fn pictures(system: System, trajectories: usize) -> Vec<[Vec<f64>; 2]> {
    let spec = DatasetSpec { seed: 1, ..DatasetSpec::new(system, Split::Train, trajectories) };
    let set = generate(&spec).unwrap();
    let renderer = Renderer::new(system, Variant::Plain);
    (0..trajectories)
        .map(|trajectory| {
            // Spread over 1..=511 without a pattern: 197 and 511 have no common factor.
            let frame = 1 + trajectory * 197 % 511;
            [frame, frame - 1].map(|frame| {
                let mut bytes = vec![0_u8; VALUES];
                let state = set.state(trajectory, frame).unwrap();
                renderer.frame(state, &set.appearance(trajectory).unwrap(), &mut bytes).unwrap();
                bytes.iter().map(|&byte| f64::from(byte) / 255.0).collect()
            })
        })
        .collect()
}

/// Compares all averages with those of as many trajectories; four standard errors are allowed.
fn assert_averages(expected: &Averages) {
    let count = PUBLISHED;
    let Averages { system, squares, errors, relative } = expected;
    let pictures = pictures(*system, count);
    let mut mean = vec![0.0; VALUES];
    for [picture, _] in &pictures {
        for (mean, value) in mean.iter_mut().zip(picture) {
            *mean += value / count as f64;
        }
    }
    let squares_of: Vec<f64> =
        pictures.iter().map(|[picture, _]| picture.iter().map(|v| v * v).sum()).collect();
    if *system == System::MatchingPennies {
        // From both players undecided, a quarter everywhere, to both decided, one block of ones.
        let least = squares_of.iter().copied().fold(f64::INFINITY, f64::min);
        let most = squares_of.iter().copied().fold(0.0, f64::max);
        assert!(
            (187.0..190.0).contains(&least) && (750.0..=768.0).contains(&most),
            "{least} {most}"
        );
    }
    let found = squares_of.iter().sum::<f64>() / count as f64;
    let allowed = if *system == System::MatchingPennies { 0.03 } else { 1e-3 };
    assert!((found - squares).abs() < allowed * squares, "{system}: {found} squares");

    for predictor in 0..3 {
        let (mut error, mut relative_error) = (0.0, 0.0);
        for (index, [picture, before]) in pictures.iter().enumerate() {
            let prediction = match predictor {
                0 => &pictures[(index + 1) % count][0],
                1 => &mean,
                _ => before,
            };
            let squared: f64 = picture.iter().zip(prediction).map(|(a, b)| (a - b) * (a - b)).sum();
            error += squared / VALUES as f64 / count as f64;
            relative_error += squared / VALUES as f64 / squares_of[index] / count as f64;
        }
        let name = ["pair", "mean", "lag"][predictor];
        let check = |what: &str, found: f64, [expected, error]: [f64; 2]| {
            let allowed = 4.0 * error;
            assert!(
                (found - expected).abs() < allowed,
                "{system} {what} {name}: {found}, expected {expected} within {allowed}"
            );
        };
        check("error", error, errors[predictor]);
        check("relative error", relative_error * 1e8, relative[predictor]);
    }
}

#[test]
fn pictures_have_the_known_averages() {
    for expected in &AVERAGES {
        assert_averages(expected);
    }
}
