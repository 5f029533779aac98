//! How wave-like each frame is.

use num_complex::Complex;
use rayon::prelude::*;

use super::edges::for_each_edge;
use super::grid::{Axis, Grid, Neighbours, check_frames};
use super::phase::difference;
use crate::{Real, Result};

/// Numbers of one frame of phases. Sites that are NaN do not count; a number is NaN where none is left.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FrameMeasures {
    /// `|mean exp(i phase)|`: 1 if all sites agree, about `0.89 / sqrt(sites)` for independent phases.
    pub synchrony: f64,
    /// Mean cosine of the differences between next neighbours, averaged over the axes: 0 for independent
    /// phases, `(cos k_r + cos k_c) / 2` for a plane wave.
    pub local_coherence: f64,
    /// Length of the mean phase gradient by the mean length, centred differences: 1 for a plane wave, about
    /// `0.95 / sqrt(sites)` for independent phases.
    pub plane_wave_order: f64,
    /// How much of the change from site to site is travel, 0 to 1. With signals `a`, the flux `Im(conj(a) grad
    /// a)`, which is the squared amplitude times the phase gradient, is added over the up to nine sites around
    /// each, and its length divided by the sum of `|a| |grad a|` there; averaged over sites. 1 in any wave that
    /// is plane locally, such as a target or a spiral; 0 in a standing wave, whose phase changes only where it
    /// has no amplitude.
    pub local_plane_order: f64,
    /// The mean phase gradient along rows and columns, radians per grid unit. Its negative points where the
    /// waves go.
    pub mean_gradient: [f64; 2],
}

impl FrameMeasures {
    /// The angle of travel: 0 toward larger columns, `pi / 2` toward larger rows.
    pub fn direction(&self) -> f64 {
        let [down, right] = self.mean_gradient;
        (-down).atan2(-right)
    }
}

/// The measures of every frame of analytic signals `[time, row, column]`. But for the local plane order only the
/// phase counts; the signals of phases are `exp(i phase)`.
///
/// On [`Grid::Rings`] there is no gradient along rows, and coherence and neighbourhoods are those within rings.
///
/// # Errors
///
/// When the signals do not have the shape, or there are none.
pub fn frame_measures<T: Real>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
) -> Result<Vec<FrameMeasures>> {
    each_frame(signals, shape, grid, Frame::measures)
}

/// One number, or some, of every frame.
pub(super) fn each_frame<T: Real, R: Send>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
    of: impl Fn(&mut Frame) -> R + Sync,
) -> Result<Vec<R>> {
    check_frames("measure frames", signals, shape)?;
    let [_, rows, columns] = shape;
    Ok(signals
        .par_chunks_exact(rows * columns)
        .map_init(
            || Frame::new([rows, columns], grid),
            |frame, signals| {
                frame.read(signals);
                of(frame)
            },
        )
        .collect())
}

/// One frame, and the memory to measure it.
#[derive(Debug)]
pub(super) struct Frame {
    size: [usize; 2],
    grid: Grid,
    /// `exp(i phase)`.
    units: Vec<Complex<f64>>,
    phase: Vec<f64>,
    /// Gradient along rows and columns, and its length; NaN where it is unknown.
    gradient: Vec<[f64; 3]>,
    /// Real and imaginary parts of the signals.
    parts: [Vec<f64>; 2],
    /// Flux along rows and columns, and the most that it could be; zeros where it is unknown.
    flux: Vec<[f64; 3]>,
}

impl Frame {
    fn new(size: [usize; 2], grid: Grid) -> Self {
        let sites = size[0] * size[1];
        Self {
            size,
            grid,
            units: vec![Complex::default(); sites],
            phase: vec![0.0; sites],
            gradient: vec![[0.0; 3]; sites],
            parts: [vec![0.0; sites], vec![0.0; sites]],
            flux: vec![[0.0; 3]; sites],
        }
    }

