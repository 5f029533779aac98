//! Which pattern a frame shows.

use num_complex::Complex;
use rayon::prelude::*;

use super::critical::{CriticalKind, CriticalPoint, critical_points};
use super::field::VectorField;
use super::gradient::phase_gradient;
use super::grid::Grid;
use super::measures::{FrameMeasures, frame_measures};
use super::poincare::flow_around;
use crate::{Error, Real, Result};

/// The pattern of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PatternKind {
    /// All of the grid goes one way.
    Plane,
    /// All of the grid has one phase.
    Synchrony,
    /// Waves leave a place.
    Source,
    /// Waves run into a place.
    Sink,
    /// Waves turn and run into a place.
    SpiralIn,
    /// Waves turn and leave a place.
    SpiralOut,
    /// Waves turn about a place.
    Rotating,
    /// Waves come in along one direction and leave along another.
    Saddle,
    /// None of these.
    None,
}

impl PatternKind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Plane,
        Self::Synchrony,
        Self::Source,
        Self::Sink,
        Self::SpiralIn,
        Self::SpiralOut,
        Self::Rotating,
        Self::Saddle,
        Self::None,
    ];

    /// What files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plane => "plane",
            Self::Synchrony => "synchrony",
            Self::Source => "source",
            Self::Sink => "sink",
            Self::SpiralIn => "spiral_in",
            Self::SpiralOut => "spiral_out",
            Self::Rotating => "rotating",
            Self::Saddle => "saddle",
            Self::None => "none",
        }
    }
}

/// A mean flow around a point that is this close (15 degrees) to straight away from it or straight around it
/// is taken for that.
const NEARLY: f64 = std::f64::consts::PI / 12.0;

/// The loops around a point whose mean flow tells its kind. The cell itself does not: next to a phase
/// singularity, where the phase has no gradient, differences of phases are of no use.
const TELLING_LOOPS: std::ops::RangeInclusive<usize> = 2..=3;

/// The pattern that a critical point is the centre of.
fn kind_of<T: Real>(
    point: &CriticalPoint,
    velocity: &VectorField<T>,
    frame: usize,
    grid: Grid,
) -> PatternKind {
    let loops = *TELLING_LOOPS.start()..=(*TELLING_LOOPS.end()).min(point.radius);
    let flow = flow_around(velocity, frame, grid, point.place, loops);
    match (point.kind, flow) {
        (CriticalKind::Saddle, _) => PatternKind::Saddle,
        (_, None) => PatternKind::None,
        (_, Some([away, around])) => {
            // 0 is straight away, a quarter turn straight around.
            let angle = around.abs().atan2(away.abs());
            if angle > std::f64::consts::FRAC_PI_2 - NEARLY {
                PatternKind::Rotating
            } else if angle < NEARLY {
                if away > 0.0 { PatternKind::Source } else { PatternKind::Sink }
            } else if away > 0.0 {
                PatternKind::SpiralOut
            } else {
                PatternKind::SpiralIn
            }
        }
    }
}

/// From when on a frame has a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PatternOptions {
    /// The smallest synchrony of a synchronous frame.
    pub synchrony: f64,
    /// The smallest plane wave order of a plane wave.
    pub plane_wave_order: f64,
    /// The smallest radius of a critical point, in loops as [`CriticalPoint::radius`] counts them.
    pub radius: usize,
}

impl Default for PatternOptions {
    /// 0.85, 0.85 and 2, as in the NeuroPatt toolbox.
    fn default() -> Self {
        Self { synchrony: 0.85, plane_wave_order: 0.85, radius: 2 }
    }
}

/// What a frame shows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FramePattern {
    /// The pattern.
    pub kind: PatternKind,
    /// Where the critical point of the pattern is, `[row, column]`.
    pub place: Option<[f64; 2]>,
    /// The measures that decided between the first ones.
    pub measures: FrameMeasures,
    /// All critical points of the frame that are large enough.
    pub centres: Vec<PatternCentre>,
}

/// A critical point with the pattern around it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PatternCentre {
    /// What the waves do around it.
    pub kind: PatternKind,
    /// The point.
    pub point: CriticalPoint,
}

/// The pattern of each frame of analytic signals `[time, row, column]`, of which only the phase counts.
///
/// A frame is synchronous, else plane, else it shows what its critical point of the largest radius is (of
/// equal ones the one nearest to the middle), else nothing. Critical points are those of the negative phase
/// gradient. Whether one is a source, a sink, a spiral or a rotation is told by the mean flow along loops of
/// radius 2 and 3 around it, not by its Jacobian, which a phase singularity spoils. Smooth noisy signals first ([`smoothed`](super::smoothed)).
///
/// # Errors
///
/// When the signals do not have the shape, there are none, or an option is no number.
pub fn frame_patterns<T: Real>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
    options: PatternOptions,
) -> Result<Vec<FramePattern>> {
    for (name, found) in
        [("the synchrony", options.synchrony), ("the plane wave order", options.plane_wave_order)]
    {
        if found.is_nan() {
            let (action, expected) = ("classify frames", "a threshold of 0 to 1");
            return Err(Error::RealRange { action, name, found, expected });
        }
    }
    let measures = frame_measures(signals, shape, grid)?;
    let phase: Vec<T> = signals.par_iter().map(|signal| signal.im.atan2(signal.re)).collect();
    let velocity = phase_gradient(&phase, shape, grid)?.negated();
    let size = [shape[1], shape[2]];
    Ok(measures
        .into_par_iter()
        .enumerate()
        .map(|(frame, measures)| {
            let centres: Vec<PatternCentre> = critical_points(&velocity, frame, grid)
                .into_iter()
                .filter(|point| point.radius >= options.radius)
                .map(|point| PatternCentre { kind: kind_of(&point, &velocity, frame, grid), point })
                .collect();
            let (kind, place) = if measures.synchrony >= options.synchrony {
                (PatternKind::Synchrony, None)
            } else if measures.plane_wave_order >= options.plane_wave_order {
                (PatternKind::Plane, None)
            } else {
                largest(&centres, size, grid).map_or((PatternKind::None, None), |centre| {
                    (centre.kind, Some(centre.point.place))
                })
            };
            FramePattern { kind, place, measures, centres }
        })
        .collect())
}

