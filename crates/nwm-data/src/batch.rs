//! One training batch, with its frames or with what they show.

use crate::scenes::Scenes;

/// One training batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The number of the batch, from 0.
    pub step: u64,
    /// The frames, axes `[time, batch, row, column, channel]`, values in 0..1.
    pub frames: BatchFrames,
    /// The lengths of those axes.
    pub shape: [usize; 5],
    /// Trajectory and first frame of every window, axis `[batch]`.
    pub items: Vec<(usize, usize)>,
}

/// The frames of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchFrames {
    /// Their values in 0..1, axes `[time, batch, row, column, channel]`.
    Values(Vec<f32>),
    /// What they show, for whoever draws them, axes `[time, batch]`: see
    /// [`Loader::with_scenes`](crate::Loader::with_scenes).
    Scenes(Scenes),
}

impl BatchFrames {
    /// The values in 0..1, axes `[time, batch, row, column, channel]`; drawn here if they are not yet.
    #[must_use]
    pub fn into_values(self) -> Vec<f32> {
        match self {
            Self::Values(values) => values,
            Self::Scenes(scenes) => scenes.draw(),
        }
    }
}
