//! Cohen's d: does a site respond to one orientation more than to all others?

use super::moments::Moments;
use super::responses::OrientationResponses;
use crate::statistics::quantile;
use crate::{Error, Result};

const ACTION: &str = "compare responses to orientations";

/// The largest value of d, of groups that differ although neither of them varies.
const LARGEST: f64 = 1e6;

/// When a site is selective.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CohensDOptions {
    /// A site is selective if d of some orientation is at least this.
    pub threshold: f64,
}

impl Default for CohensDOptions {
    /// 0.65, as in Figure 3 of Keller & Welling 2023.
    fn default() -> Self {
        Self { threshold: 0.65 }
    }
}

/// Cohen's d of every orientation against the rest at every site.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CohensD {
    /// `[orientation, row, column]`.
    pub shape: [usize; 3],
    /// d, in this shape; NaN at a dead site.
    pub d: Vec<f64>,
    /// `[row, column]`: the orientation of the largest d, the first of equal ones; none if the site is dead or no
    /// d reaches the threshold.
    pub preferred: Vec<Option<usize>>,
}

impl CohensD {
    /// The orientation and the value of the largest d of every site, `[row, column]`, selective or not: the first of equal
    /// ones; none at a dead site.
    pub fn largest(&self) -> Vec<Option<(usize, f64)>> {
        let sites = self.preferred.len();
        let of_site = |site: usize| {
            let values = self.d.iter().skip(site).step_by(sites).copied().enumerate();
            let of_numbers = values.filter(|(_, value)| !value.is_nan());
            of_numbers.reduce(|best, next| if next.1 > best.1 { next } else { best })
        };
        (0..sites).map(of_site).collect()
    }

    /// A quantile of the largest d of all sites that are not dead, linear between sites in order; NaN if all are, or the
    /// probability is not between 0 and 1.
    pub fn largest_quantile(&self, probability: f64) -> f64 {
        let mut sorted: Vec<f64> = self.largest().into_iter().flatten().map(|it| it.1).collect();
        if sorted.is_empty() || !(0.0..=1.0).contains(&probability) {
            return f64::NAN;
        }
        sorted.sort_unstable_by(f64::total_cmp);
        quantile(&sorted, probability)
    }

    /// The share of sites that are not selective, of those that are not dead; NaN if all are.
    pub fn unselective_fraction(&self) -> f64 {
        let alive = self.d.iter().take(self.preferred.len()).filter(|d| !d.is_nan()).count();
        let selective = self.preferred.iter().flatten().count();
        (alive - selective) as f64 / alive as f64
    }
}

impl OrientationResponses {
    /// Cohen's d of each orientation: the difference of the mean response to it and the mean of the samples of
    /// all other orientations together, divided by `sqrt((variance + variance of the others) / 2)`, with
    /// unbiased variances.
    ///
    /// Without any variance d is 0 if the means agree, and 1e6 with the sign of their difference if not; no d
    /// is larger.
    ///
    /// # Errors
    ///
    /// When an orientation has fewer than two samples, or the threshold is NaN.
    pub fn cohens_d(&self, options: CohensDOptions) -> Result<CohensD> {
        if let Some(&found) = self.samples().iter().find(|&&samples| samples < 2) {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of samples of an orientation",
                found,
                expected: "at least 2, since one has no variance",
            });
        }
        if options.threshold.is_nan() {
            return Err(Error::RealRange {
                action: ACTION,
                name: "the threshold",
                found: options.threshold,
                expected: "a number",
            });
        }
        let shape = self.shape();
        let [orientations, rows, columns] = shape;
        let sites = rows * columns;
        let mut d = vec![0.0; orientations * sites];
        let mut preferred = vec![None; sites];
        for site in 0..sites {
            let groups = self.of_site(site);
            let mut largest = f64::NEG_INFINITY;
            for (orientation, &group) in groups.iter().enumerate() {
                let others = groups.iter().enumerate().filter(|other| other.0 != orientation);
                let rest = others.fold(Moments::default(), |rest, other| rest.joined(*other.1));
                let value = effect_size(group, rest);
                d[orientation * sites + site] = value;
                if value > largest {
                    largest = value;
                    preferred[site] = (value >= options.threshold).then_some(orientation);
                }
            }
        }
        Ok(CohensD { shape, d, preferred })
    }
}

