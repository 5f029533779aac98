//! Differences of phases.

use std::borrow::Cow;

use num_complex::Complex;

use crate::{Real, wrapped};

/// Phases as they are if all lie in `[-pi, pi]` or are NaN, else without their whole turns.
pub(super) fn principal<T: Real>(phase: &[T]) -> Cow<'_, [T]> {
    let half_turn = T::nearest(std::f64::consts::PI);
    if phase.iter().all(|value| value.abs() <= half_turn || value.is_nan()) {
        return Cow::Borrowed(phase);
    }
    Cow::Owned(phase.iter().map(|value| T::nearest(wrapped(value.widen()))).collect())
}

/// The phases of signals; NaN where a signal is zero, which has none.
pub(super) fn phases_of<T: Real>(signals: &[Complex<T>]) -> Vec<T> {
    let phase = |signal: &Complex<T>| {
        let silent = signal.re.is_zero() && signal.im.is_zero();
        if silent { T::nan() } else { signal.im.atan2(signal.re) }
    };
    signals.iter().map(phase).collect()
}

/// `to - from` in `(-pi, pi]`, for phases in `[-pi, pi]`; NaN if one of them is.
#[inline]
pub(super) fn difference<T: Real>(to: T, from: T) -> T {
    let (half, turn) = (T::nearest(std::f64::consts::PI), T::nearest(std::f64::consts::TAU));
    let step = to - from;
    let down = if step > half { step - turn } else { step };
    if step <= -half { step + turn } else { down }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;

    #[test]
    fn differences_are_the_shortest_way() {
        assert_eq!(difference(0.5, 0.25), 0.25);
        assert_eq!((difference(PI, 0.0), difference(-PI, 0.0), difference(PI, -PI)), (PI, PI, 0.0));
        assert!((difference(3.0, -3.0) - (6.0 - TAU)).abs() < 1e-15);
        assert!((difference(-3.0_f32, 3.0) - (TAU as f32 - 6.0)).abs() < 1e-6);
        assert!(difference(f64::NAN, 0.0).is_nan());
    }

    #[test]
    fn silence_has_no_phase() {
        let signals = [(0.0, 2.0), (0.0, 0.0), (-1.0, 0.0), (f64::NAN, 1.0)];
        let found = phases_of(&signals.map(|(re, im)| Complex::new(re, im)));
        assert_eq!((found[0], found[2]), (PI / 2.0, PI));
        assert!(found[1].is_nan() && found[3].is_nan());
    }

    #[test]
    fn whole_turns_are_taken_away_where_there_are_any() {
        assert!(matches!(principal(&[3.0, -PI, f64::NAN]), Cow::Borrowed(_)));
        let Cow::Owned(found) = principal(&[0.5, 4.0 * PI + 1.0]) else { panic!("borrowed") };
        assert!((found[1] - 1.0).abs() < 1e-14 && found[0] == 0.5);
    }
}
