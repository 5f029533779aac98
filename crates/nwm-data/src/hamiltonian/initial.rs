//! Initial states.

use std::f64::consts::TAU;

use crate::stream::Stream;

/// A point of the plane with an isotropic direction and a radius uniform in `[inner, outer)`.
pub(super) fn annulus(stream: &mut Stream, inner: f64, outer: f64) -> [f64; 2] {
    let angle = TAU * stream.unit();
    let radius = stream.uniform(inner, outer);
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_are_uniform_and_directions_isotropic() {
        const COUNT: usize = 20_000;
        let mut stream = Stream::new("annulus", &[]);
        let (mut radius_sum, mut inner_half) = (0.0, 0);
        let mut quadrants = [0_usize; 4];
        for _ in 0..COUNT {
            let [x, y] = annulus(&mut stream, 1.3, 2.3);
            let radius = (x * x + y * y).sqrt();
            assert!((1.3 - 1e-12..2.3 + 1e-12).contains(&radius));
            radius_sum += radius;
            inner_half += usize::from(radius < 1.8);
            quadrants[usize::from(x < 0.0) + 2 * usize::from(y < 0.0)] += 1;
        }
        // Five standard errors: 1/sqrt(12) of the mean, sqrt(p (1 - p) n) of the counts.
        assert!((radius_sum / COUNT as f64 - 1.8).abs() < 0.0103);
        assert!(inner_half.abs_diff(COUNT / 2) < 354);
        assert!(quadrants.iter().all(|&count| count.abs_diff(COUNT / 4) < 307), "{quadrants:?}");
    }
}
