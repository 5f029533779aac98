//! The orientation that a site prefers, on a continuous scale.

use std::f64::consts::PI;

use num_complex::Complex;

use crate::{Error, Real, Result, check};

const ACTION: &str = "map preferred orientations";

/// Below this selectivity responses cancel up to rounding, and no orientation is preferred.
const NEGLIGIBLE: f64 = 1e-12;

/// The orientations `pi m / count` for `m = 0 .. count`, radians.
pub fn equally_spaced_orientations(count: usize) -> Vec<f64> {
    (0..count).map(|index| PI * index as f64 / count as f64).collect()
}

/// Preferred orientations of a grid of sites.
#[derive(Debug, Clone, PartialEq)]
pub struct OrientationMap {
    size: [usize; 2],
    preferred: Vec<f64>,
    selectivity: Vec<f64>,
}

impl OrientationMap {
    /// The map of mean responses `[orientation, row, column]` to orientations in radians.
    ///
    /// With `R_m` the response to orientation `theta_m` minus the smallest response of the site, and
    /// `z = sum R_m exp(2 i theta_m)`, the preferred orientation is `arg(z) / 2` and the selectivity is
    /// `|z| / sum R_m`. A site that responds to all orientations alike has selectivity 0 and prefers none; one
    /// with a response that is NaN or infinite is dead.
    ///
    /// # Errors
    ///
    /// When the responses do not have the shape, there are fewer than two orientations or no sites, or an
    /// orientation is not finite.
    pub fn of<T: Real>(
        responses: &[T],
        [rows, columns]: [usize; 2],
        orientations: &[f64],
    ) -> Result<Self> {
        let shape = [orientations.len(), rows, columns];
        check::shape("responses [orientation, row, column]", responses, &shape)?;
        check::finite(ACTION, orientations)?;
        if orientations.len() < 2 {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of orientations",
                found: orientations.len(),
                expected: "at least 2",
            });
        }
        let directions: Vec<Complex<f64>> =
            orientations.iter().map(|orientation| Complex::cis(2.0 * orientation)).collect();
        let sites = rows * columns;
        let (preferred, selectivity) = (0..sites)
            .map(|site| {
                let of_site = responses.iter().skip(site).step_by(sites).map(|it| it.widen());
                preference(&of_site.collect::<Vec<f64>>(), &directions)
            })
            .unzip();
        Self::new(preferred, selectivity, [rows, columns])
    }

    /// A map of orientations `[row, column]` that are known, radians, NaN where there is none. All sites that
    /// have one are taken to be fully selective.
    ///
    /// # Errors
    ///
    /// When the orientations do not have the size, or there are no sites.
    pub fn from_orientations<T: Real>(orientations: &[T], size: [usize; 2]) -> Result<Self> {
        check::shape("orientations [row, column]", orientations, &size)?;
        let (preferred, selectivity) = orientations
            .iter()
            .map(|orientation| {
                let orientation = within_half_turn(orientation.widen());
                (orientation, if orientation.is_nan() { f64::NAN } else { 1.0 })
            })
            .unzip();
        Self::new(preferred, selectivity, size)
    }

    pub(super) fn new(
        preferred: Vec<f64>,
        selectivity: Vec<f64>,
        size: [usize; 2],
    ) -> Result<Self> {
        if preferred.is_empty() {
            return Err(Error::Empty { action: ACTION, expected: "site" });
        }
        Ok(Self { size, preferred, selectivity })
    }

    /// `[rows, columns]`.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Preferred orientations `[row, column]`, radians in `[0, pi)`; NaN where none is preferred.
    pub fn preferred(&self) -> &[f64] {
        &self.preferred
    }

    /// Selectivities `[row, column]`, 0 to 1; NaN at dead sites.
    pub fn selectivity(&self) -> &[f64] {
        &self.selectivity
    }

    /// `exp(2 i theta)` of every preferred orientation.
    pub(super) fn directions(&self) -> Vec<Complex<f64>> {
        self.preferred.iter().map(|orientation| Complex::cis(2.0 * orientation)).collect()
    }
}

/// The orientation in `[0, pi)` that differs by half turns.
fn within_half_turn(orientation: f64) -> f64 {
    let rest = orientation.rem_euclid(PI);
    // That of a tiny negative angle is rounded up to half a turn.
    if rest >= PI { 0.0 } else { rest }
}