fn effect_size(group: Moments, rest: Moments) -> f64 {
    let difference = group.mean - rest.mean;
    if difference == 0.0 {
        return 0.0;
    }
    let deviation = ((group.variance() + rest.variance()) / 2.0).sqrt();
    (difference / deviation).clamp(-LARGEST, LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn responses(samples: &[(usize, &[f64])], orientations: usize) -> OrientationResponses {
        let size = [1, samples[0].1.len()];
        let mut responses = OrientationResponses::new(orientations, size).unwrap();
        samples.iter().for_each(|(orientation, sample)| {
            responses.add(*orientation, sample).unwrap();
        });
        responses
    }

    #[test]
    fn known_values_for_groups_of_different_size() {
        let found = responses(
            &[
                (0, &[1.0, 0.2]),
                (0, &[1.5, -0.1]),
                (0, &[0.7, 0.4]),
                (1, &[0.1, 0.3]),
                (1, &[0.3, 0.5]),
                (2, &[0.2, 0.9]),
                (2, &[-0.4, 1.4]),
                (2, &[0.5, 1.1]),
                (2, &[0.0, 0.8]),
            ],
            3,
        )
        .cohens_d(CohensDOptions::default())
        .unwrap();
        // numpy 2.4: (a.mean() - b.mean()) / sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2), b the concatenated rest.
        let known = [
            2.650159675095435,
            -2.001000750625548,
            -0.649519052838329,
            -0.701940635054730,
            -1.353031067384238,
            3.185587462254772,
        ];
        for (found, known) in found.d.iter().zip(known) {
            assert!((found - known).abs() < 1e-13, "{found} {known}");
        }
        assert_eq!(found.largest(), [Some((0, found.d[0])), Some((2, found.d[5]))]);
        assert_eq!((found.shape, found.preferred), ([3, 1, 2], vec![Some(0), Some(2)]));
    }

    #[test]
    fn sums_equal_the_definition_on_random_responses() {
        let mut stream = Stream::new(b"tests of Cohen's d      ", 0);
        let shape = [4, 5, 3, 2];
        let values: Vec<f64> = (0..4 * 5 * 6).map(|_| stream.normal()).collect();
        let found = OrientationResponses::of(&values, shape).unwrap();
        let found = found.cohens_d(CohensDOptions::default()).unwrap();
        let moments = |group: &[f64]| {
            let mean = group.iter().sum::<f64>() / group.len() as f64;
            let squares: f64 = group.iter().map(|value| (value - mean).powi(2)).sum();
            (mean, squares / (group.len() as f64 - 1.0))
        };
        for (index, found) in found.d.iter().enumerate() {
            let (orientation, site) = (index / 6, index % 6);
            let of = |wanted: bool| -> Vec<f64> {
                let samples = values.iter().enumerate().filter(|(place, _)| place % 6 == site);
                samples
                    .filter(|(place, _)| (place / 30 == orientation) == wanted)
                    .map(|sample| *sample.1)
                    .collect()
            };
            let ((mean, variance), (other, other_variance)) =
                (moments(&of(true)), moments(&of(false)));
            let wanted = (mean - other) / ((variance + other_variance) / 2.0).sqrt();
            assert!((found - wanted).abs() < 1e-12, "{index}: {found} {wanted}");
        }
    }

    #[test]
    fn groups_without_variance_differ_or_not() {
        let equal: Vec<(usize, &[f64])> =
            (0..9).map(|index| (index % 3, [0.1, 0.3].as_slice())).collect();
        let found = responses(&equal, 3).cohens_d(CohensDOptions::default()).unwrap();
        assert_eq!((found.d.clone(), found.unselective_fraction()), (vec![0.0; 6], 1.0));
        let two: Vec<(usize, &[f64])> =
            vec![(0, &[2.0, 1.0]), (0, &[2.0, 1.0]), (1, &[1.0, 2.0]), (1, &[1.0, 2.0])];
        let found = responses(&two, 2).cohens_d(CohensDOptions::default()).unwrap();
        assert_eq!(found.d, [1e6, -1e6, -1e6, 1e6]);
        assert_eq!(found.preferred, [Some(0), Some(1)]);
    }

    #[test]
    fn the_threshold_counts_as_reached_and_dead_sites_do_not_count() {
        let samples: [(usize, &[f64]); 4] = [
            (0, &[1.0, 0.0, f64::NAN, f64::INFINITY]),
            (0, &[3.0, 0.0, 1.0, 1.0]),
            (1, &[0.0, 0.1, 1.0, 1.0]),
            (1, &[2.0, -0.1, 1.0, 1.0]),
        ];
        let with =
            |threshold| responses(&samples, 2).cohens_d(CohensDOptions { threshold }).unwrap();
        // Site 0: (2 - 1) / sqrt(2).
        let exact = 1.0 / 2.0_f64.sqrt();
        assert_eq!(with(exact).preferred, [Some(0), None, None, None]);
        assert_eq!(with(exact + 1e-12).preferred, [None; 4]);
        assert_eq!(with(exact).unselective_fraction(), 0.5);
        assert!(with(0.0).d[2].is_nan() && with(0.0).d[7].is_nan());
        // Both orientations of site 1 tie at 0: the first one wins.
        assert_eq!(with(0.0).preferred[1], Some(0));
        assert_eq!(
            [-0.1, 0.0, 0.5, 1.0].map(|it| with(9.0).largest_quantile(it).is_nan()),
            [true, false, false, false]
        );
        assert_eq!(with(9.0).largest_quantile(0.0), 0.0);
        assert!((with(9.0).largest_quantile(0.5) - exact / 2.0).abs() < 1e-12);
        assert_eq!(with(9.0).largest()[1..], [Some((0, 0.0)), None, None]);
        assert_eq!(with(9.0).largest()[0].unwrap().0, 0, "it need not reach the threshold");
    }

    #[test]
    fn too_few_samples_are_an_error() {
        let few = responses(&[(0, &[1.0]), (0, &[2.0]), (1, &[1.0])], 2);
        assert!(matches!(
            few.cohens_d(CohensDOptions::default()),
            Err(Error::Range { found: 1, .. })
        ));
        let enough = responses(&[(0, &[1.0]), (0, &[2.0]), (1, &[1.0]), (1, &[1.0])], 2);
        let options = CohensDOptions { threshold: f64::NAN };
        assert!(matches!(enough.cohens_d(options), Err(Error::RealRange { .. })));
    }

    #[test]
    fn noise_is_not_selective() {
        let mut stream = Stream::new(b"tests of Cohen's d      ", 2);
        let values: Vec<f64> = (0..8 * 18 * 900).map(|_| stream.normal()).collect();
        let sums = OrientationResponses::of(&values, [8, 18, 30, 30]).unwrap();
        let found = sums.cohens_d(CohensDOptions::default()).unwrap();
        let squares = found.d.iter().map(|d| d * d).sum::<f64>();
        // 18 samples against 126: sqrt(1/18 + 1/126) = 0.252.
        let deviation = (squares / found.d.len() as f64).sqrt();
        assert!((deviation / 0.252 - 1.0).abs() < 0.05, "{deviation}");
        // The threshold is 2.6 standard deviations: eight times one in two hundred.
        assert!(
            (found.unselective_fraction() - 0.96).abs() < 0.03,
            "{}",
            found.unselective_fraction()
        );
    }

    #[test]
    fn shifted_and_scaled_responses_have_the_same_d() {
        let mut stream = Stream::new(b"tests of Cohen's d      ", 1);
        let values: Vec<f64> = (0..3 * 4 * 5).map(|_| stream.normal()).collect();
        let moved: Vec<f64> = values.iter().map(|value| 40.0 + 3.0 * value).collect();
        let d = |values: &[f64]| {
            let sums = OrientationResponses::of(values, [3, 4, 1, 5]).unwrap();
            sums.cohens_d(CohensDOptions::default()).unwrap().d
        };
        for (one, other) in d(&values).iter().zip(d(&moved)) {
            assert!((one - other).abs() < 1e-12, "{one} {other}");
        }
        // Orientations by other names: the maps change places and nothing else.
        let relabelled = [&values[20..40], &values[40..], &values[..20]].concat();
        let (found, wanted) = (d(&relabelled), d(&values));
        for (one, other) in found.iter().zip(wanted[5..].iter().chain(&wanted[..5])) {
            assert!((one - other).abs() < 1e-12, "{one} {other}");
        }
    }
}
