//! Optical flow of phases: the velocities that carry each frame into the next.

use rayon::prelude::*;

use super::field::VectorField;
use super::flow_estimate::{Estimate, Gradient};
use super::grid::{Grid, check_frames};
use super::phase::principal;
use crate::{Error, Real, Result};

const ACTION: &str = "find the optical flow of phases";

/// Pairs of frames whose flow starts from that of the pair before. The first of each such block starts from
/// rest, so that blocks can be worked on side by side and the result does not depend on the threads.
const BLOCK: usize = 64;

/// How optical flow is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct OpticalFlowOptions {
    /// The weight of smoothness beside that of the phases: more makes flow smoother, and wins over noise.
    pub alpha: f64,
    /// Up to about this size residuals count as their squares, beyond it as their absolute values; radians per frame
    /// for phases, per frame for slopes of the flow.
    pub beta: f64,
    /// The rounds end when residuals change by less than this share of themselves.
    pub tolerance: f64,
    /// The largest number of rounds for one pair of frames.
    pub most_rounds: usize,
}

impl Default for OpticalFlowOptions {
    /// 0.5, 1, 0.01 and 1000, as in the NeuroPatt toolbox.
    fn default() -> Self {
        Self { alpha: 0.5, beta: 1.0, tolerance: 0.01, most_rounds: 1000 }
    }
}

impl OpticalFlowOptions {
    fn check(&self) -> Result<()> {
        let positive =
            [("alpha", self.alpha), ("beta", self.beta), ("the tolerance", self.tolerance)];
        for (name, found) in positive {
            if !(found > 0.0 && found.is_finite()) {
                let expected = "a positive number";
                return Err(Error::RealRange { action: ACTION, name, found, expected });
            }
        }
        if self.most_rounds == 0 {
            let (name, expected) = ("the largest number of rounds", "at least 1");
            return Err(Error::Range { action: ACTION, name, found: 0, expected });
        }
        Ok(())
    }
}

