//! Where frames come from.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{Error, Result, check_length};
use crate::render::{PixelValue, Renderer};
use crate::scenes::Scenes;
use crate::spec::Split;
use crate::trajectories::Trajectories;

/// A set of trajectories whose frames can be read in any order, from any thread.
pub trait FrameSource: Send + Sync {
    /// Number of trajectories.
    fn trajectories(&self) -> usize;

    /// Number of frames in the shortest trajectory.
    fn frames(&self) -> usize;

    /// Rows, columns and channels of a frame.
    fn frame_shape(&self) -> [usize; 3];

    /// The part of a data set that these are, if the source knows.
    fn split(&self) -> Option<Split> {
        None
    }

    /// Reads the frames `start..start + count` of a trajectory into `out`, axes
    /// `[time, row, column, channel]`, values in 0..1.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory or frame, [`Error::BufferLength`] if
    /// `out` does not have the length that its axes ask for; errors of the file behind the source.
    fn read(&self, trajectory: usize, start: usize, count: usize, out: &mut [f32]) -> Result<()>;

    /// What the frames `start..start + count` of a trajectory show, for whoever draws them elsewhere; none if the source
    /// holds pictures, which are read.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory or frame; errors of the file behind the source.
    fn scenes(&self, trajectory: usize, start: usize, count: usize) -> Result<Option<Scenes>> {
        let _ = (trajectory, start, count);
        Ok(None)
    }
}

/// Checks which frames are asked for.
pub(crate) fn check_window(
    source: &(impl FrameSource + ?Sized),
    trajectory: usize,
    start: usize,
    count: usize,
) -> Result<()> {
    let within = |axis, start: usize, count: usize, length| match start.checked_add(count) {
        Some(end) if end <= length => Ok(()),
        end => Err(Error::OutOfRange { axis, start, end: end.unwrap_or(usize::MAX), length }),
    };
    within("trajectory", trajectory, 1, source.trajectories())?;
    within("frame", start, count, source.frames())
}

/// Checks the arguments of [`FrameSource::read`].
pub(crate) fn check_request(
    source: &(impl FrameSource + ?Sized),
    trajectory: usize,
    start: usize,
    count: usize,
    out: &[f32],
) -> Result<()> {
    check_window(source, trajectory, start, count)?;
    let expected = count * source.frame_shape().iter().product::<usize>();
    check_length("frames", "[time, row, column, channel]", expected, out.len())
}

/// Trajectories whose pictures are drawn when they are asked for.
///
/// Pictures are a pure function of the states, and 1500 times larger.
#[derive(Debug, Clone)]
pub struct RenderedTrajectories {
    trajectories: Arc<Trajectories>,
    renderer: Renderer,
}

impl RenderedTrajectories {
    /// Pictures of 32 x 32 pixels.
    #[must_use]
    pub fn new(trajectories: Arc<Trajectories>) -> Self {
        let spec = trajectories.spec();
        let renderer = Renderer::new(spec.system, spec.variant);
        Self { trajectories, renderer }
    }

    /// The same pictures with another number of rows and columns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if the resolution is out of range.
    pub fn with_resolution(self, resolution: usize) -> Result<Self> {
        Ok(Self { renderer: self.renderer.with_resolution(resolution)?, ..self })
    }

    /// The states behind the pictures.
    #[must_use]
    pub fn states(&self) -> &Trajectories {
        &self.trajectories
    }

    /// Draws all frames of some trajectories as bytes or in 0..1, axes
    /// `[trajectory, frame, row, column, channel]`, in parallel and without allocation.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory, [`Error::BufferLength`] if `out` does
    /// not have the length that its axes ask for.
    pub fn draw<T: PixelValue>(&self, trajectories: Range<usize>, out: &mut [T]) -> Result<()> {
        draw(&self.trajectories, &self.renderer, trajectories, out)
    }
}

/// Draws all frames of some trajectories, axes `[trajectory, frame, row, column, channel]`.
pub(crate) fn draw<T: PixelValue>(
    set: &Trajectories,
    renderer: &Renderer,
    range: Range<usize>,
    out: &mut [T],
) -> Result<()> {
    let trajectory_len = set.spec().frames * renderer.frame_len();
    let axes = "[trajectory, frame, row, column, channel]";
    check_length("pictures", axes, range.len() * trajectory_len, out.len())?;
    out.par_chunks_exact_mut(trajectory_len).enumerate().try_for_each(|(index, out)| {
        let trajectory = range.start + index;
        renderer.frames(set.trajectory(trajectory)?, &set.appearance(trajectory)?, out)
    })
}

impl FrameSource for RenderedTrajectories {
    fn split(&self) -> Option<Split> {
        Some(self.trajectories.spec().split)
    }

    fn trajectories(&self) -> usize {
        self.trajectories.len()
    }

    fn frames(&self) -> usize {
        self.trajectories.spec().frames
    }

    fn frame_shape(&self) -> [usize; 3] {
        self.renderer.frame_shape()
    }

    fn read(&self, trajectory: usize, start: usize, count: usize, out: &mut [f32]) -> Result<()> {
        check_request(self, trajectory, start, count, out)?;
        let appearance = self.trajectories.appearance(trajectory)?;
        for (time, frame) in out.chunks_exact_mut(self.renderer.frame_len()).enumerate() {
            let state = self.trajectories.state(trajectory, start + time)?;
            self.renderer.frame(state, &appearance, frame)?;
        }
        Ok(())
    }

    fn scenes(&self, trajectory: usize, start: usize, count: usize) -> Result<Option<Scenes>> {
        check_window(self, trajectory, start, count)?;
        let dimension = self.trajectories.spec().system.state_dimension();
        let states = self.trajectories.trajectory(trajectory)?;
        let states = &states[start * dimension..(start + count) * dimension];
        self.renderer.scenes(states, &self.trajectories.appearance(trajectory)?).map(Some)
    }
}
