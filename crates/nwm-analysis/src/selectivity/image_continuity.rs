//! Do neighbours respond most to similar images?

use rayon::prelude::*;

use crate::waves::{Axis, Grid, Significance, Surrogates, Tail, for_each_edge};
use crate::{Error, Real, Result, check};

const ACTION: &str = "compare the images of neighbours";

/// The mean correlation of the images of next neighbours, -1 to 1, beside that of shuffled sites: does what drives a site
/// most, such as its [maximum-activation image](super::MaximumActivation), change gradually from site to site?
///
/// `images` are `[row, column, pixel]`. The correlation is Pearson's, over pixels. Sites without an image (one of its values
/// is not finite) or with an image without variance are left out and stay where they are; on [`Grid::Rings`] sites stay on
/// their ring. The mean is NaN, and its p-value 1, if no two neighbours have an image.
///
/// # Errors
///
/// When the images do not have the shape, or there are none.
///
/// ```
/// use nwm_analysis::selectivity::image_continuity;
/// use nwm_analysis::waves::{Grid, Surrogates};
/// use std::f64::consts::TAU;
///
/// // A ring of 24 sites; the bump in their images moves along with them.
/// let images: Vec<f64> = (0..24 * 24)
///     .map(|place| (TAU / 24.0 * f64::from(place / 24 - place % 24)).cos())
///     .collect();
/// let surrogates = Surrogates { count: 99, seed: 0 };
/// let found = image_continuity(&images, [1, 24, 24], Grid::Rings, surrogates)?;
/// assert!((found.observed - (TAU / 24.0).cos()).abs() < 1e-12);
/// assert_eq!(found.p_value, 0.01);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
pub fn image_continuity<T: Real>(
    images: &[T],
    shape: [usize; 3],
    grid: Grid,
    surrogates: Surrogates,
) -> Result<Significance> {
    check::shape("images [row, column, pixel]", images, &shape)?;
    if images.is_empty() {
        return Err(Error::Empty { action: ACTION, expected: "image" });
    }
    let [rows, columns, pixels] = shape;
    let images: Vec<Option<Vec<f64>>> = images.par_chunks_exact(pixels).map(standardised).collect();
    let missing: Vec<bool> = images.iter().map(Option::is_none).collect();
    let mean = |order: &[usize]| {
        let (mut sum, mut pairs) = (0.0, 0_usize);
        for axis in [Axis::Row, Axis::Column] {
            for_each_edge(axis, [rows, columns], grid, |from, to| {
                if let (Some(one), Some(other)) = (&images[order[from]], &images[order[to]]) {
                    sum += one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
                    pairs += 1;
                }
            });
        }
        sum / pairs as f64
    };
    let shuffled =
        |number| Ok(mean(&surrogates.site_order(number, &missing, [rows, columns], grid)?));
    let null = (0..surrogates.count).into_par_iter().map(shuffled).collect::<Result<Vec<_>>>()?;
    let as_it_is: Vec<usize> = (0..images.len()).collect();
    Ok(Significance::of(mean(&as_it_is), &null, Tail::High))
}