/// The optical flow between successive frames of the phase `[time, row, column]`: vectors
/// `[time - 1, row, column]` in grid units per frame that point where waves go. That of a plane wave is
/// `omega k / |k|^2`, its phase speed along its wave vector.
///
/// The flow `(u, v)`, down and right, of a pair of frames minimises, over all sites (Townsend and Gong 2018),
///
/// ```text
/// sum rho(E_r u + E_c v + E_t) + alpha sum rho(s),    rho(e) = sqrt(beta^2 + e^2) / beta.
/// ```
///
/// `E_r` and `E_c` are the [`phase_gradient`](super::phase_gradient) averaged over both frames, and `E_t` is the
/// shortest way from the phase of the first to that of the second. `s^2`, the squared slope of the flow, is
/// half the sum of the squared differences to the vectors of the next neighbours. Phases tell only the
/// component along their gradient. The other one follows from smoothness, and is zero in a plane wave.
///
/// Each round weights the squares of the residuals by `1 / (2 beta sqrt(beta^2 + e^2))`, solves the linear
/// system that this makes of the problem, and goes from the flow toward the solution: 1.1 of the way in the
/// first round, 0.02 less in each further one, at last 0.2. Rounds end when both residuals, as vectors
/// over the sites, change by at most the tolerance of themselves, or by the square of the tolerance
/// of what they are residuals of, `E_t` and the flow. A pair starts from the flow of the pair before. Every
/// 64th starts from rest, so that long recordings can be divided among threads; the sum is convex, and what
/// the start changes is no more than the tolerance leaves open.
///
/// Phases must change by less than half a turn between frames and a quarter between sites
/// ([`aliased_fraction`](super::aliased_fraction)). A site is NaN where its phase or gradient is NaN in either
/// frame, or where no neighbour has a flow; it does not count elsewhere. On [`Grid::Rings`] row
/// components are zero.
///
/// # Errors
///
/// When the phases do not have the shape, there are fewer than two frames or no sites, or an option is not
/// positive.
pub fn optical_flow<T: Real>(
    phase: &[T],
    shape: [usize; 3],
    grid: Grid,
    options: OpticalFlowOptions,
) -> Result<VectorField<T>> {
    check_frames(ACTION, phase, shape)?;
    options.check()?;
    let [time, rows, columns] = shape;
    if time < 2 {
        let (name, expected) = ("the number of frames", "at least 2");
        return Err(Error::Range { action: ACTION, name, found: time, expected });
    }
    let phase = principal(phase);
    let (sites, pairs) = (rows * columns, time - 1);
    let nothing = || vec![T::nan(); pairs * sites];
    let mut field =
        VectorField { shape: [pairs, rows, columns], row: nothing(), column: nothing() };
    field
        .row
        .par_chunks_mut(BLOCK * sites)
        .zip(field.column.par_chunks_mut(BLOCK * sites))
        .enumerate()
        .for_each(|(block, (row, column))| {
            let frames = &phase[block * BLOCK * sites..][..row.len() + sites];
            let mut estimate = Estimate::new(grid, [rows, columns], options);
            let mut before = Gradient::of(&frames[..sites], grid, [rows, columns]);
            let results = row.chunks_exact_mut(sites).zip(column.chunks_exact_mut(sites));
            for (pair, (row, column)) in results.enumerate() {
                let [first, second] =
                    [pair, pair + 1].map(|frame| &frames[frame * sites..][..sites]);
                let after = Gradient::of(second, grid, [rows, columns]);
                estimate.observe([first, second], [&before, &after]);
                estimate.refine();
                estimate.write(row, column);
                before = after;
            }
        });
    Ok(field)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, TAU};

    use super::*;
    use crate::waves::{CriticalKind, critical_points};

    /// The phases of frames `[time, row, column]` from a function of time, row and column.
    fn phases([time, rows, columns]: [usize; 3], of: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        (0..time)
            .flat_map(|t| places.clone().map(move |(row, column)| (t, row, column)))
            .map(|(t, row, column)| of(t as f64, row as f64, column as f64))
            .collect()
    }

    fn flow(phase: &[f64], shape: [usize; 3], grid: Grid) -> VectorField<f64> {
        optical_flow(phase, shape, grid, OpticalFlowOptions::default()).unwrap()
    }

    /// That every vector is `omega k / |k|^2`, but for what the last round leaves.
    fn assert_plane(found: &VectorField<f64>, omega: f64, k: [f64; 2]) {
        let (number, wanted) = (k[0].hypot(k[1]), k[0].atan2(k[1]));
        for (row, column) in found.row.iter().zip(&found.column) {
            assert!((row.hypot(*column) * number / omega - 1.0).abs() < 1e-4, "{row} {column}");
            let error = (row.atan2(*column) - wanted).sin();
            assert!(error.abs() < 1e-5 && row * k[0] + column * k[1] > 0.0, "{row} {column}");
        }
    }

    #[test]
    fn plane_waves_flow_along_their_wave_vector_at_their_phase_speed() {
        // Phases are linear in space, so that centred differences are exact up to a quarter turn a site.
        let (shape, omega) = ([6, 9, 12], TAU * 0.05);
        for mode in [[1.0, 0.0], [0.0, -2.0], [-2.0, 1.0], [1.0, 2.0]] {
            let k = [TAU * mode[0] / 9.0, TAU * mode[1] / 12.0];
            let phase = phases(shape, |t, row, column| omega * t - k[0] * row - k[1] * column);
            assert_plane(&flow(&phase, shape, Grid::Torus), omega, k);
        }
        for (index, wavelength) in [5.0, 8.0, 13.0, 20.0, 40.0].into_iter().enumerate() {
            let (sine, cosine) = (0.4 + 1.3 * index as f64).sin_cos();
            let k = [TAU / wavelength * sine, TAU / wavelength * cosine];
            let phase = phases(shape, |t, row, column| omega * t - k[0] * row - k[1] * column);
            assert_plane(&flow(&phase, shape, Grid::Open), omega, k);
        }
        let k = [0.0, TAU / 12.0];
        let phase = phases(shape, |t, row, column| omega * t - k[1] * column + row);
        assert_plane(&flow(&phase, shape, Grid::Rings), omega, k);
    }

    #[test]
    fn a_wave_that_turns_leaves_nothing_of_its_old_direction() {
        let (shape, omega) = ([8, 8, 8], 0.2);
        let phase =
            phases(shape, |t, row, column| omega * t - 0.5 * if t < 4.0 { row } else { column });
        let found = flow(&phase, shape, Grid::Open);
        for site in 4 * 64..7 * 64 {
            assert!((found.column[site] - 0.4).abs() < 1e-4, "{}", found.column[site]);
            assert!(found.row[site].abs() < 1e-4, "{}", found.row[site]);
        }
    }

    #[test]
    fn what_does_not_move_does_not_flow() {
        let still = phases([3, 6, 7], |_, row, column| (0.3 * row).sin() + column * column / 9.0);
        let synchronous = phases([3, 6, 7], |t, _, _| 0.4 * t);
        for phase in [still, synchronous] {
            let found = flow(&phase, [3, 6, 7], Grid::Open);
            assert!(found.row.iter().chain(&found.column).all(|&it| it == 0.0));
        }
    }

    #[test]
    fn rotating_waves_turn_about_their_centre() {
        let (shape, centre) = ([10, 13, 15], [5.6, 7.3]);
        for arms in [1.0, -1.0] {
            let phase = phases(shape, |t, row, column| {
                0.3 * t - arms * (row - centre[0]).atan2(column - centre[1])
            });
            let found = flow(&phase, shape, Grid::Open);
            let curl = found.curl(Grid::Open);
            for frame in 0..9 {
                let points = critical_points(&found, frame, Grid::Open);
                let point = points.iter().max_by_key(|point| point.radius).unwrap();
                assert!((point.place[0] - centre[0]).abs() < 0.7, "{point:?}");
                assert!((point.place[1] - centre[1]).abs() < 0.7, "{point:?}");
                assert!(point.radius >= 2 && point.curl * arms > 0.0, "{point:?}");
                use CriticalKind::{Rotation, SpiralIn, SpiralOut};
                assert!([Rotation, SpiralIn, SpiralOut].contains(&point.kind), "{point:?}");
                assert!(curl[frame * 13 * 15 + 6 * 15 + 7] * arms > 0.0);
            }
        }
    }

    #[test]
    fn target_waves_flow_from_their_centre_or_into_it() {
        let (shape, centre) = ([10, 13, 15], [5.6, 7.3]);
        for (wavelength, kind) in [(12.0, CriticalKind::Source), (-12.0, CriticalKind::Sink)] {
            let phase = phases(shape, |t, row, column| {
                0.3 * t - TAU / wavelength * (row - centre[0]).hypot(column - centre[1])
            });
            let found = flow(&phase, shape, Grid::Open);
            for frame in 0..9 {
                let points = critical_points(&found, frame, Grid::Open);
                let point = points.iter().max_by_key(|point| point.radius).unwrap();
                assert!((point.place[0] - centre[0]).abs() < 0.7, "{point:?}");
                assert!((point.place[1] - centre[1]).abs() < 0.7, "{point:?}");
                assert!(point.radius >= 2 && point.kind == kind, "{point:?}");
            }
            // Far from the centre nearly the phase speed, since smoothness costs some, away from there.
            let speed = 0.3 * wavelength / TAU;
            let site = 4 * 13 * 15 + 6 * 15 + 13;
            let [row, column] = [found.row[site], found.column[site]];
            assert!((column / speed - 0.95).abs() < 0.05 && row.abs() < 0.1 * speed.abs());
        }
    }

    #[test]
    fn missing_sites_are_nan_and_leave_the_others_alone() {
        let (shape, omega, k) = ([5, 7, 8], 0.25, [0.5, -TAU / 8.0]);
        let mut phase = phases(shape, |t, row, column| omega * t - k[0] * row - k[1] * column);
        for t in 0..5 {
            phase[t * 56 + 19] = f64::NAN;
        }
        // This one is missing in one frame, and so in two pairs.
        phase[2 * 56 + 36] = f64::NAN;
        for grid in [Grid::Open, Grid::Rings] {
            let found = flow(&phase, shape, grid);
            let nan: Vec<_> = (0..4 * 56).filter(|&site| found.row[site].is_nan()).collect();
            assert_eq!(nan, [19, 56 + 19, 56 + 36, 112 + 19, 112 + 36, 168 + 19]);
            assert!(nan.iter().all(|&site| found.column[site].is_nan()));
            let kept = |values: &[f64]| {
                values.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>()
            };
            let (row, column) = (kept(&found.row), kept(&found.column));
            let wave = if grid == Grid::Open { k } else { [0.0, k[1]] };
            assert_plane(&VectorField { shape: [1, 1, row.len()], row, column }, omega, wave);
        }
        // A site without any neighbour has no gradient, hence no flow.
        let single =
            optical_flow(&[0.1_f64, 0.2], [2, 1, 1], Grid::Open, Default::default()).unwrap();
        assert!(single.row[0].is_nan() && single.column[0].is_nan());
    }

    #[test]
    fn blocks_start_from_rest_and_threads_do_not_matter() {
        let shape = [2 * BLOCK + 9, 6, 5];
        let phase: Vec<f32> = phases(shape, |t, row, column| {
            0.3 * t - 0.4 * row - (0.7 * column + 0.1 * t).sin() - (row * column + t).cos() / 4.0
        })
        .into_iter()
        .map(|value| value as f32)
        .collect();
        let found = |phase: &[f32], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let shape = [phase.len() / 30, 6, 5];
            pool.install(|| optical_flow(phase, shape, Grid::Torus, Default::default()).unwrap())
        };
        let (one, three) = (found(&phase, 1), found(&phase, 3));
        assert_eq!(one, three);
        assert_eq!(one.row[BLOCK * 30..], found(&phase[BLOCK * 30..], 2).row);
        // Single precision agrees with double up to the accuracy of the linear solutions.
        let wide: Vec<f64> = phase.iter().copied().map(f64::from).collect();
        let wide = flow(&wide, shape, Grid::Torus);
        let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let difference: Vec<f64> =
            one.row.iter().zip(&wide.row).map(|(&one, wide)| f64::from(one) - wide).collect();
        assert!(norm(&difference) < 1e-3 * norm(&wide.row));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let phase = [0.0; 24];
        let default = OpticalFlowOptions::default;
        let refused = |options, shape| {
            optical_flow(&phase, shape, Grid::Open, options).unwrap_err().to_string()
        };
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let shape = [2, 3, 4];
            let error = refused(OpticalFlowOptions { alpha: bad, ..default() }, shape);
            assert!(error.contains("alpha is") && error.contains("positive number"), "{error}");
            let error = refused(OpticalFlowOptions { beta: bad, ..default() }, shape);
            assert!(error.contains("beta is"), "{error}");
            let error = refused(OpticalFlowOptions { tolerance: bad, ..default() }, shape);
            assert!(error.contains("the tolerance is"), "{error}");
        }
        let error = refused(OpticalFlowOptions { most_rounds: 0, ..default() }, [2, 3, 4]);
        assert!(error.contains("number of rounds is 0, expected at least 1"), "{error}");
        assert!(refused(default(), [1, 4, 6]).contains("frames is 1, expected at least 2"));
        assert!(refused(default(), [2, 3, 5]).contains("expected 30"));
        assert!(optical_flow::<f32>(&[], [0, 3, 4], Grid::Open, default()).is_err());
    }

    #[test]
    fn short_waves_turn_around() {
        // Three sites a cycle: the centred difference sees a wave of six that goes the other way.
        let phase = phases([4, 5, 9], |t, _, column| 0.2 * t - TAU / 3.0 * column);
        let found = flow(&phase, [4, 5, 9], Grid::Torus);
        assert!(TAU / 3.0 > FRAC_PI_2 && found.column.iter().all(|&value| value < 0.0));
    }
}
