//! A recording of waves that a reader plays: signal or phase in colours, directions of travel and
//! critical points over it, and the values under the pointer.
//!
//! A player is a fragment of HTML with its data in attributes. One script and one style sheet serve all
//! players of a page; they load nothing, and take the colours of their text from the custom properties of
//! the page (`--ink`, `--quiet`, `--paper`, `--panel`, `--line`, `--accent`) where it has them.

mod arrows;
mod markup;

use arrows::Arrows;

use super::angle_levels::angle_level;
use super::diverging::SignedLevels;
use crate::waves::{CriticalKind, CriticalPoint, VectorField};
use crate::{Error, Real, Result, check};

const ACTION: &str = "make a wave player";

/// A clip of a recording, `[time, row, column]`, for a page.
///
/// Values are bytes on the page: the signal has 255 levels between its largest size below and above zero,
/// a turn of the phase has 255 steps. A site takes 8/3 bytes of text, so that 200 frames of 64 x 64 sites
/// are 2.2 MB.
///
/// ```
/// use nwm_analysis::figures::WavePlayer;
///
/// let phase: Vec<f64> = (0..60).map(|site| -0.5 * f64::from(site % 10)).collect();
/// let signal: Vec<f64> = phase.iter().map(|phase| phase.cos()).collect();
/// let player = WavePlayer::new("A wave to the right", [2, 3, 10], &signal, &phase)?
///     .labels(["plane", "plane"])?
///     .time(0.0, 0.001, "s")?
///     .html();
/// let page = format!(
///     "<style>{}</style>{player}<script>{}</script>", WavePlayer::STYLE, WavePlayer::SCRIPT,
/// );
/// # assert!(page.contains("<figure class=\"wave-player\""));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct WavePlayer {
    title: String,
    caption: String,
    unit: String,
    shape: [usize; 3],
    signal: SignedLevels,
    phase: Vec<u8>,
    arrows: Option<Arrows>,
    points: Option<Vec<Vec<Point>>>,
    labels: Vec<String>,
    time: Option<TimeAxis>,
}

/// A critical point as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    place: [f64; 2],
    kind: CriticalKind,
    /// 1 clockwise on a screen, -1 the other way, 0 for kinds that do not turn.
    turning: i8,
}

/// When the frames are.
#[derive(Debug, Clone, PartialEq)]
struct TimeAxis {
    start: f64,
    step: f64,
    unit: String,
}

impl WavePlayer {
    /// What plays every player of a page. It stands once, after them, in a `<script>`.
    pub const SCRIPT: &str = include_str!("wave_player.js");
    /// How players look. It stands once, in a `<style>`.
    pub const STYLE: &str = include_str!("wave_player.css");

    /// A player of a signal, which is best filtered to the band of the waves, and of its phase in
    /// radians, both `[time, row, column]` of a shape. Sites that are not finite are grey.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] when the arrays do not have the shape, [`Error::Empty`] when they have no value.
    pub fn new<T: Real>(
        title: impl Into<String>,
        shape: [usize; 3],
        signal: &[T],
        phase: &[T],
    ) -> Result<Self> {
        check::shape("signal [time, row, column]", signal, &shape)?;
        check::shape("phase [time, row, column]", phase, &shape)?;
        if signal.is_empty() {
            return Err(Error::Empty { action: ACTION, expected: "value" });
        }
        let single: Vec<f32> = signal.iter().map(|value| value.widen() as f32).collect();
        Ok(Self {
            title: title.into(),
            caption: String::new(),
            unit: String::new(),
            shape,
            signal: SignedLevels::of(&single),
            phase: phase.iter().map(|phase| angle_level(phase.widen())).collect(),
            arrows: None,
            points: None,
            labels: Vec::new(),
            time: None,
        })
    }

    /// Adds arrows at every `spacing`-th row and column that point where waves go, as the negative phase
    /// gradient does. Their length grows with that of the vectors, up to the 95th percentile of them.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when the field has another shape than the signal, [`Error::Length`] when its
    /// components do not have its shape, [`Error::Range`] when the spacing is 0.
    pub fn velocity<T: Real>(mut self, field: &VectorField<T>, spacing: usize) -> Result<Self> {
        let axes = ["frames of the velocity", "rows of the velocity", "columns of the velocity"];
        for (axis, what) in axes.into_iter().enumerate() {
            self.check_count(what, field.shape[axis], self.shape[axis])?;
        }
        check::shape("velocity along rows [time, row, column]", &field.row, &self.shape)?;
        check::shape("velocity along columns [time, row, column]", &field.column, &self.shape)?;
        if spacing == 0 {
            return Err(Error::Range {
                action: ACTION,
                name: "the spacing of arrows",
                found: spacing,
                expected: "at least 1",
            });
        }
        self.arrows = Some(Arrows::of(field, spacing));
        Ok(self)
    }

    /// Adds the critical points of every frame.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when there are more or fewer frames than the signal has, [`Error::NonFinite`]
    /// when a place is not finite.
    pub fn critical_points(mut self, frames: &[Vec<CriticalPoint>]) -> Result<Self> {
        self.check_count("frames of critical points", frames.len(), self.shape[0])?;
        for point in frames.iter().flatten() {
            check::finite(ACTION, &point.place)?;
        }
        let points = frames.iter().map(|frame| frame.iter().map(Point::of).collect()).collect();
        self.points = Some(points);
        Ok(self)
    }

