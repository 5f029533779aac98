//! What is drawn at random has the distributions of the suite: 20 000 draws against closed forms.
//!
//! A Kolmogorov-Smirnov statistic of n draws exceeds 1.95 / sqrt(n) once in a thousand times; seeds are fixed, so that a
//! test that passes always passes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::collections::BTreeMap;

use nwm_data::{DatasetSpec, Split, System, Trajectories, Variant, generate};

const DRAWS: usize = 20_000;

/// Initial states, and all that is drawn with them.
fn draws(system: System, variant: Variant) -> Trajectories {
    let spec = DatasetSpec {
        variant,
        frames: 1,
        seed: 3,
        ..DatasetSpec::new(system, Split::Train, DRAWS)
    };
    generate(&spec).unwrap()
}

/// The largest distance between the distribution of `values` and `cumulative`, and the mean against `mean` within five
/// standard errors.
fn assert_distributed(
    what: &str,
    mut values: Vec<f64>,
    cumulative: impl Fn(f64) -> f64,
    mean: f64,
) {
    let n = values.len() as f64;
    let found = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - found).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    assert!((found - mean).abs() < 5.0 * error, "{what}: mean {found}, expected {mean} +- {error}");
    values.sort_by(f64::total_cmp);
    let distance = values
        .iter()
        .enumerate()
        .map(|(index, &value)| {
            let expected = cumulative(value);
            assert!((-1e-12..=1.0 + 1e-12).contains(&expected), "{what}: {value} is out of range");
            (expected - index as f64 / n).abs().max((index as f64 + 1.0) / n - expected)
        })
        .fold(0.0, f64::max);
    assert!(distance < 1.95 / n.sqrt(), "{what}: Kolmogorov-Smirnov distance {distance}");
}

fn assert_uniform(what: &str, values: Vec<f64>, low: f64, high: f64) {
    assert_distributed(what, values, |value| (value - low) / (high - low), 0.5 * (low + high));
}

/// A column of the initial states.
fn column(set: &Trajectories, index: usize) -> Vec<f64> {
    (0..set.len()).map(|trajectory| set.state(trajectory, 0).unwrap()[index]).collect()
}

fn parameter(set: &Trajectories, name: &str) -> Vec<f64> {
    let place = set.parameter_names().iter().position(|known| *known == name).unwrap();
    (0..set.len()).map(|t| set.appearance(t).unwrap().parameters[place]).collect()
}

fn assert_all(what: &str, values: &[f64], expected: f64) {
    assert!(values.iter().all(|value| *value == expected), "{what} is not always {expected}");
}

/// Angle in 0..1 turns and radius of a pair.
fn polar(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let turn = |(x, y): (&f64, &f64)| y.atan2(*x) / std::f64::consts::TAU + 0.5;
    let pairs = || x.iter().zip(y);
    (pairs().map(turn).collect(), pairs().map(|(x, y)| x.hypot(*y)).collect())
}

/// A point of an annulus: isotropic, with a radius that is uniform or uniform in area.
fn assert_annulus(what: &str, x: &[f64], y: &[f64], [low, high]: [f64; 2], by_area: bool) {
    let (turns, radii) = polar(x, y);
    assert_uniform(&format!("{what} angle"), turns, 0.0, 1.0);
    if by_area {
        let squares = radii.iter().map(|radius| radius * radius).collect();
        assert_uniform(&format!("{what} squared radius"), squares, low * low, high * high);
    } else {
        assert_uniform(&format!("{what} radius"), radii, low, high);
    }
}

