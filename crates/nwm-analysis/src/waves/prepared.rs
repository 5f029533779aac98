//! A recording made ready to be measured, and its surrogates.

use num_complex::Complex;

use super::critical::{CriticalKind, for_each_zero};
use super::evaluation::evaluation_points;
use super::field::VectorField;
use super::gradient::phase_gradient;
use super::grid::{Axis, Grid};
use super::measures::{neighbour_coherence, resultant};
use super::median::quartiles;
use super::metric::Metric;
use super::metrics::MetricsOptions;
use super::phase::phases_of;
use super::shift::ring_shift;
use super::source::{EventOptions, Events};
use super::spectrum::{Amplitudes, SpaceTimeSpectrum};
use super::speed::{speeds, turning};
use super::winding::windings;
use crate::signal::{
    AnalyticTransform, GeneralizedPhase, NyquistBin, Padding, PhaseKind, ZeroPhase, band_pass,
    frames_of, instantaneous_frequency, series_of, standardize,
};
use crate::{Real, Result};

/// Order of the band-pass filter.
const ORDER: usize = 4;

/// One number for each metric, in their order.
pub(super) type Values = [f64; Metric::ALL.len()];

/// How a surrogate is made of a recording.
#[derive(Debug)]
enum Rearrangement {
    /// It is the recording.
    None,
    /// At each place the site whose course is put there, in all frames.
    Order(Vec<usize>),
    /// By how many frames each site's course is moved, around the end.
    Shifts(Vec<usize>),
}

/// What all surrogates of a recording are made of: the courses of its sites.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    grid: Grid,
    options: &'a MetricsOptions,
    shape: [usize; 3],
    /// Sites without a course: constant, or with a sample that is no number.
    dead: Vec<bool>,
    /// The filtered samples, `[time, site]`; NaN at dead sites.
    samples: Vec<f64>,
    amplitudes: Amplitudes,
    /// Phases and `exp(i phase)`, `[time, site]`; NaN at dead sites.
    phases: Vec<f64>,
    units: Vec<Complex<f64>>,
    /// Radians per sample, `[time, site]`.
    turning: Vec<f64>,
    events: Vec<usize>,
}

impl<'a> Prepared<'a> {
    /// Of samples `[time, row, column]`, which have the shape.
    pub(super) fn of<T: Real>(
        recording: &[T],
        [time, rows, columns]: [usize; 3],
        grid: Grid,
        options: &'a MetricsOptions,
    ) -> Result<Self> {
        let sites = rows * columns;
        let kept = &recording[options.skipped_frames * sites..];
        let time = time - options.skipped_frames;
        let kept: Vec<f64> = kept.iter().map(|value| value.widen()).collect();
        let mut series = series_of(&kept, time)?;
        for samples in series.chunks_exact_mut(time) {
            centre_or_kill(samples);
        }
        if let Some(band) = options.band {
            ZeroPhase::new(band_pass(ORDER, band)?, Padding::Matlab).filter(&mut series, time)?;
        }
        if options.standardize {
            standardize(&mut series, time)?;
        }
        let analytic = AnalyticTransform::new(time, NyquistBin::Keep)?.apply(&series)?;
        let (signals, frequencies) = match options.phase {
            PhaseKind::Analytic => {
                let frequencies = instantaneous_frequency(&analytic, time, 1.0)?;
                (analytic, frequencies)
            }
            PhaseKind::Generalized => {
                let found = GeneralizedPhase::default().apply(&analytic, time)?;
                (found.signals, found.frequencies)
            }
        };
        // A series without a generalized phase is dead, too.
        let dead = signals.chunks_exact(time).map(|signal| signal[0].re.is_nan()).collect();
        let samples = frames_of(&series, time)?;
        let signals = frames_of(&signals, time)?;
        let phases = phases_of(&signals);
        let EventOptions { angle, tolerance, .. } = options.events;
        Ok(Self {
            grid,
            options,
            shape: [time, rows, columns],
            dead,
            amplitudes: Amplitudes::of(&samples, time, sites),
            samples,
            units: phases.iter().map(|&phase| Complex::cis(phase)).collect(),
            phases,
            turning: turning(&signals, &frames_of(&frequencies, time)?, time),
            events: evaluation_points(&signals, time, angle, tolerance)?,
        })
    }

    /// The recording's own values, but for those of its spectrum, and the spectrum.
    pub(super) fn observed(&self) -> Result<(Values, SpaceTimeSpectrum)> {
        let spectrum = self.spectrum(&self.amplitudes, None);
        Ok((self.measured(&Rearrangement::None, None)?, spectrum))
    }

    /// Those of a surrogate: synchrony of one with shifts in time, everything else of one with shuffled sites.
    pub(super) fn surrogate(&self, number: usize) -> Result<(Values, SpaceTimeSpectrum)> {
        let [time, rows, columns] = self.shape;
        let surrogates = self.options.surrogates;
        let order = surrogates.site_order(number, &self.dead, [rows, columns], self.grid)?;
        let shifts = surrogates.time_shifts(number, self.sites(), time);
        let spectrum = self.spectrum(&self.amplitudes, Some(&order));
        let moved = self.rearranged(&self.units, &Rearrangement::Shifts(shifts));
        let synchrony = Some(self.synchrony(&moved));
        Ok((self.measured(&Rearrangement::Order(order), synchrony)?, spectrum))
    }

    /// Those of a surrogate with shifts in time. Sources and centres are sought in the frames in which the recording's own are.
    pub(super) fn shifted(&self, number: usize) -> Result<(Values, SpaceTimeSpectrum)> {
        let shifts = self.options.surrogates.time_shifts(number, self.sites(), self.shape[0]);
        let spectrum = self.spectrum(&self.amplitudes.shifted(&shifts), None);
        Ok((self.measured(&Rearrangement::Shifts(shifts), None)?, spectrum))
    }

