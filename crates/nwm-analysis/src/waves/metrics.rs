//! All that is measured of the waves of a recording at once, beside surrogates.

use std::f64::consts::FRAC_PI_2;

use rayon::prelude::*;

use super::grid::{Grid, check_frames};
use super::metric::{Metric, Null};
use super::null::{Significance, Surrogates};
use super::pattern::PatternOptions;
use super::prepared::{Prepared, Values};
use super::source::EventOptions;
use super::spectrum::SpaceTimeSpectrum;
use crate::signal::PhaseKind;
use crate::{Error, Real, Result};

const ACTION: &str = "measure waves";

/// How raw samples become phases, and what their measures are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MetricsOptions {
    /// Frames at the start that are left out before everything else: what a hidden state does until it follows its input.
    pub skipped_frames: usize,
    /// The band `[low, high]` in cycles per sample of a Butterworth filter of order 4 that runs forward and backward, and
    /// continues each end by 24 samples; none does not filter.
    pub band: Option<[f64; 2]>,
    /// Whether each site's course is divided by its standard deviation after the filter.
    pub standardize: bool,
    /// Which phase.
    pub phase: PhaseKind,
    /// From which agreement of its phase gradients on a frame is a plane wave.
    pub plane_wave_order: f64,
    /// How sources and centres of rotation are found.
    pub events: EventOptions,
    /// The recordings without waves to compare with.
    pub surrogates: Surrogates,
    /// Whether everything that is compared with shuffled sites is compared with as many shifts in time as well
    /// ([`WaveMetrics::significance_in_time`]), which takes twice as long.
    pub both_nulls: bool,
}

impl MetricsOptions {
    /// The published band of hidden states, 0.2 to 0.4 of the highest frequency. Of a movement whose period is 18 frames it
    /// leaves the second and third harmonic.
    pub const PAPER_BAND: [f64; 2] = [0.1, 0.2];
}

impl Default for MetricsOptions {
    /// The published band and standard scores, the generalized phase, all frames, 199 surrogates of seed 0. Frames are looked
    /// at up to a quarter turn from a trough, since in this band a phase turns by up to 1.3 radians from one to the next.
    fn default() -> Self {
        Self {
            skipped_frames: 0,
            band: Some(Self::PAPER_BAND),
            standardize: true,
            phase: PhaseKind::default(),
            plane_wave_order: PatternOptions::default().plane_wave_order,
            events: EventOptions { tolerance: FRAC_PI_2, ..EventOptions::default() },
            surrogates: Surrogates { count: 199, seed: 0 },
            both_nulls: false,
        }
    }
}

/// Every [`Metric`] of a recording, and what chance makes of it.
///
/// ```
/// use nwm_analysis::waves::{Grid, Metric, MetricsOptions, SyntheticWave, WaveMetrics};
///
/// let wave =
///     SyntheticWave::Plane { frequency: 0.125, wavelength: 8.0, direction: 0.0, phase: 0.0 };
/// let recording = wave.recording([96, 8, 8]);
/// let found =
///     WaveMetrics::of(&[&recording], [96, 8, 8], Grid::Torus, &MetricsOptions::default())?;
/// assert!(found.get(Metric::TravelIndex) > 0.95);
/// assert!(found.significance(Metric::TravelIndex).is_some_and(|it| it.p_value < 0.05));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WaveMetrics {
    values: Values,
    significance: Compared,
    /// Beside shifts in time; none if they were not measured.
    in_time: Option<Compared>,
}

/// Each metric beside its values in surrogates, in their order.
type Compared = [Option<Significance>; Metric::ALL.len()];

