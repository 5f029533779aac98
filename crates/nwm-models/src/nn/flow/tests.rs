//! Integrators on fields whose solutions are known.

use super::super::real::Real;
use super::control::Control;
use super::field::{Field, Recorded};
use super::leapfrog::Leapfrog;
use super::runge_kutta::RungeKutta;
use super::tableau::{CLASSICAL, DORMAND_PRINCE, MIDPOINT, Tableau};
use super::unroll::{Independent, Unroll, UnrollBlock};

/// `f(z) = rate z`.
struct Proportional(f64);

struct Count(usize);

impl Recorded for Count {
    fn evaluations(&self) -> usize {
        self.0
    }

    fn truncate(&mut self, evaluations: usize) {
        self.0 = evaluations;
    }
}

impl<T: Real> Field<T> for Proportional {
    type Tape = Count;
    type Adjoint = ();

    fn tape(&self, _samples: usize) -> Count {
        Count(0)
    }

    fn evaluate(&self, points: &[T], values: &mut [T], tape: Option<&mut Count>) {
        let rate = <T as nwm_simd::Real>::nearest(self.0);
        for (value, &point) in values.iter_mut().zip(points) {
            *value = rate * point;
        }
        if let Some(tape) = tape {
            tape.0 += 1;
        }
    }

    fn adjoint(&self, _tape: &Count) {}

    fn pull_back(&self, _: &Count, _: usize, gradient: &[T], of_points: &mut [T], _: &mut ()) {
        let rate = <T as nwm_simd::Real>::nearest(self.0);
        for (of_point, &gradient) in of_points.iter_mut().zip(gradient) {
            *of_point += rate * gradient;
        }
    }

    fn add_parameter_gradients(&self, _: &Count, _: &(), _: &mut [T]) {}
}

/// `H = q^2 + p^2`.
fn oscillator() -> Leapfrog<Proportional> {
    Leapfrog {
        kinetic: Proportional(2.0),
        potential: Proportional(2.0),
        parameters: 0,
        pairs: 1,
        step: 0.125,
    }
}

#[test]
fn leapfrog_takes_the_golden_steps_and_goes_back() {
    let flow = oscillator();
    let (states, _) = flow.unroll_block(&[1.0, 0.0], &[1.0], 3, false);
    let expected = [
        [0.96875, -0.24609375],
        [0.876953125, -0.476806640625],
        [0.7303466796875, -0.6777191162109375],
    ];
    assert_eq!(states, expected.concat());
    let (back, _) = flow.unroll_block(&expected[2], &[-1.0], 3, false);
    assert_eq!(back[4..], [1.0, 0.0]);
}

#[test]
fn leapfrog_is_reversible() {
    let flow = Independent(oscillator());
    let start: Vec<f64> = (0..14).map(|i| (0.7 * f64::from(i)).sin()).collect();
    let signs = [1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0];
    let (states, _) = flow.unroll(&start, &signs, 200, false);
    let end = &states[states.len() - 14..];
    let (states, _) = flow.unroll(end, &signs.map(|sign: f64| -sign), 200, false);
    for (found, expected) in states[states.len() - 14..].iter().zip(&start) {
        assert!((found - expected).abs() < 1e-12, "{found} against {expected}");
    }
}

fn decay(method: Tableau, control: Option<Control>) -> RungeKutta<Proportional> {
    RungeKutta { field: Proportional(-1.0), size: 1, method, interval: 0.125, control }
}

#[test]
fn methods_of_fixed_step_take_the_golden_steps() {
    let (states, _) = decay(MIDPOINT, None).unroll(&[1.0], &[1.0], 1, false);
    assert_eq!(states, [0.882_812_5]);
    let (states, _) = decay(CLASSICAL, None).unroll(&[1.0], &[1.0], 1, false);
    let h: f64 = 0.125;
    let expected = 1.0 - h + h * h / 2.0 - h.powi(3) / 6.0 + h.powi(4) / 24.0;
    assert!((states[0] - expected).abs() < 1e-15, "{}", states[0]);
}