/// Preferred orientation and selectivity of one site.
fn preference(responses: &[f64], directions: &[Complex<f64>]) -> (f64, f64) {
    if responses.iter().any(|response| !response.is_finite()) {
        return (f64::NAN, f64::NAN);
    }
    let smallest = responses.iter().copied().fold(f64::INFINITY, f64::min);
    let (mut z, mut sum) = (Complex::new(0.0, 0.0), 0.0);
    for (response, direction) in responses.iter().zip(directions) {
        z += direction * (response - smallest);
        sum += response - smallest;
    }
    let selectivity = z.norm() / sum;
    if sum == 0.0 || selectivity < NEGLIGIBLE {
        return (f64::NAN, 0.0);
    }
    (within_half_turn(z.arg() / 2.0), selectivity.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn of_site(responses: &[f64], orientations: &[f64]) -> (f64, f64) {
        let map = OrientationMap::of(responses, [1, 1], orientations).unwrap();
        (map.preferred()[0], map.selectivity()[0])
    }

    #[test]
    fn known_preferences() {
        // numpy 2.4: z = sum((R - R.min()) * exp(2j * theta)); angle(z) / 2 % pi, abs(z) / sum(R - R.min()).
        let responses = [0.3, 1.7, 0.9, 0.4, 0.25, 0.31, 0.2, 0.22];
        let (orientation, selectivity) = of_site(&responses, &equally_spaced_orientations(8));
        assert!((orientation - 0.553459380588171).abs() < 1e-14, "{orientation}");
        assert!((selectivity - 0.755242742225420).abs() < 1e-14, "{selectivity}");
        let (orientation, selectivity) = of_site(&[0.3, 0.1, 0.9, 1.4], &[0.1, 0.9, 1.6, 2.8]);
        assert!((orientation - 2.584042857476329).abs() < 1e-14, "{orientation}");
        assert!((selectivity - 0.400723298849092).abs() < 1e-14, "{selectivity}");
    }

    #[test]
    fn one_response_alone_is_fully_selective() {
        let orientations = equally_spaced_orientations(8);
        for (index, wanted) in orientations.iter().enumerate() {
            let mut responses = [2.0; 8];
            responses[index] = 3.0;
            let (orientation, selectivity) = of_site(&responses, &orientations);
            assert!((orientation - wanted).abs() < 1e-15 && (selectivity - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn responses_that_cancel_prefer_nothing() {
        let orientations = equally_spaced_orientations(4);
        for responses in [[0.3; 4], [1.0, 0.2, 1.0, 0.2], [0.1, 0.7, 0.1, 0.7]] {
            let (orientation, selectivity) = of_site(&responses, &orientations);
            assert!(orientation.is_nan() && selectivity == 0.0, "{orientation} {selectivity}");
        }
        let (orientation, selectivity) = of_site(&[1.0, f64::NAN, 0.0, 0.0], &orientations);
        assert!(orientation.is_nan() && selectivity.is_nan());
        let (orientation, selectivity) = of_site(&[1.0, f64::INFINITY, 0.0, 0.0], &orientations);
        assert!(orientation.is_nan() && selectivity.is_nan());
    }

    #[test]
    fn the_zero_of_orientations_does_not_matter() {
        let mut stream = Stream::new(b"tests of preferences    ", 0);
        for _ in 0..100 {
            let responses: Vec<f64> = (0..6).map(|_| stream.normal()).collect();
            let orientations: Vec<f64> = (0..6).map(|_| PI * stream.unit()).collect();
            let turn = 8.0 * (stream.unit() - 0.5);
            let turned: Vec<f64> = orientations.iter().map(|it| it + turn).collect();
            let (before, selectivity) = of_site(&responses, &orientations);
            let (after, same) = of_site(&responses, &turned);
            assert!((0.0..PI).contains(&before) && (0.0..=1.0).contains(&selectivity));
            assert!((2.0 * (after - before - turn)).cos() > 1.0 - 1e-12);
            assert!((selectivity - same).abs() < 1e-13);
            // The order in which orientations are listed does not matter either.
            let (reversed, _) = of_site(
                &responses.iter().rev().copied().collect::<Vec<_>>(),
                &orientations.iter().rev().copied().collect::<Vec<_>>(),
            );
            assert!((2.0 * (reversed - before)).cos() > 1.0 - 1e-13);
        }
    }

    #[test]
    fn angles_stay_below_half_a_turn() {
        assert_eq!([-1e-300, PI, 0.25 * PI].map(within_half_turn), [0.0, 0.0, 0.25 * PI]);
        let map = OrientationMap::from_orientations(
            &[-1e-300, PI, -0.25 * PI, f64::INFINITY, f64::NAN],
            [1, 5],
        )
        .unwrap();
        assert_eq!((&map.preferred()[..2], map.selectivity()[2]), ([0.0; 2].as_slice(), 1.0));
        assert!((map.preferred()[2] - 0.75 * PI).abs() < 1e-15);
        for none in [3, 4] {
            assert!(map.preferred()[none].is_nan() && map.selectivity()[none].is_nan());
        }
    }

    #[test]
    fn wrong_sizes_are_errors() {
        let orientations = equally_spaced_orientations(2);
        assert!(OrientationMap::of(&[0.0; 5], [1, 3], &orientations).is_err());
        assert!(matches!(
            OrientationMap::of::<f64>(&[], [0, 3], &orientations),
            Err(Error::Empty { .. })
        ));
        assert!(matches!(OrientationMap::of(&[0.0; 3], [1, 3], &[0.0]), Err(Error::Range { .. })));
        assert!(matches!(
            OrientationMap::of(&[0.0; 6], [1, 3], &[0.0, f64::NAN]),
            Err(Error::NonFinite { .. })
        ));
        assert!(OrientationMap::from_orientations(&[0.0; 5], [1, 3]).is_err());
    }
}
