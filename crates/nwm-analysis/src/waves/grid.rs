//! Which sites of a grid are neighbours.

use crate::{Error, Real, Result, check};

/// The neighbourhood of a grid of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Both axes wrap around.
    Torus,
    /// Each row is a circle of its own: the column axis wraps, rows are not coupled.
    Rings,
    /// Nothing wraps: an electrode array.
    Open,
}

impl Grid {
    /// Whether an axis closes on itself.
    pub(crate) fn wraps(self, axis: Axis) -> bool {
        match (self, axis) {
            (Self::Torus, _) | (Self::Rings, Axis::Column) => true,
            (Self::Rings, Axis::Row) | (Self::Open, _) => false,
        }
    }

    /// Whether an axis has neighbours at all.
    pub(crate) fn couples(self, axis: Axis) -> bool {
        self != Self::Rings || axis == Axis::Column
    }

    /// How many cells between neighbours an axis of `length` sites has.
    pub(crate) fn cells(self, axis: Axis, length: usize) -> usize {
        if !self.couples(axis) {
            0
        } else if self.wraps(axis) {
            length
        } else {
            length - 1
        }
    }

    /// The shortest way from one place along an axis of `length` sites to another.
    pub(super) fn offset(self, axis: Axis, length: usize, from: f64, to: f64) -> f64 {
        let way = to - from;
        if self.wraps(axis) { way - (way / length as f64).round() * length as f64 } else { way }
    }

    /// The distance of two places `[row, column]` on a grid of a size.
    pub(crate) fn distance(self, size: [usize; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
        let down = self.offset(Axis::Row, size[0], from[0], to[0]);
        down.hypot(self.offset(Axis::Column, size[1], from[1], to[1]))
    }
}

/// A direction of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    Row,
    Column,
}

/// Differences between neighbours in frames of one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbours {
    grid: Grid,
    size: [usize; 2],
}

impl Neighbours {
    /// For frames `[row, column]`.
    pub(super) fn new(grid: Grid, size: [usize; 2]) -> Self {
        Self { grid, size }
    }

    /// Gives `slope` every site and half the `difference` of its two neighbours along an axis; the
    /// difference to the only one beside an edge or a NaN; NaN where there is none or the site is NaN;
    /// zero if the axis has a single site or is not coupled.
    #[inline]
    pub(super) fn centred<T: Real>(
        &self,
        axis: Axis,
        frame: &[T],
        difference: impl Fn(T, T) -> T,
        mut slope: impl FnMut(usize, T),
    ) {
        let [rows, columns] = self.size;
        let (length, stride) = match axis {
            Axis::Row => (rows, columns),
            Axis::Column => (columns, 1),
        };
        if length == 1 || !self.grid.couples(axis) {
            return (0..frame.len()).for_each(|site| slope(site, T::zero()));
        }
        let wraps = self.grid.wraps(axis);
        let half = T::nearest(0.5);
        let mut site = 0;
        for row in 0..rows {
            for column in 0..columns {
                let place = if axis == Axis::Row { row } else { column };
                let before = match place {
                    0 if wraps => Some(site + (length - 1) * stride),
                    0 => None,
                    _ => Some(site - stride),
                };
                let after = match place + 1 == length {
                    true if wraps => Some(site - (length - 1) * stride),
                    true => None,
                    false => Some(site + stride),
                };
                let both = match (before, after) {
                    (Some(before), Some(after)) => difference(frame[after], frame[before]) * half,
                    _ => T::nan(),
                };
                // A NaN here is an edge or a missing neighbour, unless the site itself is missing.
                let value = if frame[site].is_nan() {
                    T::nan()
                } else if both.is_nan() {
                    one_sided(frame, site, before, after, &difference)
                } else {
                    both
                };
                slope(site, value);
                site += 1;
            }
        }
    }
}

/// The difference to whichever neighbour is there; NaN if none is.
fn one_sided<T: Real>(
    frame: &[T],
    site: usize,
    before: Option<usize>,
    after: Option<usize>,
    difference: &impl Fn(T, T) -> T,
) -> T {
    let next = after.map_or(T::nan(), |after| difference(frame[after], frame[site]));
    if !next.is_nan() {
        return next;
    }
    before.map_or(T::nan(), |before| difference(frame[site], frame[before]))
}

/// Checks that `phase` holds finite values for the shape `[time, row, column]`, at least one.
pub(super) fn check_phase(phase: &[f64], shape: [usize; 3]) -> Result<()> {
    const ACTION: &str = "measure a phase recording";
    check_frames(ACTION, phase, shape)?;
    check::finite(ACTION, phase)
}

/// Checks that there are as many phases as a shape `[time, row, column]` says, at least one.
pub(super) fn check_frames<T>(action: &'static str, phase: &[T], shape: [usize; 3]) -> Result<()> {
    check::shape("phase [time, row, column]", phase, &shape)?;
    if phase.is_empty() {
        return Err(Error::Empty { action, expected: "value" });
    }
    Ok(())
}