#[test]
fn springs() {
    let plain = draws(System::MassSpring, Variant::Plain);
    assert_all("m", &parameter(&plain, "m"), 0.5);
    assert_all("k", &parameter(&plain, "k"), 2.0);
    assert_annulus("spring", &column(&plain, 0), &column(&plain, 1), [0.1, 1.0], false);
    // H = q^2 + p^2: the square root of the energy is the amplitude.
    let amplitudes = (0..DRAWS).map(|t| plain.invariant(t, 0).unwrap().sqrt()).collect();
    assert_uniform("amplitude", amplitudes, 0.1, 1.0);
    assert_all("offset", plain.offsets(), 0.0);
    assert!(plain.colour_indices().iter().all(|colour| *colour == 0));

    for variant in [Variant::Colors, Variant::ColorsFriction] {
        let colors = draws(System::MassSpring, variant);
        let masses = parameter(&colors, "m");
        let momenta: Vec<f64> =
            column(&colors, 1).iter().zip(&masses).map(|(p, m)| p / (2.0 * m).sqrt()).collect();
        assert_annulus("spring", &column(&colors, 0), &momenta, [0.1, 1.0], true);
        assert_uniform("m", masses, 0.2, 1.0);
        assert_all("k", &parameter(&colors, "k"), 2.0);
        // The second axis is displaced by a number, the first by the same and one in 0..1.
        let (pairs, _) = colors.offsets().as_chunks::<2>();
        let limit = 0.4 * (1.0 + (1.0 / std::f64::consts::PI).sqrt());
        assert_uniform("offset", pairs.iter().map(|[_, y]| *y).collect(), -limit, limit);
        assert_uniform("shift", pairs.iter().map(|[x, y]| x - y).collect(), 0.0, 1.0);
        assert_colours(&colors, 6);
    }
}

#[test]
fn pendulums() {
    let plain = draws(System::Pendulum, Variant::Plain);
    assert_annulus("pendulum", &column(&plain, 0), &column(&plain, 1), [1.3, 2.3], false);
    for (name, value) in [("m", 0.5), ("g", 3.0), ("l", 1.0)] {
        assert_all(name, &parameter(&plain, name), value);
    }
    let energies: Vec<f64> = (0..DRAWS).map(|t| plain.invariant(t, 0).unwrap()).collect();
    assert!(energies.iter().all(|energy| (1.10..5.291).contains(energy)));
    let mut periods: [Vec<f64>; 2] = Default::default();
    for energy in energies {
        periods[usize::from(energy > 3.0)].push(period(energy) / 0.05);
    }
    // 31.6 % rotate; five standard errors of the share.
    let share = periods[1].len() as f64 / DRAWS as f64;
    assert!((share - 0.316).abs() < 0.0165, "{share}");
    // The 5, 50 and 95 % quantiles in frames, of swinging and of rotating ones.
    for (periods, expected) in periods.iter_mut().zip([[83.0, 96.0, 139.0], [35.0, 47.0, 77.0]]) {
        periods.sort_by(f64::total_cmp);
        for (share, expected) in [0.05, 0.5, 0.95].into_iter().zip(expected) {
            let found = periods[(share * periods.len() as f64) as usize];
            assert!((found - expected).abs() < 0.02 * expected, "{share}: {found} {expected}");
        }
    }
    for variant in [Variant::Colors, Variant::ColorsFriction] {
        let colors = draws(System::Pendulum, variant);
        assert_annulus("pendulum", &column(&colors, 0), &column(&colors, 1), [1.3, 2.3], true);
        for (name, low, high) in [("m", 0.5, 1.5), ("g", 3.0, 4.0), ("l", 0.5, 1.0)] {
            assert_uniform(name, parameter(&colors, name), low, high);
        }
        assert_square_offsets(&colors, 1.0 + (1.5 / std::f64::consts::PI).sqrt());
        assert_colours(&colors, 6);
    }
}

/// Period of the plain pendulum of this energy: `4 K(H/3) / sqrt(3)`, or `2 K(3/H) / sqrt(H)` if it rotates.
fn period(energy: f64) -> f64 {
    let m = energy / 3.0;
    if m < 1.0 {
        4.0 * complete_elliptic_integral(m) / 3.0_f64.sqrt()
    } else {
        2.0 * complete_elliptic_integral(1.0 / m) / (3.0 * m).sqrt()
    }
}