    /// Takes the phases of a frame. A signal of zero has none.
    fn read<T: Real>(&mut self, signals: &[Complex<T>]) {
        let [real, imaginary] = &mut self.parts;
        let targets =
            self.units.iter_mut().zip(&mut self.phase).zip(real.iter_mut().zip(imaginary));
        for (((unit, phase), (real, imaginary)), signal) in targets.zip(signals) {
            let signal = Complex::new(signal.re.widen(), signal.im.widen());
            (*real, *imaginary) = (signal.re, signal.im);
            let amplitude = signal.norm_sqr().sqrt();
            *unit = signal / amplitude;
            *phase = if unit.re.is_nan() { f64::NAN } else { signal.im.atan2(signal.re) };
        }
    }

    fn measures(&mut self) -> FrameMeasures {
        self.take_gradient();
        self.take_flux();
        let (plane_wave_order, mean_gradient) = self.plane_wave_order();
        FrameMeasures {
            synchrony: self.synchrony(),
            local_coherence: self.local_coherence(),
            plane_wave_order,
            local_plane_order: self.local_plane_order(),
            mean_gradient,
        }
    }

    pub(super) fn synchrony(&self) -> f64 {
        resultant(self.units.iter())
    }

    pub(super) fn local_coherence(&self) -> f64 {
        neighbour_coherence(&self.units, self.size, self.grid)
    }

    fn take_gradient(&mut self) {
        let neighbours = Neighbours::new(self.grid, self.size);
        let gradient = &mut self.gradient;
        neighbours.centred(Axis::Row, &self.phase, difference, |site, slope| {
            gradient[site][0] = slope;
        });
        neighbours.centred(Axis::Column, &self.phase, difference, |site, slope| {
            let down = gradient[site][0];
            let length = (down * down + slope * slope).sqrt();
            gradient[site] = [down, slope, length];
        });
    }

    fn take_flux(&mut self) {
        let neighbours = Neighbours::new(self.grid, self.size);
        let ([real, imaginary], flux) = (&self.parts, &mut self.flux);
        let minus = |to: f64, from: f64| to - from;
        flux.fill([0.0; 3]);
        for (axis, place) in [(Axis::Row, 0), (Axis::Column, 1)] {
            neighbours.centred(axis, real, minus, |site, slope| {
                flux[site][place] -= imaginary[site] * slope;
                flux[site][2] += slope * slope;
            });
            neighbours.centred(axis, imaginary, minus, |site, slope| {
                flux[site][place] += real[site] * slope;
                flux[site][2] += slope * slope;
            });
        }
        for (flux, (real, imaginary)) in flux.iter_mut().zip(real.iter().zip(imaginary)) {
            flux[2] = (flux[2] * (real * real + imaginary * imaginary)).sqrt();
            if flux.iter().any(|it| it.is_nan()) {
                *flux = [0.0; 3];
            }
        }
    }

    fn plane_wave_order(&self) -> (f64, [f64; 2]) {
        let [mut down, mut right, mut length, mut count] = [0.0; 4];
        // What is unknown in one direction counts in none.
        for vector in self.gradient.iter().filter(|vector| !vector[2].is_nan()) {
            down += vector[0];
            right += vector[1];
            length += vector[2];
            count += 1.0;
        }
        let order = match (count, length) {
            (0.0, _) => f64::NAN,
            // Equal phases everywhere are a plane wave of no direction.
            (_, 0.0) => 0.0,
            _ => (down * down + right * right).sqrt() / length,
        };
        (order, [down / count, right / count])
    }