/// An image of mean 0 and length 1, so that products are correlations; none if it has no variance or is no image.
fn standardised<T: Real>(image: &[T]) -> Option<Vec<f64>> {
    let values: Vec<f64> = image.iter().map(|value| value.widen()).collect();
    let varies = values.iter().any(|&value| value != values[0]);
    if !varies || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let about_mean: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let length = about_mean.iter().map(|value| value * value).sum::<f64>().sqrt();
    Some(about_mean.iter().map(|value| value / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    const SURROGATES: Surrogates = Surrogates { count: 199, seed: 3 };

    fn noise(count: usize, seed: u64) -> Vec<f64> {
        let mut stream = Stream::new(b"tests of continuity     ", seed);
        (0..count).map(|_| stream.normal()).collect()
    }

    /// The definition: covariance by deviations.
    fn correlation(one: &[f64], other: &[f64]) -> f64 {
        let count = one.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
        let covariance = |one: &[f64], other: &[f64]| {
            let products = one.iter().zip(other).map(|(a, b)| (a - mean(one)) * (b - mean(other)));
            products.sum::<f64>() / count
        };
        covariance(one, other) / (covariance(one, one) * covariance(other, other)).sqrt()
    }

    #[test]
    fn the_mean_is_over_pairs_of_neighbours() {
        let images = noise(6 * 9, 0);
        let pair = |one: usize, other: usize| {
            correlation(&images[one * 9..(one + 1) * 9], &images[other * 9..(other + 1) * 9])
        };
        let mean = |pairs: &[(usize, usize)]| {
            pairs.iter().map(|&(one, other)| pair(one, other)).sum::<f64>() / pairs.len() as f64
        };
        // 2 x 3: columns 0 1 2 and 3 4 5.
        let down = [(0, 3), (1, 4), (2, 5)];
        let across = [(0, 1), (1, 2), (3, 4), (4, 5)];
        let around = [(2, 0), (5, 3)];
        for (grid, pairs) in [
            (Grid::Open, [&down[..], &across].concat()),
            (Grid::Rings, [&across[..], &around].concat()),
            (Grid::Torus, [&down[..], &down, &across, &around].concat()),
        ] {
            let found = image_continuity(&images, [2, 3, 9], grid, SURROGATES).unwrap();
            assert!((found.observed - mean(&pairs)).abs() < 1e-12, "{grid:?}");
        }
    }

    #[test]
    fn images_of_gratings_that_turn_gradually_are_continuous_and_noise_is_not() {
        let gratings: Vec<f32> = (0..12 * 12)
            .flat_map(|site| {
                let angle = f64::from(site % 12) * std::f64::consts::PI / 12.0;
                (0..64).map(move |pixel| {
                    let along =
                        f64::from(pixel % 8) * angle.cos() + f64::from(pixel / 8) * angle.sin();
                    (0.9 * along).sin() as f32
                })
            })
            .collect();
        let found = image_continuity(&gratings, [12, 12, 64], Grid::Open, SURROGATES).unwrap();
        // numpy 2.4: the mean of corrcoef over pairs of neighbours, and over all pairs.
        assert!((found.observed - 0.798_143).abs() < 1e-5, "{found:?}");
        assert!((found.null_mean - 0.173_185).abs() < 0.01, "{found:?}");
        assert_eq!(found.p_value, 0.005);
        let found = image_continuity(&noise(144 * 64, 1), [12, 12, 64], Grid::Torus, SURROGATES);
        let found = found.unwrap();
        // 288 pairs, each with a deviation of 1/8.
        assert!(found.observed.abs() < 0.03 && found.p_value > 0.01, "{found:?}");
        assert!((found.null_deviation / (0.125 / 288_f64.sqrt()) - 1.0).abs() < 0.3, "{found:?}");
    }

    #[test]
    fn brightness_and_contrast_do_not_matter() {
        let images = noise(20 * 7, 2);
        let other: Vec<f64> = images
            .iter()
            .enumerate()
            .map(|(place, value)| (1.0 + (place / 7) as f64) * value - (place / 7) as f64)
            .collect();
        let of = |images: &[f64]| image_continuity(images, [4, 5, 7], Grid::Torus, SURROGATES);
        let (one, other) = (of(&images).unwrap(), of(&other).unwrap());
        assert!((one.observed - other.observed).abs() < 1e-12);
        assert_eq!((one.p_value, one), (other.p_value, of(&images).unwrap()));
    }

    #[test]
    fn sites_without_an_image_are_left_out() {
        let mut images = noise(4 * 5, 3);
        images[5..10].fill(0.1);
        images[17] = f64::NAN;
        // Sites 0 and 2 of a row of 4 are left, which are no neighbours.
        let found = image_continuity(&images, [1, 4, 5], Grid::Open, SURROGATES).unwrap();
        assert!(found.observed.is_nan() && found.p_value == 1.0);
        let found = image_continuity(&images, [2, 2, 5], Grid::Open, SURROGATES).unwrap();
        let wanted = correlation(&images[..5], &images[10..15]);
        assert!((found.observed - wanted).abs() < 1e-12);
        // There is nothing to shuffle them with.
        assert!((found.null_mean - wanted).abs() < 1e-12 && found.p_value == 1.0);
    }

    #[test]
    fn wrong_sizes_are_errors() {
        let of = |images: &[f64], shape| image_continuity(images, shape, Grid::Open, SURROGATES);
        assert!(matches!(of(&[0.0; 7], [2, 2, 2]), Err(Error::Length { found: 7, .. })));
        assert!(matches!(of(&[], [2, 2, 0]), Err(Error::Empty { .. })));
    }
}