impl WaveMetrics {
    /// The metrics of raw samples: one or several recordings `[time, row, column]` of one shape, such as the channels of a
    /// hidden state. Metrics are averaged over recordings, those that are NaN left out; spectra are added.
    ///
    /// Each recording loses its first frames and the mean of each site, is filtered and put into standard scores; its phases
    /// and its spectrum are taken of the result. A site that is constant or has a sample that is no number is left out.
    /// A metric is NaN where it has no meaning: singularities, sources and critical points on rings, shifts on other
    /// grids. A surrogate has the same order of sites, and the same shifts in time, in all recordings.
    ///
    /// # Errors
    ///
    /// When there is no recording, one does not have the shape, too few frames are left for the filter or a spectrum, or an
    /// option is out of its range.
    pub fn of<T: Real>(
        recordings: &[&[T]],
        shape: [usize; 3],
        grid: Grid,
        options: &MetricsOptions,
    ) -> Result<Self> {
        if recordings.is_empty() {
            return Err(Error::Empty { action: ACTION, expected: "recording" });
        }
        let left = shape[0].saturating_sub(options.skipped_frames);
        if left < 3 {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of frames that are not skipped",
                found: left,
                expected: "at least 3",
            });
        }
        if options.plane_wave_order.is_nan() {
            return Err(Error::RealRange {
                action: ACTION,
                name: "the plane wave order",
                found: options.plane_wave_order,
                expected: "a threshold of 0 to 1",
            });
        }
        // The recording first, then its surrogates.
        let count = options.surrogates.count;
        let nulls = if options.both_nulls { 2 } else { 1 };
        let mut sums = vec![Sums::default(); 1 + nulls * count];
        for recording in recordings {
            check_frames(ACTION, recording, shape)?;
            let prepared = Prepared::of(recording, shape, grid, options)?;
            sums.par_iter_mut().enumerate().try_for_each(|(place, sums)| {
                sums.add(match place.checked_sub(1) {
                    None => prepared.observed()?,
                    Some(number) if number < count => prepared.surrogate(number)?,
                    Some(number) => prepared.shifted(number - count)?,
                })
            })?;
        }
        let all: Vec<Values> = sums.iter().map(Sums::values).collect();
        let values = all[0];
        let compared = |null: &[Values]| {
            Metric::ALL.map(|metric| {
                let of = |values: &Values| values[metric.place()];
                let null: Vec<f64> = null.iter().map(of).collect();
                metric.null().map(|_| Significance::of(of(&values), &null, metric.tail()))
            })
        };
        let (null, in_time) = all[1..].split_at(count);
        Ok(Self {
            values,
            significance: compared(null),
            in_time: options.both_nulls.then(|| compared(in_time)),
        })
    }

    /// One of them; NaN where it has no meaning.
    pub fn get(&self, metric: Metric) -> f64 {
        self.values[metric.place()]
    }

    /// One of them beside its values in surrogates; none if there is nothing to compare it with.
    pub fn significance(&self, metric: Metric) -> Option<&Significance> {
        self.significance[metric.place()].as_ref()
    }

    /// One of them beside its values in shifts in time; none if there is nothing to compare it with, or if that was not asked for
    /// ([`MetricsOptions::both_nulls`]).
    pub fn significance_in_time(&self, metric: Metric) -> Option<&Significance> {
        self.in_time.as_ref()?[metric.place()].as_ref()
    }

    /// All numbers under the names of [`column_names`](Self::column_names), in that order. What is compared with shuffled sites and
    /// with shifts in time has three more for the latter, which end in `_time_null`, `_time_z` and `_time_p`.
    pub fn columns(&self) -> impl Iterator<Item = (String, f64)> {
        Metric::ALL.into_iter().flat_map(|metric| {
            let name = metric.name();
            let beside = |significance: Option<&Significance>, null: &str| {
                let numbers = |it: &Significance| {
                    [("null", it.null_mean), ("z", it.z_score()), ("p", it.p_value)]
                        .map(|(ending, number)| (format!("{name}{null}_{ending}"), number))
                };
                significance.map(numbers).into_iter().flatten()
            };
            let in_time = self.significance_in_time(metric);
            let in_time = in_time.filter(|_| metric.null() == Some(Null::Sites));
            let own = std::iter::once((name.to_owned(), self.get(metric)));
            own.chain(beside(self.significance(metric), "")).chain(beside(in_time, "_time"))
        })
    }

    /// The names of all numbers beside one null model, in a fixed order: each [`Metric::name`], followed where there is
    /// something to compare with by the same with `_null`, the mean of the surrogates, `_z`, by how many of their standard
    /// deviations the recording exceeds it, and `_p`, the one-sided p-value.
    pub fn column_names() -> impl Iterator<Item = String> {
        Metric::ALL.into_iter().flat_map(|metric| {
            let compared =
                if metric.null().is_some() { &["", "_null", "_z", "_p"][..] } else { &[""] };
            compared.iter().map(move |ending| format!("{}{ending}", metric.name()))
        })
    }
}

/// What is added up over recordings.
#[derive(Debug, Clone, Default)]
struct Sums {
    values: [[f64; 2]; Metric::ALL.len()],
    spectrum: Option<SpaceTimeSpectrum>,
}