    fn local_plane_order(&self) -> f64 {
        let [rows, columns] = self.size;
        let around = |place: usize, length: usize, axis: Axis| -> [Option<usize>; 3] {
            if !self.grid.couples(axis) {
                return [None, Some(place), None];
            }
            let wraps = self.grid.wraps(axis);
            let before = if place > 0 { Some(place - 1) } else { wraps.then_some(length - 1) };
            let after = if place + 1 < length { Some(place + 1) } else { wraps.then_some(0) };
            // A short torus must not count a site twice.
            match length {
                1 => [None, Some(place), None],
                2 => [None, Some(place), after.or(before)],
                _ => [before, Some(place), after],
            }
        };
        let (mut sum, mut count) = (0.0, 0);
        for row in 0..rows {
            let near_rows = around(row, rows, Axis::Row);
            for column in 0..columns {
                if self.flux[row * columns + column][2] == 0.0 {
                    continue;
                }
                let near_columns = around(column, columns, Axis::Column);
                let [mut down, mut right, mut length] = [0.0; 3];
                for row in near_rows.into_iter().flatten() {
                    for column in near_columns.into_iter().flatten() {
                        let vector = self.flux[row * columns + column];
                        down += vector[0];
                        right += vector[1];
                        length += vector[2];
                    }
                }
                sum += (down * down + right * right).sqrt() / length;
                count += 1;
            }
        }
        if count == 0 { 0.0 } else { sum / f64::from(count) }
    }
}

/// `|mean|` of unit vectors, those that are NaN left out; NaN if none is left.
pub(super) fn resultant<'a>(units: impl Iterator<Item = &'a Complex<f64>>) -> f64 {
    let (mut sum, mut count) = (Complex::new(0.0, 0.0), 0);
    for unit in units.filter(|unit| !unit.re.is_nan()) {
        sum += unit;
        count += 1;
    }
    sum.norm() / f64::from(count)
}

