//! Where in their arrays the kernels find what is recorded, and its gradients.

use nwm_cuda::{Argument, Result};

use crate::imex::cpu::Extent;
use crate::state::Record;

/// An array from some element on.
#[derive(Debug)]
pub struct View<'a, A> {
    /// The array.
    pub array: &'a A,
    /// The first element.
    pub offset: usize,
}

impl<A> Clone for View<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for View<'_, A> {}

impl<'a, A> View<'a, A> {
    /// From the first element on.
    pub fn of(array: &'a A) -> Self {
        Self { array, offset: 0 }
    }

    pub(super) fn from(self, further: usize) -> Self {
        Self { offset: self.offset + further, ..self }
    }
}

/// A pointer to a view, or null.
pub(super) fn pointer<'a, A>(view: Option<View<'a, A>>) -> Argument<'a, A> {
    Argument::Array(view.map(|View { array, offset }| (array, offset)))
}

/// A field of every step and sample, `[time, batch, units]`, whose rows may lie apart.
#[derive(Debug)]
pub(super) struct Series<'a, A> {
    view: Option<View<'a, A>>,
    step: usize,
    sample: usize,
}

impl<A> Clone for Series<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Series<'_, A> {}

impl<'a, A> Series<'a, A> {
    /// That is not there.
    pub(super) fn none() -> Self {
        Self { view: None, step: 0, sample: 0 }
    }

    /// `[time, batch, units]`.
    pub(super) fn rows(view: View<'a, A>, extent: Extent) -> Self {
        Self { view: Some(view), step: extent.row(), sample: extent.units }
    }

    /// One part of `[time, batch, 2, units]`.
    pub(super) fn part(view: View<'a, A>, part: usize, extent: Extent) -> Self {
        let units = extent.units;
        Self { view: Some(view.from(part * units)), step: 2 * extent.row(), sample: 2 * units }
    }

    pub(super) fn is_there(&self) -> bool {
        self.view.is_some()
    }

    /// Its row `time`.
    pub(super) fn at(&self, time: usize) -> SampleRows<'a, A> {
        SampleRows { view: self.view.map(|view| view.from(time * self.step)), sample: self.sample }
    }

    /// Pointer, distance between steps, distance between samples.
    pub(super) fn arguments(&self) -> Result<[Argument<'a, A>; 3]> {
        Ok([
            pointer(self.view),
            Argument::distance("the length of a step", self.step)?,
            Argument::distance("the length of a sample", self.sample)?,
        ])
    }
}

/// A field of all samples, `[batch, units]`, whose rows may lie apart; or nothing.
#[derive(Debug)]
pub(super) struct SampleRows<'a, A> {
    pub(super) view: Option<View<'a, A>>,
    pub(super) sample: usize,
}

impl<'a, A> SampleRows<'a, A> {
    /// That is not there.
    pub(super) fn none() -> Self {
        Self { view: None, sample: 0 }
    }

    /// `[batch, units]`.
    pub(super) fn rows(view: View<'a, A>, units: usize) -> Self {
        Self { view: Some(view), sample: units }
    }

    /// Pointer and distance between samples.
    pub(super) fn arguments(&self) -> Result<[Argument<'a, A>; 2]> {
        Ok([pointer(self.view), Argument::distance("the length of a sample", self.sample)?])
    }
}

/// What a forward pass writes, or, of the same shape, the gradients of that.
#[derive(Debug)]
pub(super) struct Rows<'a, A> {
    pub(super) positions: Series<'a, A>,
    pub(super) velocities: Series<'a, A>,
    /// `[batch, units]`.
    pub(super) last_position: Option<View<'a, A>>,
    /// `[batch, units]`.
    pub(super) last_velocity: Option<View<'a, A>>,
}

impl<'a, A> Rows<'a, A> {
    /// The parts of a result of [`crate::Cell::forward`].
    pub(super) fn of_result(record: Record, result: View<'a, A>, extent: Extent) -> Self {
        let nothing = Self {
            positions: Series::none(),
            velocities: Series::none(),
            last_position: None,
            last_velocity: None,
        };
        match record {
            Record::States => Self {
                positions: Series::part(result, 0, extent),
                velocities: Series::part(result, 1, extent),
                ..nothing
            },
            Record::Positions => Self { positions: Series::rows(result, extent), ..nothing },
            Record::Velocities => Self {
                velocities: Series::rows(result, extent),
                last_position: Some(result.from(extent.steps * extent.row())),
                ..nothing
            },
            Record::Last => Self {
                last_position: Some(result),
                last_velocity: Some(result.from(extent.row())),
                ..nothing
            },
        }
    }
}

/// What the backward pass reads of a trajectory.
#[derive(Debug)]
pub(super) struct Tape<'a, A> {
    /// Not there: they are recovered from the last one.
    pub(super) positions: Series<'a, A>,
    pub(super) velocities: Series<'a, A>,
    /// `[batch, units]`.
    pub(super) last_position: Option<View<'a, A>>,
}
