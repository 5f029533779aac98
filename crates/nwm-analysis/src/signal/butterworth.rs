//! Butterworth band-pass filters.

use std::f64::consts::PI;

use num_complex::Complex;

use super::sections::{Section, Sections};
use crate::{Error, Result};

const ACTION: &str = "design a band-pass filter";

/// The largest order; above it the poles of narrow bands are not told apart in double precision.
const HIGHEST_ORDER: usize = 12;

/// A digital Butterworth band-pass of an `order`, which is that of its prototype: it has twice as many
/// poles and passes `band`, `[low, high]` in cycles per sample, with a gain of `1 / sqrt(2)` at its
/// edges.
///
/// The prototype's poles lie on the left half of the unit circle; the edges are moved so that the
/// bilinear transform puts them in their places: `w = 4 tan(pi f)`. The poles of a conjugate pair make a
/// section. Sections are in the order of their distance from instability, and the zeros, half of them
/// at frequency zero and half at the highest, go to the poles nearest to them, the last section choosing
/// first.
///
/// ```
/// let filter = nwm_analysis::signal::band_pass(4, [0.1, 0.2])?;
/// assert!((filter.gain(0.15) - 1.0).abs() < 1e-7);
/// assert!((filter.gain(0.1) - 0.5_f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
///
/// # Errors
///
/// When the order is not in 1 to 12, or the band not in `0 < low < high < 1/2`.
pub fn band_pass(order: usize, band: [f64; 2]) -> Result<Sections> {
    check(order, band)?;
    let [low, high] = band.map(|frequency| 4.0 * (PI * frequency).tan());
    let (width, centre) = (high - low, low * high);
    let mut pairs = Vec::with_capacity(order);
    // One pole of each conjugate pair of the prototype, and the real one of an odd order.
    for k in 0..order.div_ceil(2) {
        let angle = PI * (2 * k + 1 + order) as f64 / (2 * order) as f64;
        let real = 2 * k + 1 == order;
        let pole = if real { Complex::new(-1.0, 0.0) } else { Complex::cis(angle) };
        let half = pole * (width / 2.0);
        let root = (half * half - centre).sqrt();
        let [first, second] = [half + root, half - root];
        if real {
            pairs.push(if root.im == 0.0 { [first, second] } else { [first, first.conj()] });
        } else {
            pairs.push([first, first.conj()]);
            pairs.push([second, second.conj()]);
        }
    }
    let mut gain = 1.0;
    let mut poles: Vec<[Complex<f64>; 2]> = Vec::with_capacity(order);
    for [first, second] in pairs {
        gain *= 4.0 * width / ((4.0 - first) * (4.0 - second)).re;
        poles.push([first, second].map(|pole| (4.0 + pole) / (4.0 - pole)));
    }
    poles.sort_by(|one, other| radius(one).total_cmp(&radius(other)));
    Ok(Sections::new(with_zeros(&poles, gain)))
}

fn check(order: usize, [low, high]: [f64; 2]) -> Result<()> {
    if !(1..=HIGHEST_ORDER).contains(&order) {
        return Err(Error::Range {
            action: ACTION,
            name: "the order",
            found: order,
            expected: "1 to 12",
        });
    }
    if !(low > 0.0 && low < 0.5) {
        return Err(Error::RealRange {
            action: ACTION,
            name: "the lower edge in cycles per sample",
            found: low,
            expected: "more than 0 and less than 1/2, which is the Nyquist frequency",
        });
    }
    if !(high > low && high < 0.5) {
        return Err(Error::RealRange {
            action: ACTION,
            name: "the upper edge in cycles per sample",
            found: high,
            expected: "more than the lower edge and less than 1/2, which is the Nyquist frequency",
        });
    }
    Ok(())
}

fn radius(pair: &[Complex<f64>; 2]) -> f64 {
    pair[0].norm().max(pair[1].norm())
}