/// Of the first kind and parameter `m`, by the arithmetic-geometric mean.
fn complete_elliptic_integral(m: f64) -> f64 {
    let (mut a, mut b) = (1.0, (1.0 - m).sqrt());
    for _ in 0..40 {
        (a, b) = (0.5 * (a + b), (a * b).sqrt());
    }
    std::f64::consts::FRAC_PI_2 / a
}

#[test]
fn double_pendulums() {
    for (variant, by_area, radii) in [
        (Variant::Plain, false, [1.3, 2.3]),
        (Variant::Colors, true, [1.0, 2.5]),
        (Variant::ColorsFriction, true, [1.0, 2.5]),
    ] {
        let set = draws(System::DoublePendulum, variant);
        for ball in 0..2 {
            let (q, p) = (column(&set, ball), column(&set, ball + 2));
            assert_annulus(&format!("ball {ball}"), &q, &p, radii, by_area);
        }
        let ranges = [
            ("m_1", 0.5, [0.4, 0.6]),
            ("m_2", 0.5, [0.4, 0.6]),
            ("l_1", 1.0, [0.75, 1.0]),
            ("l_2", 1.0, [0.75, 1.0]),
            ("g", 3.0, [2.5, 4.0]),
        ];
        for (name, plain, [low, high]) in ranges {
            match variant {
                Variant::Plain => assert_all(name, &parameter(&set, name), plain),
                _ => assert_uniform(name, parameter(&set, name), low, high),
            }
        }
        if variant == Variant::Plain {
            assert_all("offset", set.offsets(), 0.0);
            assert_colours(&set, 2);
        } else {
            assert_square_offsets(&set, 2.0 + (0.6 / std::f64::consts::PI).sqrt());
            assert_colours(&set, 6);
        }
    }
}

#[test]
fn two_bodies() {
    for (variant, colours) in [(Variant::Plain, 2), (Variant::Colors, 6)] {
        let set = draws(System::TwoBody, variant);
        let (x, y) = (column(&set, 0), column(&set, 1));
        for trajectory in 0..DRAWS {
            let state = set.state(trajectory, 0).unwrap();
            let radius = x[trajectory].hypot(y[trajectory]);
            let expected =
                [y[trajectory], -x[trajectory]].map(|part| part / (2.0 * radius.powf(1.5)));
            for axis in 0..2 {
                assert_eq!(state[2 + axis], -state[axis]);
                assert_eq!(state[6 + axis], -state[4 + axis]);
                assert!((state[4 + axis] - expected[axis]).abs() < 1e-14);
            }
        }
        if variant == Variant::Plain {
            for name in ["m_1", "m_2", "g"] {
                assert_all(name, &parameter(&set, name), 1.0);
            }
        } else {
            assert_uniform("m_1", parameter(&set, "m_1"), 0.5, 1.5);
            assert_uniform("m_2", parameter(&set, "m_2"), 0.5, 1.5);
            let gravity = parameter(&set, "g");
            let products = gravity.iter().zip(&x).map(|(g, x)| (g - 1.0) * (x - 1.0) * 12.0);
            // The correlation of independent numbers has the standard error 1/sqrt(n).
            let correlation = products.sum::<f64>() / DRAWS as f64;
            assert!(correlation.abs() < 5.0 / (DRAWS as f64).sqrt(), "{correlation}");
            assert_uniform("g", gravity, 0.5, 1.5);
        }
        assert_uniform("x", x, 0.5, 1.5);
        assert_uniform("y", y, 0.5, 1.5);
        assert_all("offset", set.offsets(), 0.0);
        assert_colours(&set, colours);
    }
}

