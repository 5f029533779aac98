//! Where the waves of a frame come from or turn about, and how well phases fit that.

use num_complex::Complex;

use super::distance::{phase_distance_correlation, phase_rotation_correlation};
use super::evaluation::evaluation_points;
use super::field::VectorField;
use super::gradient::phase_gradient;
use super::grid::{Axis, Grid, check_frames};
use super::phase::phases_of;
use super::smoothing::smoothed;
use super::winding::windings;
use crate::{Real, Result, check};

/// Two divergences that differ by less than this many units of rounding of the longest vector are the same.
const ROUNDING: f64 = 64.0;

/// When to look for the source or the centre of a wave, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct EventOptions {
    /// The phase of the mean signal in the frames that are looked at ([`evaluation_points`]), radians.
    pub angle: f64,
    /// How near it must come, radians.
    pub tolerance: f64,
    /// Standard deviation of the Gaussian by which the field of directions is smoothed in space, in grid units; 0 leaves it
    /// as it is.
    pub smoothing: f64,
}

impl Default for EventOptions {
    /// Troughs, up to 0.2 radians as in wave-matlab; smoothing by 1.
    fn default() -> Self {
        Self { angle: std::f64::consts::PI, tolerance: 0.2, smoothing: 1.0 }
    }
}

/// The site `[row, column]` from which waves go away: where the negative gradient of the phases `[row, column]` of one
/// frame, smoothed by a Gaussian of a standard deviation in grid units, diverges most. None if two sites do so equally, as
/// all of a plane wave do, or there are no phases; none on rings, which have no surroundings.
///
/// # Errors
///
/// When the phases do not have the size, or the deviation is negative or no number.
pub fn source_point<T: Real>(
    phase: &[T],
    size: [usize; 2],
    grid: Grid,
    smoothing: f64,
) -> Result<Option<[f64; 2]>> {
    let field = directions(phase, size, grid, smoothing)?;
    if !grid.couples(Axis::Row) {
        return Ok(None);
    }
    let lengths = field.row.iter().zip(&field.column).map(|(row, column)| row.hypot(*column));
    let longest = lengths.fold(T::zero(), T::max);
    let (mut best, mut second) = (None, T::neg_infinity());
    for (site, &divergence) in field.divergence(grid).iter().enumerate() {
        match best {
            _ if divergence.is_nan() => {}
            Some((_, most)) if divergence <= most => second = second.max(divergence),
            _ => {
                second = best.map_or(second, |(_, most)| most);
                best = Some((site, divergence));
            }
        }
    }
    let equal = T::nearest(ROUNDING) * T::epsilon() * longest;
    let alone = best.filter(|&(_, most)| most - second > equal);
    Ok(alone.map(|(site, _)| [(site / size[1]) as f64, (site % size[1]) as f64]))
}

/// The place `[row, column]` about which waves turn: the middle of the square of four sites around which the phases
/// `[row, column]` of one frame wind ([`windings`]), if there are several the one at whose corners the negative gradient of
/// the phase, smoothed as in [`source_point`], has the largest mean curl of either sign, of equal ones the first. None if
/// there is none.
///
/// # Errors
///
/// When the phases do not have the size, or the deviation is negative or no number.
pub fn rotation_centre<T: Real>(
    phase: &[T],
    size: [usize; 2],
    grid: Grid,
    smoothing: f64,
) -> Result<Option<[f64; 2]>> {
    let curl = directions(phase, size, grid, smoothing)?.curl(grid);
    let squares = windings(phase, [1, size[0], size[1]], grid)?;
    let [_, _, wide] = squares.shape;
    let [rows, columns] = size;
    let mut best: Option<([f64; 2], f64)> = None;
    for (square, turns) in squares.turns.iter().enumerate() {
        if turns.is_none_or(|turns| turns == 0) {
            continue;
        }
        let (row, column) = (square / wide, square % wide);
        let corner = |down: usize, right: usize| {
            curl[(row + down) % rows * columns + (column + right) % columns].widen()
        };
        let strength = (corner(0, 0) + corner(0, 1) + corner(1, 0) + corner(1, 1)).abs();
        if best.is_none_or(|(_, most)| strength > most) {
            best = Some(([row as f64 + 0.5, column as f64 + 0.5], strength));
        }
    }
    Ok(best.map(|(place, _)| place))
}