/// The centre of the largest radius, of equal ones the one nearest to the middle of the grid.
fn largest(
    centres: &[PatternCentre],
    [rows, columns]: [usize; 2],
    grid: Grid,
) -> Option<&PatternCentre> {
    let middle = [rows, columns].map(|length| (length as f64 - 1.0) / 2.0);
    let distance =
        |centre: &PatternCentre| grid.distance([rows, columns], middle, centre.point.place);
    centres.iter().min_by(|one, other| {
        let by_radius = other.point.radius.cmp(&one.point.radius);
        by_radius.then(distance(one).total_cmp(&distance(other)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::signal::{AnalyticTransform, NyquistBin, frames_of, series_of};
    use crate::waves::{SyntheticWave, smoothed};

    const SHAPE: [usize; 3] = [80, 16, 16];

    /// The patterns of a wave as a recording on an open grid would show them.
    fn patterns(wave: SyntheticWave) -> Vec<FramePattern> {
        let series = series_of(&wave.recording(SHAPE), SHAPE[0]).unwrap();
        let signals =
            AnalyticTransform::new(SHAPE[0], NyquistBin::Keep).unwrap().apply(&series).unwrap();
        let frames = frames_of(&signals, SHAPE[0]).unwrap();
        let frames = smoothed(&frames, SHAPE, Grid::Open, 1.0).unwrap();
        frame_patterns(&frames, SHAPE, Grid::Open, PatternOptions::default()).unwrap()
    }

    fn assert_kind(wave: SyntheticWave, kind: PatternKind, place: Option<[f64; 2]>) {
        for (frame, found) in patterns(wave).iter().enumerate() {
            assert_eq!(found.kind, kind, "{wave:?} {frame}: {found:?}");
            if let Some([row, column]) = place {
                let at = found.place.unwrap();
                assert!(
                    (at[0] - row).abs() < 1.0 && (at[1] - column).abs() < 1.0,
                    "{wave:?}: {at:?}"
                );
            }
        }
    }

    #[test]
    fn waves_are_recognised_wherever_they_are() {
        let mut stream = Stream::new(b"tests of frame patterns ", 0);
        let mut uniform = |low: f64, high: f64| low + (high - low) * stream.unit();
        for _ in 0..20 {
            let frequency = 0.1;
            let phase = uniform(-3.0, 3.0);
            let centre = [uniform(4.0, 11.0), uniform(4.0, 11.0)];
            let wavelength = uniform(10.0, 20.0);
            let direction = uniform(-3.1, 3.1);
            let target =
                |wavelength| SyntheticWave::Target { frequency, wavelength, centre, phase };
            assert_kind(target(wavelength), PatternKind::Source, Some(centre));
            assert_kind(target(-wavelength), PatternKind::Sink, Some(centre));
            let plane = SyntheticWave::Plane { frequency, wavelength, direction, phase };
            assert_kind(plane, PatternKind::Plane, None);
            for arms in [1, -1] {
                let spiral = |wavelength| SyntheticWave::Spiral {
                    frequency,
                    wavelength,
                    arms,
                    centre,
                    phase,
                };
                assert_kind(spiral(wavelength), PatternKind::SpiralOut, Some(centre));
                assert_kind(spiral(-wavelength), PatternKind::SpiralIn, Some(centre));
                let rotating = SyntheticWave::Rotating { frequency, arms, centre, phase };
                assert_kind(rotating, PatternKind::Rotating, Some(centre));
                for found in patterns(rotating) {
                    let mut centres = found.centres.iter().map(|centre| centre.point);
                    let centre = centres.find(|point| Some(point.place) == found.place).unwrap();
                    assert_eq!(centre.curl > 0.0, arms > 0);
                }
            }
        }
    }

    #[test]
    fn equal_phases_are_synchronous() {
        let pulse = SyntheticWave::Pulse { frequency: 0.1, width: 20.0, centre: [8.0, 8.0] };
        assert_kind(pulse, PatternKind::Synchrony, None);
    }

    #[test]
    fn noise_shows_little() {
        let mut stream = Stream::new(b"tests of frame patterns ", 1);
        let signals: Vec<_> =
            (0..80 * 256).map(|_| Complex::new(stream.normal(), stream.normal())).collect();
        let found = frame_patterns(&signals, SHAPE, Grid::Open, PatternOptions::default()).unwrap();
        assert!(
            found.iter().all(|it| !matches!(it.kind, PatternKind::Plane | PatternKind::Synchrony))
        );
        let options = PatternOptions { synchrony: f64::NAN, ..Default::default() };
        assert!(frame_patterns(&signals, SHAPE, Grid::Open, options).is_err());
    }
}
