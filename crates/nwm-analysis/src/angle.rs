//! Angles.

use std::f64::consts::{PI, TAU};

/// The angle in `(-pi, pi]` that differs from `angle` by whole turns.
///
/// ```
/// use std::f64::consts::PI;
///
/// assert_eq!(nwm_analysis::wrapped(-PI), PI);
/// assert!((nwm_analysis::wrapped(7.0) - (7.0 - 2.0 * PI)).abs() < 1e-15);
/// ```
pub fn wrapped(angle: f64) -> f64 {
    if angle > -PI && angle <= PI {
        return angle;
    }
    let rest = angle - TAU * ((angle - PI) / TAU).ceil();
    // Rounding may end on the excluded side.
    if rest <= -PI { rest + TAU } else { rest.clamp(-PI, PI) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_angle_has_one_place() {
        assert_eq!(wrapped(PI), PI);
        assert_eq!(wrapped(-PI), PI);
        assert_eq!(wrapped(0.0), 0.0);
        for turn in -1000..1000 {
            for part in [-3.1, -1.0, 0.0, 2.0, 3.13] {
                let found = wrapped(part + TAU * f64::from(turn));
                assert!((found - part).abs() < 1e-11, "{turn} {part}: {found}");
            }
            let edge = wrapped(PI * f64::from(2 * turn + 1));
            assert!(edge > -PI && edge <= PI && (edge.abs() - PI).abs() < 1e-11, "{edge}");
        }
        assert!(wrapped(f64::NAN).is_nan());
    }
}