    /// Says of every frame what it shows, such as the name of a
    /// [`PatternKind`](crate::waves::PatternKind).
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when there are more or fewer labels than frames.
    pub fn labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        self.check_count("labels", labels.len(), self.shape[0])?;
        self.labels = labels;
        Ok(self)
    }

    /// Says when the first frame is and how much later each next one is, in a unit. Without this, frames
    /// are counted.
    ///
    /// # Errors
    ///
    /// [`Error::RealRange`] when the start is not finite, or the step is not a positive finite number.
    pub fn time(mut self, start: f64, step: f64, unit: impl Into<String>) -> Result<Self> {
        let refused =
            |name, found, expected| Err(Error::RealRange { action: ACTION, name, found, expected });
        if !start.is_finite() {
            return refused("the time of the first frame", start, "a finite number");
        }
        if !(step.is_finite() && step > 0.0) {
            return refused("the time between frames", step, "a positive number");
        }
        self.time = Some(TimeAxis { start, step, unit: unit.into() });
        Ok(self)
    }

    /// Names the unit of the signal.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Adds a text below the player.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// The player as one `<figure>` element. Without the script it shows nothing but its texts.
    pub fn html(&self) -> String {
        self.markup().into_string()
    }

    fn check_count(&self, what: &'static str, found: usize, expected: usize) -> Result<()> {
        if found == expected {
            return Ok(());
        }
        Err(Error::Mismatch { action: ACTION, what, found, expected, like: "the signal" })
    }
}

impl Point {
    fn of(point: &CriticalPoint) -> Self {
        use CriticalKind::{Rotation, Saddle, Sink, Source, SpiralIn, SpiralOut};
        let turning = match point.kind {
            Saddle | Source | Sink => 0,
            SpiralIn | SpiralOut | Rotation if point.curl > 0.0 => 1,
            SpiralIn | SpiralOut | Rotation => -1,
        };
        Self { place: point.place, kind: point.kind, turning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [2, 3, 4];

    fn player() -> WavePlayer {
        WavePlayer::new("a wave", SHAPE, &[0.5; 24], &[0.1; 24]).unwrap()
    }

    fn point(kind: CriticalKind, curl: f64) -> CriticalPoint {
        let (place, radius) = ([0.5, 1.25], 2);
        CriticalPoint { place, kind, determinant: 1.0, trace: 0.0, curl, radius }
    }

    #[test]
    fn signals_and_phases_have_the_shape() {
        let of = |shape, signal: &[f32], phase: &[f32]| WavePlayer::new("", shape, signal, phase);
        let length = |result: Result<WavePlayer>| match result.unwrap_err() {
            Error::Length { found, expected, .. } => (found, expected),
            other => panic!("{other}"),
        };
        assert_eq!(length(of(SHAPE, &[0.0; 23], &[0.0; 24])), (23, 24));
        assert_eq!(length(of(SHAPE, &[0.0; 24], &[0.0; 25])), (25, 24));
        assert!(matches!(of([0, 3, 4], &[], &[]), Err(Error::Empty { .. })));
    }

    #[test]
    fn fields_points_and_labels_are_those_of_the_frames() {
        let values = || vec![0.0_f64; 24];
        let turned = VectorField { shape: [2, 4, 3], row: values(), column: values() };
        let short = VectorField { shape: SHAPE, row: values(), column: vec![0.0; 5] };
        let right = VectorField { shape: SHAPE, row: values(), column: values() };
        assert!(matches!(
            player().velocity(&turned, 1),
            Err(Error::Mismatch { what: "rows of the velocity", found: 4, expected: 3, .. })
        ));
        assert!(matches!(player().velocity(&short, 1), Err(Error::Length { found: 5, .. })));
        assert!(matches!(player().velocity(&right, 0), Err(Error::Range { found: 0, .. })));
        assert!(player().velocity(&right, 1).is_ok());
        assert!(matches!(
            player().critical_points(&[vec![]]),
            Err(Error::Mismatch { found: 1, expected: 2, .. })
        ));
        let mut nowhere = point(CriticalKind::Saddle, 0.0);
        nowhere.place[1] = f64::NAN;
        assert!(matches!(
            player().critical_points(&[vec![], vec![nowhere]]),
            Err(Error::NonFinite { index: 1, .. })
        ));
        assert!(matches!(player().labels(["plane"; 3]), Err(Error::Mismatch { found: 3, .. })));
    }

    #[test]
    fn time_goes_forward() {
        for (start, step) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, f64::INFINITY)] {
            assert!(matches!(player().time(start, step, "s"), Err(Error::RealRange { .. })));
        }
        assert!(player().time(-2.0, 0.5, "s").is_ok());
    }

    #[test]
    fn only_what_turns_has_a_sense() {
        use CriticalKind::{Rotation, Saddle, Source, SpiralIn, SpiralOut};
        let turning = |kind, curl| Point::of(&point(kind, curl)).turning;
        assert_eq!([Saddle, Source].map(|kind| turning(kind, 0.3)), [0, 0]);
        assert_eq!([Rotation, SpiralIn, SpiralOut].map(|kind| turning(kind, 0.3)), [1; 3]);
        assert_eq!(turning(SpiralOut, -0.3), -1);
    }
}