#[test]
fn the_adaptive_method_keeps_its_tolerance_at_every_state() {
    for tolerance in [1e-4, 1e-6, 1e-9] {
        let flow = decay(DORMAND_PRINCE, Some(Control { tolerance, most_steps: 50 }));
        let (states, tape) = flow.unroll(&[1.0, 2.0, 3.0], &[1.0, -1.0, 1.0], 60, true);
        let mut worst = 0.0_f64;
        for (step, states) in states.chunks_exact(3).enumerate() {
            let time = 0.125 * (step + 1) as f64;
            for ((state, start), rate) in states.iter().zip([1.0, 2.0, 3.0]).zip([-1.0, 1.0, -1.0])
            {
                let exact = start * (rate * time).exp();
                worst = worst.max((state - exact).abs() / (1.0 + exact.abs()));
            }
        }
        assert!(worst < 100.0 * tolerance, "{tolerance:e}: {worst:e}");
        assert!(tape.is_some());
        // Back from the end.
        let end = &states[states.len() - 3..];
        let (back, _) = flow.unroll(end, &[-1.0, 1.0, -1.0], 60, false);
        for (found, expected) in back[back.len() - 3..].iter().zip([1.0, 2.0, 3.0]) {
            let off = (found - expected).abs() / (1.0 + expected);
            assert!(off < 1e4 * tolerance, "{tolerance:e}: {off:e}");
        }
    }
}

#[test]
fn a_field_too_steep_for_the_attempts_is_read_off_the_last_step_beyond_its_end() {
    let steep = |most_steps| RungeKutta {
        field: Proportional(-300.0),
        ..decay(DORMAND_PRINCE, Some(Control { tolerance: 1e-6, most_steps }))
    };
    let start = [1.0_f64, -2.0];
    let (states, tape) = steep(4).unroll(&start, &[1.0; 2], 3, true);
    let tape = tape.unwrap();
    // The solver has not come far: the first reading lies far beyond a step.
    let (enough, _) = steep(200).unroll(&start, &[1.0; 2], 3, false);
    assert!(enough.iter().all(|state| state.abs() < 1e-5), "{enough:?}");
    assert!(states.iter().all(|state| state.is_finite()));
    assert!(states[0].abs() > 10.0, "{states:?}");
    // The field is linear, so that the states are products of the start with what depends on the lengths of steps alone,
    // and the gradient is that of these products.
    let weights = [0.3, -0.7, 1.1, 0.2, -0.4, 0.9];
    let gradient = steep(4).pull_back(&tape, &[1.0; 2], &weights, &mut []);
    let of_start: f64 = gradient.iter().zip(start).map(|(of, value)| of * value).sum();
    let of_states: f64 = weights.iter().zip(&states).map(|(weight, state)| weight * state).sum();
    assert!((of_start / of_states - 1.0).abs() < 1e-10, "{of_start} against {of_states}");
}

#[test]
fn a_field_that_is_no_number_or_infinite_gives_no_states() {
    for rate in [f64::NAN, f64::INFINITY] {
        let broken = RungeKutta {
            field: Proportional(rate),
            ..decay(DORMAND_PRINCE, Some(Control { tolerance: 1e-6, most_steps: 3 }))
        };
        let (states, _) = broken.unroll(&[1.0_f64], &[1.0], 4, false);
        assert_eq!(states.len(), 4);
        assert!(states.iter().all(|state| state.is_nan()), "{rate}: {states:?}");
    }
}

/// `f(z) = 1` below 1, no number above.
struct Cliff;

impl Field<f64> for Cliff {
    type Tape = Count;
    type Adjoint = ();

    fn tape(&self, _samples: usize) -> Count {
        Count(0)
    }

    fn evaluate(&self, points: &[f64], values: &mut [f64], _tape: Option<&mut Count>) {
        for (value, &point) in values.iter_mut().zip(points) {
            *value = if point < 1.0 { 1.0 } else { f64::NAN };
        }
    }

    fn adjoint(&self, _tape: &Count) {}

    fn pull_back(&self, _: &Count, _: usize, _: &[f64], _: &mut [f64], _: &mut ()) {}

    fn add_parameter_gradients(&self, _: &Count, _: &(), _: &mut [f64]) {}
}

#[test]
fn states_beyond_a_cliff_are_read_off_the_last_step_before_it() {
    // Steps towards the cliff succeed and fail in turns; which one is the last does not matter.
    for most_steps in 8..16 {
        let flow = RungeKutta {
            field: Cliff,
            size: 1,
            method: DORMAND_PRINCE,
            interval: 0.75,
            control: Some(Control { tolerance: 1e-6, most_steps }),
        };
        let (states, _) = flow.unroll(&[0.0], &[1.0], 2, false);
        assert!((states[0] - 0.75).abs() < 1e-12, "{most_steps}: {states:?}");
        assert!((states[1] - 1.5).abs() < 1e-6, "{most_steps}: {states:?}");
    }
}