/// The smoothed negative phase gradient of one frame.
fn directions<T: Real>(
    phase: &[T],
    size: [usize; 2],
    grid: Grid,
    smoothing: f64,
) -> Result<VectorField<T>> {
    check::shape("phase [row, column]", phase, &size)?;
    let shape = [1, size[0], size[1]];
    let field = phase_gradient(phase, shape, grid)?.negated();
    let vectors: Vec<Complex<T>> =
        field.column.into_iter().zip(field.row).map(|(re, im)| Complex::new(re, im)).collect();
    let smooth = smoothed(&vectors, shape, grid, smoothing)?;
    let (column, row) = smooth.into_iter().map(|vector| (vector.re, vector.im)).unzip();
    Ok(VectorField { shape, row, column })
}

/// The largest correlation of phase with the distance from the source ([`phase_distance_correlation`]) among the
/// [`evaluation_points`] of analytic signals `[time, row, column]`, each with the source of its own frame. NaN if no such
/// frame has one.
///
/// # Errors
///
/// When the signals do not have the shape, there are none, or the smoothing is negative or no number.
pub fn largest_distance_correlation<T: Real>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
    options: &EventOptions,
) -> Result<f64> {
    at_events(signals, shape, grid, options, |events, phase| events.distance_correlation(phase))
}

/// The largest correlation of phase with the angle around the centre of rotation ([`phase_rotation_correlation`]) of either
/// sign among the [`evaluation_points`] of analytic signals `[time, row, column]`, each with the centre of its own frame;
/// 0 to 1, NaN if no such frame has one.
///
/// # Errors
///
/// As [`largest_distance_correlation`].
pub fn largest_rotation_correlation<T: Real>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
    options: &EventOptions,
) -> Result<f64> {
    at_events(signals, shape, grid, options, |events, phase| events.rotation_correlation(phase))
}

/// What is found in the frames to look at, given them and the phases of all.
fn at_events<T: Real>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
    options: &EventOptions,
    found: impl Fn(Events<'_>, &[T]) -> Result<f64>,
) -> Result<f64> {
    check_frames("correlate phases with places", signals, shape)?;
    let [time, rows, columns] = shape;
    let frames = evaluation_points(signals, time, options.angle, options.tolerance)?;
    let (size, smoothing) = ([rows, columns], options.smoothing);
    found(Events { frames: &frames, size, grid, smoothing }, &phases_of(signals))
}

/// Frames that are looked at, and how. Another order of the sites does not change which they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Events<'a> {
    pub(super) frames: &'a [usize],
    pub(super) size: [usize; 2],
    pub(super) grid: Grid,
    pub(super) smoothing: f64,
}