impl Sums {
    fn add(&mut self, (values, spectrum): (Values, SpaceTimeSpectrum)) -> Result<()> {
        for ([sum, count], value) in self.values.iter_mut().zip(values) {
            if !value.is_nan() {
                *sum += value;
                *count += 1.0;
            }
        }
        match &mut self.spectrum {
            Some(sum) => sum.add(&spectrum),
            None => {
                self.spectrum = Some(spectrum);
                Ok(())
            }
        }
    }

    fn values(&self) -> Values {
        let mut values = self.values.map(|[sum, count]| sum / count);
        let mut set = |metric: Metric, value: f64| values[metric.place()] = value;
        if let Some(spectrum) = &self.spectrum {
            set(Metric::TravelIndex, spectrum.travel_index());
            set(Metric::ModeShare, spectrum.mode_share());
            if let Some(peak) = spectrum.peak() {
                set(Metric::PeakRow, peak.wave_number[0]);
                set(Metric::PeakColumn, peak.wave_number[1]);
                set(Metric::PeakFrequency, peak.frequency);
                set(Metric::PhaseSpeed, peak.phase_speed());
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_names_they_promise() {
        let recording: Vec<f64> = (0..40 * 12).map(|n| f64::from(n * n % 17)).collect();
        let options =
            MetricsOptions { surrogates: Surrogates { count: 3, seed: 1 }, ..Default::default() };
        let found = WaveMetrics::of(&[&recording], [40, 3, 4], Grid::Torus, &options).unwrap();
        let columns: Vec<_> = found.columns().collect();
        let names: Vec<_> = WaveMetrics::column_names().collect();
        assert!(columns.iter().map(|column| &column.0).eq(&names));
        assert_eq!(names.len(), 4 * 17 + 5);
        assert_eq!(names[..5], ["pgd", "pgd_null", "pgd_z", "pgd_p", "plane_fraction"]);
        let of = |name: &str| columns.iter().find(|column| column.0 == name).unwrap().1;
        let coherence = found.significance(Metric::LocalCoherence).unwrap();
        assert_eq!(of("local_coherence"), found.get(Metric::LocalCoherence));
        assert_eq!(of("local_coherence_null"), coherence.null_mean);
        assert_eq!(of("local_coherence_z"), coherence.z_score());
        assert_eq!(of("local_coherence_p"), coherence.p_value);
        assert_eq!(of("peak_f"), found.get(Metric::PeakFrequency));

        let both = WaveMetrics::of(
            &[&recording],
            [40, 3, 4],
            Grid::Torus,
            &MetricsOptions { both_nulls: true, ..options },
        );
        let both = both.unwrap();
        let (more, others): (Vec<_>, Vec<_>) =
            both.columns().partition(|column| column.0.contains("_time_"));
        assert!(
            others
                .iter()
                .map(|column| column.1.to_bits())
                .eq(columns.iter().map(|it| it.1.to_bits()))
        );
        assert_eq!(more.len(), 3 * 16, "all but synchrony, whose null they are");
        assert_eq!(
            both.significance_in_time(Metric::Synchrony),
            both.significance(Metric::Synchrony)
        );
        assert_eq!(found.significance_in_time(Metric::TravelIndex), None);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let recording = [1.0; 30 * 4];
        let of = |recordings: &[&[f64]], shape, options: &MetricsOptions| {
            WaveMetrics::of(recordings, shape, Grid::Torus, options)
        };
        let options = MetricsOptions::default();
        let shape = [30, 2, 2];
        assert!(matches!(of(&[], shape, &options), Err(Error::Empty { .. })));
        let other = of(&[&recording, &recording[4..]], shape, &options);
        assert!(matches!(other, Err(Error::Length { .. })));
        let skipped = |skipped_frames, band| MetricsOptions { skipped_frames, band, ..options };
        let short = of(&[&recording], shape, &skipped(6, options.band));
        assert!(matches!(short, Err(Error::TooShort { found: 24, padding: 24 })));
        let short = of(&[&recording], shape, &skipped(28, None));
        assert!(matches!(short, Err(Error::Range { found: 2, .. })));
        assert!(of(&[&recording], shape, &skipped(31, None)).is_err());
        assert!(of(&[&recording], shape, &skipped(0, Some([0.2, 0.1]))).is_err());
        let threshold = MetricsOptions { plane_wave_order: f64::NAN, ..options };
        assert!(matches!(of(&[&recording], shape, &threshold), Err(Error::RealRange { .. })));
    }
}