/// Gives each pair of poles two zeros of `(z^2 - 1)^order`, nearest ones first.
fn with_zeros(poles: &[[Complex<f64>; 2]], gain: f64) -> Vec<Section> {
    let mut left = [poles.len(), poles.len()];
    let mut sections: Vec<Section> = poles
        .iter()
        .rev()
        .map(|pair| {
            // Frequency zero is at z = 1, the highest one at z = -1.
            let nearer = usize::from(pair[0].re + pair[1].re < 0.0);
            let mut zeros = [0.0; 2];
            for zero in &mut zeros {
                let choice = if left[nearer] > 0 { nearer } else { 1 - nearer };
                left[choice] -= 1;
                *zero = if choice == 0 { 1.0 } else { -1.0 };
            }
            Section {
                b: [1.0, -(zeros[0] + zeros[1]), zeros[0] * zeros[1]],
                a: [-(pair[0] + pair[1]).re, (pair[0] * pair[1]).re],
            }
        })
        .collect();
    sections.reverse();
    if let Some(first) = sections.first_mut() {
        first.b = first.b.map(|coefficient| gain * coefficient);
    }
    sections
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_1_SQRT_2;

    use super::*;

    fn assert_close(found: &[f64], wanted: &[f64], tolerance: f64) {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!(
                (found - wanted).abs() <= tolerance * wanted.abs().max(1e-3),
                "{found} {wanted}"
            );
        }
    }

    #[test]
    fn order_four_has_the_known_sections() {
        // SciPy 1.17.1, butter(4, [0.2, 0.4], "bandpass", output="sos").
        let filter = band_pass(4, [0.1, 0.2]).unwrap();
        let gain = 4.824343357716e-03;
        let wanted = [
            ([gain, 9.648686715432e-03, gain], [-7.573574834457e-01, 5.088146254217e-01]),
            ([1.0, 2.0, 1.0], [-1.126780672835e+00, 5.820201361473e-01]),
            ([1.0, -2.0, 1.0], [-5.823570199239e-01, 7.556237313350e-01]),
            ([1.0, -2.0, 1.0], [-1.470080354019e+00, 8.373728439780e-01]),
        ];
        assert_eq!(filter.sections().len(), 4);
        for (section, (b, a)) in filter.sections().iter().zip(wanted) {
            assert_close(&section.b, &b, 1e-12);
            assert_close(&section.a, &a, 1e-12);
        }
    }

    #[test]
    fn order_four_has_the_known_gains() {
        let filter = band_pass(4, [0.1, 0.2]).unwrap();
        let wanted = [
            (0.1, 0.008262745),
            (1.0 / 9.0, 0.014245772),
            (0.2, FRAC_1_SQRT_2),
            (0.4, FRAC_1_SQRT_2),
            (2.0 / 9.0, 0.969631770),
            (0.3, 0.999999985),
            (1.0 / 3.0, 0.999521082),
            (4.0 / 9.0, 0.259607859),
            (0.5, 0.076171261),
        ];
        for (of_nyquist, wanted) in wanted {
            let found = filter.gain(of_nyquist / 2.0);
            assert!((found - wanted).abs() < 6e-10, "{of_nyquist}: {found} {wanted}");
        }
    }

    #[test]
    fn order_five_has_the_known_sections() {
        let filter = band_pass(5, [0.1, 0.2]).unwrap();
        let gain = 1.282581078961e-03;
        let wanted = [
            ([gain, 2.0 * gain, gain], [-0.932938034671, 0.509525449494]),
            ([1.0, 2.0, 1.0], [-0.675870516646, 0.548711379799]),
            ([1.0, 0.0, -1.0], [-1.237920841940, 0.647784564451]),
            ([1.0, -2.0, 1.0], [-0.581744244187, 0.797973299396]),
            ([1.0, -2.0, 1.0], [-1.500608301007, 0.867910161796]),
        ];
        for (section, (b, a)) in filter.sections().iter().zip(wanted) {
            assert_close(&section.b, &b, 1e-11);
            assert_close(&section.a, &a, 1e-11);
        }
        assert!((filter.gain(1.0 / 18.0) - 0.004922178).abs() < 6e-10);
        assert!((filter.gain(1.0 / 9.0) - 0.984397265).abs() < 6e-10);
    }

    #[test]
    fn every_order_and_band_passes_its_middle_and_halves_its_edges() {
        for order in 1..=HIGHEST_ORDER {
            for band in [[0.01, 0.45], [0.05, 0.1], [0.3, 0.49], [0.002, 0.3], [0.24, 0.26]] {
                let filter = band_pass(order, band).unwrap();
                let [low, high] = band.map(|frequency| (PI * frequency).tan());
                let middle = (low * high).sqrt().atan() / PI;
                assert!((filter.gain(middle) - 1.0).abs() < 1e-6, "{order} {band:?}");
                for edge in band {
                    let found = filter.gain(edge);
                    assert!((found - 0.5_f64.sqrt()).abs() < 1e-6, "{order} {band:?}: {found}");
                }
                assert!(filter.gain(0.0) < 1e-9 && filter.gain(0.5) < 1e-9);
                // Inside the triangle of stability.
                assert!(
                    filter
                        .sections()
                        .iter()
                        .all(|it| it.a[1] < 1.0 && it.a[0].abs() < 1.0 + it.a[1])
                );
            }
        }
    }

    #[test]
    fn impossible_bands_are_refused() {
        for band in
            [[0.0, 0.2], [0.2, 0.2], [0.3, 0.2], [0.2, 0.5], [f64::NAN, 0.2], [0.1, f64::NAN]]
        {
            assert!(matches!(band_pass(4, band), Err(Error::RealRange { .. })), "{band:?}");
        }
        assert!(band_pass(0, [0.1, 0.2]).is_err() && band_pass(13, [0.1, 0.2]).is_err());
    }
}