impl Events<'_> {
    /// As [`largest_distance_correlation`], of phases `[time, row, column]`.
    pub(super) fn distance_correlation<T: Real>(&self, phase: &[T]) -> Result<f64> {
        self.largest(phase, |frame| {
            let source = source_point(frame, self.size, self.grid, self.smoothing)?;
            source
                .map(|source| phase_distance_correlation(frame, self.size, self.grid, source))
                .transpose()
                .map(|found| found.map(|it| it.coefficient))
        })
    }

    /// As [`largest_rotation_correlation`], of phases `[time, row, column]`.
    pub(super) fn rotation_correlation<T: Real>(&self, phase: &[T]) -> Result<f64> {
        self.largest(phase, |frame| {
            let centre = rotation_centre(frame, self.size, self.grid, self.smoothing)?;
            centre
                .map(|centre| phase_rotation_correlation(frame, self.size, self.grid, centre))
                .transpose()
                .map(|found| found.map(|it| it.coefficient.abs()))
        })
    }

    fn largest<T: Real>(
        &self,
        phase: &[T],
        of: impl Fn(&[T]) -> Result<Option<f64>>,
    ) -> Result<f64> {
        let sites = self.size[0] * self.size[1];
        self.frames.iter().try_fold(f64::NAN, |largest, &frame| {
            let frame = &phase[frame * sites..][..sites];
            // Fewer phases have no correlation.
            let known = frame.iter().filter(|value| !value.is_nan()).count() >= 3;
            let found = if known { of(frame)? } else { None };
            Ok(found.map_or(largest, |found| largest.max(found)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;
    use crate::wrapped;

    /// A frame of phases from the way `[down, right]` from a place.
    fn around(size: [usize; 2], place: [f64; 2], phase: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let [rows, columns] = size;
        (0..rows * columns)
            .map(|site| {
                let (row, column) = ((site / columns) as f64, (site % columns) as f64);
                wrapped(phase(row - place[0], column - place[1]))
            })
            .collect()
    }

    #[test]
    fn the_centre_of_a_target_wave_is_its_source() {
        for smoothing in [0.0, 1.0] {
            for centre in [[7.0, 7.0], [4.0, 9.0], [11.0, 5.0]] {
                let target = |down: f64, right: f64| 0.3 - TAU * down.hypot(right) / 24.0;
                let phase = around([16, 16], centre, target);
                let found = source_point(&phase, [16, 16], Grid::Open, smoothing).unwrap();
                assert_eq!(found, Some(centre));
                let single: Vec<f32> = phase.iter().map(|&it| it as f32).collect();
                let found = source_point(&single, [16, 16], Grid::Open, smoothing).unwrap();
                assert_eq!(found, Some(centre));
                assert_eq!(source_point(&phase, [16, 16], Grid::Rings, 0.0).unwrap(), None);
            }
        }
    }

    #[test]
    fn on_a_torus_a_source_may_lie_on_the_seam() {
        let near = |way: f64| (way + 6.0).rem_euclid(12.0) - 6.0;
        let target = |down: f64, right: f64| -0.4 * near(down).hypot(near(right));
        let phase = around([12, 12], [0.0, 11.0], target);
        let found = source_point(&phase, [12, 12], Grid::Torus, 1.0).unwrap();
        assert_eq!(found, Some([0.0, 11.0]));
    }

    #[test]
    fn equal_sources_and_plane_waves_have_none() {
        let mut stream = Stream::new(b"tests of sources        ", 0);
        for _ in 0..10 {
            let k = [TAU * f64::from(stream.below(4)) / 16.0, TAU * 3.0 / 16.0];
            let plane = around([16, 16], [0.0, 0.0], |down, right| -k[0] * down - k[1] * right);
            for smoothing in [0.0, 1.0] {
                assert_eq!(source_point(&plane, [16, 16], Grid::Torus, smoothing).unwrap(), None);
            }
            assert_eq!(rotation_centre(&plane, [16, 16], Grid::Torus, 1.0).unwrap(), None);
        }
        // Two sources, the second a copy of the first.
        let near = |way: f64| (way + 4.0).rem_euclid(8.0) - 4.0;
        let two = around([8, 16], [3.0, 2.0], |down, right| -0.4 * near(down).hypot(near(right)));
        assert_eq!(source_point(&two, [8, 16], Grid::Torus, 0.0).unwrap(), None);
        assert_eq!(source_point(&[f64::NAN; 9], [3, 3], Grid::Open, 1.0).unwrap(), None);
        assert!(source_point(&two, [8, 15], Grid::Torus, 0.0).is_err());
        assert!(source_point(&two, [8, 16], Grid::Torus, -1.0).is_err());
        assert!(rotation_centre(&two, [8, 15], Grid::Torus, 0.0).is_err());
    }

    #[test]
    fn waves_turn_about_their_singularity() {
        let mut stream = Stream::new(b"tests of sources        ", 1);
        for _ in 0..20 {
            let mut place = || 2.0 + f64::from(stream.below(8));
            let centre = [place() + 0.5, place() + 0.5];
            for arms in [1.0, -1.0] {
                let rotating = |down: f64, right: f64| 0.2 - arms * down.atan2(right);
                let phase = around([12, 12], centre, rotating);
                let found = rotation_centre(&phase, [12, 12], Grid::Open, 1.0).unwrap();
                assert_eq!(found, Some(centre));
            }
        }
    }

    #[test]
    fn the_largest_curl_of_a_rotating_wave_is_beside_its_centre() {
        // wave-matlab's wave of 8 sites about its pixel (4, 4). Opposite neighbours of the centre differ by half a turn of
        // either sign, so that rounding decides which four of the nine sites there have a curl.
        let phase = around([8, 8], [3.0, 3.0], |down, right| 1.3 - down.atan2(right));
        let curl = directions(&phase, [8, 8], Grid::Open, 0.0).unwrap().curl(Grid::Open);
        let turning: Vec<usize> = (0..64).filter(|&site| curl[site].abs() > 1e-12).collect();
        assert_eq!(turning.len(), 4);
        assert!(
            turning
                .iter()
                .all(|site| (2..=4).contains(&(site / 8)) && (2..=4).contains(&(site % 8)))
        );
        // The toolbox takes the one at x 3, y 4.
        let centre = [3.0, 2.0];
        let found = phase_rotation_correlation(&phase, [8, 8], Grid::Open, centre).unwrap();
        assert!((found.coefficient - 0.8794720480).abs() < 6e-11, "{found:?}");
    }

    /// 40 frames of a frequency of a tenth.
    fn recording(phase: &[f64]) -> Vec<Complex<f64>> {
        let frames = (0..40).map(|t| TAU * 0.1 * f64::from(t));
        frames.flat_map(|turn| phase.iter().map(move |it| Complex::cis(turn + it))).collect()
    }

    #[test]
    fn waves_correlate_with_what_they_are() {
        let (size, shape, centre) = ([16, 16], [40, 16, 16], [7.0, 7.0]);
        // A tenth of a turn from frame to frame.
        let options = EventOptions { tolerance: 0.4, ..Default::default() };
        let target = around(size, centre, |down, right| -TAU * down.hypot(right) / 24.0);
        let rotating = around(size, [7.5, 6.5], |down, right| 0.4 + down.atan2(right));
        let of = |phase: &[f64], grid| {
            let signals = recording(phase);
            [
                largest_distance_correlation(&signals, shape, grid, &options).unwrap(),
                largest_rotation_correlation(&signals, shape, grid, &options).unwrap(),
            ]
        };
        let found = of(&target, Grid::Open);
        assert!((found[0] - 0.9955576245).abs() < 6e-11 && found[1].is_nan(), "{found:?}");
        let found = of(&rotating, Grid::Open);
        assert!((found[1] - 1.0).abs() < 1e-9, "{found:?}");
        assert!(of(&target, Grid::Rings).iter().all(|it| it.is_nan()));
        // No frame comes as near as that.
        let options = EventOptions { tolerance: 0.0, ..options };
        let found = largest_distance_correlation(&recording(&target), shape, Grid::Open, &options);
        assert!(found.unwrap().is_nan());
        let short = &recording(&target)[1..];
        assert!(largest_rotation_correlation(short, shape, Grid::Open, &options).is_err());
    }

    #[test]
    fn two_living_sites_have_no_correlation() {
        let mut phase = vec![f64::NAN; 16];
        (phase[3], phase[4]) = (0.1, 0.2);
        let options = EventOptions::default();
        let found =
            largest_distance_correlation(&recording(&phase), [40, 4, 4], Grid::Open, &options);
        assert!(found.unwrap().is_nan());
    }
}
