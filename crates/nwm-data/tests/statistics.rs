//! The distribution of the plain sets: known averages over many trajectories.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use nwm_data::{FrameSource, RenderedTrajectories, System};

const TRAJECTORIES: usize = 300;
const VALUES: usize = 32 * 32 * 3;

/// Sums of squares and mean squared differences of pictures in 0..1.
struct Averages {
    /// Sum of squares of one picture.
    squares: f64,
    /// Between pictures of unrelated trajectories.
    pair: f64,
    /// Between a picture and the one before it.
    lag: f64,
}

fn averages(system: System) -> Averages {
    let source = RenderedTrajectories::new(common::small_set(system, TRAJECTORIES, 512));
    // One frame of each trajectory with its predecessor; frames spread over the whole length.
    let pictures: Vec<Vec<f32>> = (0..TRAJECTORIES)
        .map(|trajectory| {
            let mut two = vec![0.0; 2 * VALUES];
            source.read(trajectory, (trajectory * 197) % 511, 2, &mut two).unwrap();
            two
        })
        .collect();
    let difference = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(x, y)| f64::from((x - y) * (x - y))).sum::<f64>() / VALUES as f64
    };
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / TRAJECTORIES as f64;
    let zero = [0.0; VALUES];
    let next = |index: usize| &pictures[(index + 1) % TRAJECTORIES][..VALUES];
    Averages {
        squares: VALUES as f64
            * mean(&mut pictures.iter().map(|two| difference(&two[..VALUES], &zero))),
        pair: mean(
            &mut pictures.iter().enumerate().map(|(i, two)| difference(&two[..VALUES], next(i))),
        ),
        lag: mean(&mut pictures.iter().map(|two| difference(&two[..VALUES], &two[VALUES..]))),
    }
}

/// The published errors hold for 6000 trajectories; with 300 they are 4.5 times larger, and four
/// of those are allowed (spring: 1e-4 and 5e-6; pendulum: 9e-5 and 2e-5).
#[test]
fn pictures_have_the_known_averages() {
    let spring = averages(System::MassSpring);
    assert!((spring.squares - 394.5).abs() < 0.5, "{}", spring.squares);
    assert!((spring.pair - 1.353e-2).abs() < 1.8e-3, "{}", spring.pair);
    assert!((spring.lag - 2.98e-4).abs() < 9.0e-5, "{}", spring.lag);
    let pendulum = averages(System::Pendulum);
    assert!((pendulum.squares - 394.5).abs() < 0.5, "{}", pendulum.squares);
    assert!((pendulum.pair - 2.093e-2).abs() < 1.7e-3, "{}", pendulum.pair);
    assert!((pendulum.lag - 1.72e-3).abs() < 3.6e-4, "{}", pendulum.lag);
}

#[test]
fn initial_states_lie_in_their_annuli_and_energies_in_their_ranges() {
    let spring = common::small_set(System::MassSpring, TRAJECTORIES, 1);
    let pendulum = common::small_set(System::Pendulum, TRAJECTORIES, 1);
    let radius = |state: &[f64]| (state[0] * state[0] + state[1] * state[1]).sqrt();
    let mut rotating = 0;
    for trajectory in 0..TRAJECTORIES {
        assert!((0.1..1.0).contains(&radius(spring.state(trajectory, 0).unwrap())));
        let amplitude = spring.invariant(trajectory, 0).unwrap().sqrt();
        assert!((amplitude - radius(spring.state(trajectory, 0).unwrap())).abs() < 1e-12);
        assert!((1.3..2.3).contains(&radius(pendulum.state(trajectory, 0).unwrap())));
        let energy = pendulum.invariant(trajectory, 0).unwrap();
        assert!((1.09..5.30).contains(&energy), "{energy}");
        rotating += usize::from(energy > 3.0);
    }
    // 31.6 % rotate; the standard error of the count is sqrt(300 * 0.316 * 0.684) = 8.
    assert!(rotating.abs_diff(95) < 32, "{rotating}");
}