    fn spectrum(&self, amplitudes: &Amplitudes, order: Option<&[usize]>) -> SpaceTimeSpectrum {
        amplitudes.spectrum([self.shape[1], self.shape[2]], self.grid, order)
    }

    /// The mean over frames of `|mean exp(i phase)|`.
    fn synchrony(&self, units: &[Complex<f64>]) -> f64 {
        mean(units.chunks_exact(self.sites()).map(|frame| resultant(frame.iter())))
    }

    fn sites(&self) -> usize {
        self.shape[1] * self.shape[2]
    }

    /// Values `[time, site]` in other places.
    fn rearranged<V: Copy>(&self, values: &[V], how: &Rearrangement) -> Vec<V> {
        let (time, sites) = (self.shape[0], self.sites());
        match how {
            Rearrangement::None => values.to_vec(),
            Rearrangement::Order(order) => {
                let frames = values.chunks_exact(sites);
                frames.flat_map(|frame| order.iter().map(|&site| frame[site])).collect()
            }
            Rearrangement::Shifts(shifts) => {
                let frame = |t: usize| {
                    let places = shifts.iter().enumerate();
                    places.map(move |(site, shift)| values[(t + shift) % time * sites + site])
                };
                (0..time).flat_map(frame).collect()
            }
        }
    }

    /// All values but those of the spectrum; with a synchrony of another null model, or else its own.
    fn measured(&self, how: &Rearrangement, synchrony: Option<f64>) -> Result<Values> {
        let (shape, grid) = (self.shape, self.grid);
        let size = [shape[1], shape[2]];
        let phases = self.rearranged(&self.phases, how);
        let units = self.rearranged(&self.units, how);
        let coherences = units.chunks_exact(self.sites());
        let velocity = phase_gradient(&phases, shape, grid)?.negated();
        let orders = velocity.order_parameters();
        let known = orders.iter().filter(|order| !order.is_nan());
        let plane = known.map(|&order| f64::from(order >= self.options.plane_wave_order));
        let turning = self.rearranged(&self.turning, how);
        let [lower, median, upper] =
            quartiles(speeds(&turning, &velocity).collect()).unwrap_or([f64::NAN; 3]);
        let (frames, smoothing) = (&self.events, self.options.events.smoothing);
        let events = Events { frames, size, grid, smoothing };
        let shift = match grid {
            Grid::Rings => ring_shift(&self.rearranged(&self.samples, how), shape)?,
            Grid::Torus | Grid::Open => None,
        };
        let [sources, sinks, saddles] = self.critical_points(&velocity);
        let mut values = [f64::NAN; Metric::ALL.len()];
        let mut set = |metric: Metric, value: f64| values[metric.place()] = value;
        set(Metric::PlaneFraction, mean(plane));
        set(Metric::PhaseGradientDirectionality, mean(orders.iter().copied()));
        set(Metric::Synchrony, synchrony.unwrap_or_else(|| self.synchrony(&units)));
        set(
            Metric::LocalCoherence,
            mean(coherences.map(|units| neighbour_coherence(units, size, grid))),
        );
        set(Metric::SpeedMedian, median);
        set(Metric::SpeedRange, upper - lower);
        set(Metric::SingularityDensity, windings(&phases, shape, grid)?.density());
        set(Metric::DistanceCorrelation, events.distance_correlation(&phases)?);
        set(Metric::RotationCorrelation, events.rotation_correlation(&phases)?);
        set(Metric::ShiftScore, shift.map_or(f64::NAN, |shift| shift.score));
        set(Metric::Shift, shift.map_or(f64::NAN, |shift| shift.sites as f64));
        set(Metric::DivergenceDeviation, self.deviation(&velocity.divergence(grid)));
        set(Metric::CurlDeviation, self.deviation(&velocity.curl(grid)));
        set(Metric::Sources, sources);
        set(Metric::Sinks, sinks);
        set(Metric::Saddles, saddles);
        Ok(values)
    }

    /// The mean over frames of the standard deviation over sites.
    fn deviation(&self, values: &[f64]) -> f64 {
        mean(values.chunks_exact(self.sites()).map(|frame| {
            let centre = mean(frame.iter().copied());
            mean(frame.iter().map(|value| (value - centre).powi(2))).sqrt()
        }))
    }

    /// The mean numbers per frame of sources, sinks and saddles; NaN on rings.
    fn critical_points(&self, velocity: &VectorField<f64>) -> [f64; 3] {
        if !self.grid.couples(Axis::Row) {
            return [f64::NAN; 3];
        }
        let mut counts = [0_usize; 3];
        for frame in 0..self.shape[0] {
            for_each_zero(velocity, frame, self.grid, |_, _, kind, _| match kind {
                CriticalKind::Source | CriticalKind::SpiralOut => counts[0] += 1,
                CriticalKind::Sink | CriticalKind::SpiralIn => counts[1] += 1,
                CriticalKind::Saddle => counts[2] += 1,
                CriticalKind::Rotation => {}
            });
        }
        counts.map(|count| count as f64 / self.shape[0] as f64)
    }
}

/// Takes the mean of a course away; one without changes, or with a sample that is no number, becomes NaN.
fn centre_or_kill(samples: &mut [f64]) {
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let changes = samples.iter().any(|&value| value != samples[0]);
    if changes && mean.is_finite() {
        samples.iter_mut().for_each(|value| *value -= mean);
    } else {
        samples.fill(f64::NAN);
    }
}

/// The mean of what is a number; NaN if nothing is.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values
        .filter(|value| !value.is_nan())
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}