/// The mean cosine between unit vectors of next neighbours, averaged over the axes; NaN if there is no pair.
pub(super) fn neighbour_coherence(units: &[Complex<f64>], size: [usize; 2], grid: Grid) -> f64 {
    let (mut sum, mut axes) = (0.0, 0);
    for axis in [Axis::Row, Axis::Column] {
        let (mut cosines, mut edges) = (0.0, 0);
        for_each_edge(axis, size, grid, |from, to| {
            let (from, to) = (units[from], units[to]);
            let cosine = from.re * to.re + from.im * to.im;
            if !cosine.is_nan() {
                cosines += cosine;
                edges += 1;
            }
        });
        if edges > 0 {
            sum += cosines / f64::from(edges);
            axes += 1;
        }
    }
    sum / f64::from(axes)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;
    use crate::waves::{local_coherence, synchrony};

    /// `exp(i (omega t - k r)) + amplitude exp(i (omega t + k r))`.
    fn two_waves(shape: [usize; 3], k: [f64; 2], amplitude: f64) -> Vec<Complex<f64>> {
        let [time, rows, columns] = shape;
        let mut signals = Vec::new();
        for t in 0..time {
            let turn = TAU * 2.0 * t as f64 / 36.0;
            for row in 0..rows {
                for column in 0..columns {
                    let space = k[0] * row as f64 + k[1] * column as f64;
                    signals
                        .push(Complex::cis(turn - space) + amplitude * Complex::cis(turn + space));
                }
            }
        }
        signals
    }

    fn mean(measures: &[FrameMeasures], of: impl Fn(&FrameMeasures) -> f64) -> f64 {
        measures.iter().map(of).sum::<f64>() / measures.len() as f64
    }

    #[test]
    fn partly_standing_waves_have_known_orders() {
        let (shape, k) = ([36, 12, 12], [TAU * 2.0 / 12.0, TAU / 12.0]);
        let known =
            [(0.0, 0.683_013, 1.0), (0.25, 0.664_887, 0.998_138), (0.5, 0.616_031, 0.991_253)];
        for (amplitude, coherence, order) in known {
            let found =
                frame_measures(&two_waves(shape, k, amplitude), shape, Grid::Torus).unwrap();
            assert!((mean(&found, |it| it.local_coherence) - coherence).abs() < 5e-7);
            assert!((mean(&found, |it| it.plane_wave_order) - order).abs() < 5e-7);
            let direction = k[0].atan2(k[1]);
            assert!(found.iter().all(|it| (it.direction() - direction).abs() < 0.2));
        }
        let plane = frame_measures(&two_waves(shape, k, 0.0), shape, Grid::Torus).unwrap();
        assert!(
            plane
                .iter()
                .all(|it| (it.local_plane_order - 1.0).abs() < 1e-12 && it.synchrony < 1e-12)
        );
        assert!(plane.iter().all(|it| (it.mean_gradient[0] + k[0]).abs() < 1e-12));
    }

    #[test]
    fn measures_equal_those_of_whole_recordings() {
        let mut stream = Stream::new(b"tests of frame measures ", 0);
        let shape = [4, 5, 6];
        let phase: Vec<f64> = (0..120).map(|_| TAU * (stream.unit() - 0.5)).collect();
        let signals: Vec<_> = phase.iter().map(|&it| 3.0 * Complex::cis(it)).collect();
        for grid in [Grid::Torus, Grid::Rings, Grid::Open] {
            let found = frame_measures(&signals, shape, grid).unwrap();
            let coherence = local_coherence(&phase, shape, grid).unwrap();
            assert!((mean(&found, |it| it.local_coherence) - coherence).abs() < 1e-14);
            assert!(
                (mean(&found, |it| it.synchrony) - synchrony(&phase, shape).unwrap()).abs() < 1e-14
            );
        }
    }

    #[test]
    fn noise_is_at_its_chance_level() {
        let mut stream = Stream::new(b"tests of frame measures ", 1);
        let (shape, sites) = ([60, 30, 30], 900.0_f64);
        let signals: Vec<_> =
            (0..60 * 900).map(|_| Complex::new(stream.normal(), stream.normal())).collect();
        let found = frame_measures(&signals, shape, Grid::Torus).unwrap();
        assert!((mean(&found, |it| it.synchrony) * sites.sqrt() - 0.89).abs() < 0.2);
        assert!((mean(&found, |it| it.plane_wave_order) * sites.sqrt() - 0.95).abs() < 0.2);
        assert!(mean(&found, |it| it.local_coherence).abs() < 0.01);
        assert!((mean(&found, |it| it.local_plane_order) - 0.33).abs() < 0.05);
    }

    #[test]
    fn target_waves_are_plane_only_locally() {
        let shape = [1, 24, 24];
        let distance = |site: i32| f64::from(site / 24 - 11).hypot(f64::from(site % 24 - 11));
        let signals: Vec<_> =
            (0..576).map(|site| Complex::cis(-TAU * distance(site) / 8.0)).collect();
        let found = frame_measures(&signals, shape, Grid::Open).unwrap()[0];
        assert!(found.plane_wave_order < 0.1 && found.local_plane_order > 0.9, "{found:?}");
    }

    #[test]
    fn dead_sites_and_equal_phases() {
        let mut signals = vec![Complex::new(1.0_f32, 0.0); 2 * 12];
        signals[5] = Complex::new(f32::NAN, 0.0);
        signals[6] = Complex::new(0.0, 0.0);
        let found = frame_measures(&signals, [2, 3, 4], Grid::Open).unwrap();
        for measures in found {
            assert!((measures.synchrony - 1.0).abs() < 1e-15 && measures.local_coherence == 1.0);
            assert_eq!((measures.plane_wave_order, measures.local_plane_order), (0.0, 0.0));
        }
        let dead =
            frame_measures(&[Complex::new(f64::NAN, 0.0); 4], [1, 2, 2], Grid::Open).unwrap();
        assert!(dead[0].synchrony.is_nan() && dead[0].local_coherence.is_nan());
        // A torus of two columns does not count a neighbour twice.
        assert!(frame_measures(&signals[12..], [1, 6, 2], Grid::Torus).is_ok());
        assert!(frame_measures(&signals, [2, 3, 5], Grid::Open).is_err());
    }
}
