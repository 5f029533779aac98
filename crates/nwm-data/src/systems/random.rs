//! Random parameters and initial states.

use std::f64::consts::TAU;

use crate::spec::Variant;
use crate::stream::Stream;

/// A range `[low, high)` from which a number is drawn uniformly, or a single number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// One number, for which nothing is drawn.
    pub(super) const fn fixed(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// All numbers from `low` to `high`.
    pub(super) const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    pub(super) fn draw(self, stream: &mut Stream) -> f64 {
        if self.low == self.high { self.low } else { stream.uniform(self.low, self.high) }
    }
}

/// How the radius of a point of an annulus is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RadiusLaw {
    /// Uniform between the two radii: points crowd towards the middle.
    UniformRadius,
    /// Uniform over the area.
    UniformArea,
}

impl RadiusLaw {
    /// The suite's law for the initial states of springs and pendulums.
    pub(super) const fn of(variant: Variant) -> Self {
        match variant {
            Variant::Plain => Self::UniformRadius,
            Variant::Colors | Variant::ColorsFriction => Self::UniformArea,
        }
    }
}

/// A point of the plane with an isotropic direction and a radius within `radii`.
pub(super) fn annulus(radii: Range, law: RadiusLaw, stream: &mut Stream) -> [f64; 2] {
    let angle = TAU * stream.unit();
    let radius = match law {
        RadiusLaw::UniformRadius => radii.draw(stream),
        RadiusLaw::UniformArea => {
            Range::new(radii.low * radii.low, radii.high * radii.high).draw(stream).sqrt()
        }
    };
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

/// A point of the simplex, uniformly: the gaps that sorted uniform numbers leave in 0..1.
pub(super) fn simplex(stream: &mut Stream, point: &mut [f64]) {
    let Some((last, cuts)) = point.split_last_mut() else { return };
    for cut in cuts.iter_mut() {
        *cut = stream.unit();
    }
    cuts.sort_unstable_by(f64::total_cmp);
    let mut previous = 0.0;
    for cut in cuts {
        (*cut, previous) = (*cut - previous, *cut);
    }
    *last = 1.0 - previous;
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 20_000;

    #[test]
    fn directions_are_isotropic() {
        let mut stream = Stream::new("annulus", &[]);
        let mut quadrants = [0_usize; 4];
        for _ in 0..COUNT {
            let [x, y] = annulus(Range::new(1.3, 2.3), RadiusLaw::UniformRadius, &mut stream);
            assert!((1.3 - 1e-12..2.3 + 1e-12).contains(&libm::hypot(x, y)));
            quadrants[usize::from(x < 0.0) + 2 * usize::from(y < 0.0)] += 1;
        }
        // Five standard errors, sqrt(p (1 - p) n), of the counts.
        assert!(quadrants.iter().all(|&count| count.abs_diff(COUNT / 4) < 307), "{quadrants:?}");
    }

    #[test]
    fn half_of_the_radii_or_of_the_area_lies_inside() {
        let inside = |law, middle| {
            let mut stream = Stream::new("annulus", &[1]);
            let radius = |stream: &mut Stream| {
                let [x, y] = annulus(Range::new(1.0, 3.0), law, stream);
                libm::hypot(x, y)
            };
            (0..COUNT).filter(|_| radius(&mut stream) < middle).count()
        };
        // Five standard errors of the count.
        assert!(inside(RadiusLaw::UniformRadius, 2.0).abs_diff(COUNT / 2) < 354);
        assert!(inside(RadiusLaw::UniformArea, 5.0_f64.sqrt()).abs_diff(COUNT / 2) < 354);
    }

    #[test]
    fn a_fixed_number_draws_nothing() {
        let (mut one, mut other) = (Stream::new("range", &[]), Stream::new("range", &[]));
        assert_eq!(Range::fixed(0.5).draw(&mut one), 0.5);
        assert_eq!(one.unit(), other.unit());
    }

    #[test]
    fn points_of_the_simplex_are_positive_and_sum_to_one() {
        let mut stream = Stream::new("simplex", &[]);
        let mut sums = [0.0; 3];
        for _ in 0..COUNT {
            let mut point = [0.0; 3];
            simplex(&mut stream, &mut point);
            assert!(point.iter().all(|&share| share >= 0.0), "{point:?}");
            assert!((point.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            for (sum, share) in sums.iter_mut().zip(point) {
                *sum += share;
            }
        }
        // Each share has the mean 1/3 and the variance 1/18; five standard errors.
        assert!(sums.iter().all(|sum| (sum / COUNT as f64 - 1.0 / 3.0).abs() < 0.0084), "{sums:?}");
    }
}