#[test]
fn bodies_that_would_leave_the_picture_are_drawn_anew() {
    let spec = DatasetSpec {
        variant: Variant::Colors,
        seed: 3,
        ..DatasetSpec::new(System::TwoBody, Split::Train, 200)
    };
    let set = generate(&spec).unwrap();
    let free = draws(System::TwoBody, Variant::Colors);
    let initial = |set: &Trajectories, index| set.state(index, 0).unwrap().to_vec();
    let mut redrawn = 0;
    for trajectory in 0..200 {
        // Ten points between two frames, as the suite looks.
        let mut states = vec![0.0; (511 * 10 + 1) * 8];
        let appearance = set.appearance(trajectory).unwrap();
        let first = initial(&set, trajectory);
        let solve = |parameters: &[f64], first: &[f64], states: &mut [f64]| {
            System::TwoBody
                .solve(Variant::Colors, parameters, first, spec.dt / 10.0, states)
                .unwrap();
            states.chunks(8).all(|state| state[..4].iter().all(|x| x.abs() <= 5.0))
        };
        assert!(solve(appearance.parameters, &first, &mut states), "{trajectory} leaves");
        let proposed = free.appearance(trajectory).unwrap().parameters.to_vec();
        let before = initial(&free, trajectory);
        let kept = first == before;
        assert_eq!(kept, solve(&proposed, &before, &mut states), "{trajectory}");
        redrawn += usize::from(!kept);
    }
    assert!((1..200).contains(&redrawn), "{redrawn} of 200 were drawn anew");
}

#[test]
fn games() {
    let pennies = draws(System::MatchingPennies, Variant::Plain);
    for player in 0..2 {
        assert_uniform("first choice", column(&pennies, 2 * player), 0.0, 1.0);
    }
    let rock = draws(System::RockPaperScissors, Variant::Plain);
    for share in 0..6 {
        // A coordinate of a uniform point of the simplex of three.
        let cumulative = |value: f64| 1.0 - (1.0 - value) * (1.0 - value);
        assert_distributed("share", column(&rock, share), cumulative, 1.0 / 3.0);
    }
    for (set, choices) in [(&pennies, 2), (&rock, 3)] {
        for trajectory in 0..DRAWS {
            for strategy in set.state(trajectory, 0).unwrap().chunks(choices) {
                assert!((strategy.iter().sum::<f64>() - 1.0).abs() < 1e-15);
                assert!(strategy.iter().all(|share| *share >= 0.0));
            }
        }
    }
}

/// Both axes uniform within 0.4 of the half-width, and independent.
fn assert_square_offsets(set: &Trajectories, half_width: f64) {
    let (pairs, _) = set.offsets().as_chunks::<2>();
    let limit = 0.4 * half_width;
    for axis in 0..2 {
        let values = pairs.iter().map(|pair| pair[axis]).collect();
        assert_uniform(&format!("offset {axis}"), values, -limit, limit);
    }
    let products: f64 = pairs.iter().map(|[x, y]| x * y / (limit * limit)).sum();
    // The product of two such numbers has mean 0 and variance 1/9.
    assert!((products / DRAWS as f64).abs() < 5.0 / 3.0 / (DRAWS as f64).sqrt(), "{products}");
}

/// All orders of different colours equally often.
fn assert_colours(set: &Trajectories, colours: u32) {
    let balls = set.spec().system.ball_count();
    let mut counts: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for chosen in set.colour_indices().chunks(balls) {
        assert!(chosen.iter().all(|colour| *colour < colours));
        *counts.entry(chosen.to_vec()).or_default() += 1;
    }
    let kinds = match balls {
        1 => colours,
        _ => colours * (colours - 1),
    };
    assert_eq!(counts.len(), kinds as usize, "{counts:?}");
    assert!(counts.keys().all(|chosen| balls == 1 || chosen[0] != chosen[1]));
    let expected = DRAWS as f64 / f64::from(kinds);
    let chi_squared: f64 =
        counts.values().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    let degrees = f64::from(kinds - 1);
    assert!(chi_squared < degrees + 5.0 * (2.0 * degrees).sqrt(), "{chi_squared}");
}
