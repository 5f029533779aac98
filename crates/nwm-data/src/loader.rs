//! Training batches: which windows they hold, and the loader that hands them out in order.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::{Batch, BatchFrames};
use crate::epochs::{Epochs, check_batch_size};
use crate::error::{Error, Result};
use crate::prefetch::Prefetcher;
use crate::scenes::Scenes;
use crate::split_frames::{SplitFrames, Training};
use crate::stream::Stream;
use crate::window::check_fits;

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoaderOptions {
    /// Windows per batch.
    pub batch_size: usize,
    /// Frames per window.
    pub window: usize,
    /// Seed of the order of the trajectories and of the starts of the windows.
    pub seed: u64,
    /// Threads that prepare batches ahead. With 0 a batch is prepared when it is asked for. The
    /// number has no influence on the batches.
    pub workers: usize,
    /// Most batches that wait ready. With 0 a batch is prepared when it is asked for. Each takes
    /// `4 x window x batch_size x values per frame` bytes, or about a hundredth of it with scenes.
    pub prefetch: usize,
}

impl Default for LoaderOptions {
    /// Batches of 32 windows of 60 frames, as the published forecasters are trained; one thread
    /// that stays two batches ahead.
    fn default() -> Self {
        Self { batch_size: 32, window: 60, seed: 0, workers: 1, prefetch: 2 }
    }
}

/// The position of a loader. It fits into a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The batch that comes next.
    pub step: u64,
}

/// Hands out an endless sequence of batches, prepared ahead on threads of its own.
///
/// Batch `k` is a function of the source, the seed and `k` alone: trajectories come in an order
/// that is drawn anew for every epoch, batches follow each other without gap (so a batch may span
/// two epochs and no trajectory is dropped), and each window starts uniformly among the frames
/// where it fits. Dropping the loader stops its threads.
///
/// ```
/// use std::sync::Arc;
/// use nwm_data::{
///     DatasetSpec, Loader, LoaderOptions, RenderedTrajectories, Split, SplitFrames, System,
/// };
/// # fn main() -> Result<(), nwm_data::Error> {
/// let spec = DatasetSpec { frames: 20, ..DatasetSpec::new(System::MassSpring, Split::Train, 8) };
/// let source = RenderedTrajectories::new(Arc::new(nwm_data::generate(&spec)?));
/// let options = LoaderOptions { batch_size: 4, window: 10, ..LoaderOptions::default() };
/// let mut loader = Loader::new(SplitFrames::new(Arc::new(source))?, options)?;
/// let batch = loader.next_batch()?;
/// assert_eq!(batch.shape, [10, 4, 32, 32, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Loader {
    plan: Arc<Plan>,
    next: u64,
    prefetcher: Option<Prefetcher>,
}

impl Loader {
    /// A loader that starts with batch 0. Its threads start with the first batch.
    ///
    /// # Errors
    ///
    /// [`Error::EmptySource`], [`Error::WindowTooLong`], or [`Error::InvalidSetting`] if the batch
    /// size or the window is 0.
    pub fn new(frames: SplitFrames<Training>, options: LoaderOptions) -> Result<Self> {
        Ok(Self { plan: Arc::new(Plan::new(frames, options)?), next: 0, prefetcher: None })
    }

    /// The same loader, at the same position, whose batches carry [`Scenes`] instead of values, for whoever draws them on a
    /// GPU. Sources that hold pictures and no states go on with values.
    #[must_use]
    pub fn with_scenes(self) -> Self {
        let plan = Plan { carries_scenes: true, ..Plan::clone(&self.plan) };
        Self { plan: Arc::new(plan), next: self.next, prefetcher: None }
    }

    /// The next batch.
    ///
    /// # Errors
    ///
    /// Those of [`FrameSource::read`](crate::FrameSource::read), also when they arise on another thread, and
    /// [`Error::Worker`] if a thread could not be started or panicked. The position stays, so that
    /// the next call tries the same batch again.
    pub fn next_batch(&mut self) -> Result<Batch> {
        let LoaderOptions { workers, prefetch, .. } = self.plan.options;
        let batch = if workers == 0 || prefetch == 0 {
            self.plan.batch(self.next)?
        } else {
            let prefetcher = match &mut self.prefetcher {
                Some(prefetcher) => prefetcher,
                empty => empty.insert(Prefetcher::start(&self.plan, self.next)?),
            };
            prefetcher.take(self.next)?
        };
        self.next = self.next.wrapping_add(1);
        Ok(batch)
    }

    /// The position: the batch that comes next.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor { step: self.next }
    }

    /// Moves to another position.
    pub fn seek(&mut self, cursor: &Cursor) {
        self.next = cursor.step;
        if let Some(prefetcher) = &self.prefetcher {
            prefetcher.seek(self.next);
        }
    }

    /// Batches that wait ready: with enough workers as many as [`LoaderOptions::prefetch`].
    #[must_use]
    pub fn ready(&self) -> usize {
        self.prefetcher.as_ref().map_or(0, Prefetcher::ready)
    }

    /// How batches are made.
    #[must_use]
    pub fn options(&self) -> &LoaderOptions {
        &self.plan.options
    }
}

/// Which windows belong to which batch.
#[derive(Clone)]
pub(crate) struct Plan {
    frames: SplitFrames<Training>,
    pub(crate) options: LoaderOptions,
    epochs: Arc<Epochs>,
    /// Whether batches carry scenes where the source has them.
    carries_scenes: bool,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Plan").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Plan {
    fn new(frames: SplitFrames<Training>, options: LoaderOptions) -> Result<Self> {
        let source = frames.source();
        let Some(trajectories) = NonZeroUsize::new(source.trajectories()) else {
            return Err(Error::EmptySource);
        };
        check_fits("train.window", options.window, source.frames())?;
        let [rows, columns, channels] = source.frame_shape();
        check_batch_size(options.batch_size, &[options.window, rows, columns, channels])?;
        let epochs = Arc::new(Epochs::new(trajectories));
        Ok(Self { frames, options, epochs, carries_scenes: false })
    }

    /// Trajectory and first frame of every window of batch `step`.
    fn items(&self, step: u64) -> Vec<(usize, usize)> {
        let LoaderOptions { batch_size, window, seed, .. } = self.options;
        let starts = self.frames.source().frames() - window + 1;
        let trajectories = self.epochs.batch(seed, step, batch_size);
        let windows = trajectories.into_iter().zip(0_u64..).map(|(trajectory, item)| {
            let mut stream = Stream::new("nwm-data/training window", &[seed, step, item]);
            (trajectory, stream.below(starts))
        });
        windows.collect()
    }

    /// Batch number `step`.
    pub(crate) fn batch(&self, step: u64) -> Result<Batch> {
        let LoaderOptions { batch_size, window, .. } = self.options;
        let [rows, columns, channels] = self.frames.source().frame_shape();
        let items = self.items(step);
        let frames = match self.scenes(&items)? {
            Some(scenes) => BatchFrames::Scenes(scenes),
            None => BatchFrames::Values(self.values(&items, rows * columns * channels)?),
        };
        Ok(Batch { step, frames, shape: [window, batch_size, rows, columns, channels], items })
    }

    /// What the windows show, axes `[time, batch]`, if that is wanted and the source knows it.
    fn scenes(&self, items: &[(usize, usize)]) -> Result<Option<Scenes>> {
        if !self.carries_scenes {
            return Ok(None);
        }
        let source = self.frames.source();
        let mut windows = Vec::with_capacity(items.len());
        for &(trajectory, start) in items {
            match source.scenes(trajectory, start, self.options.window)? {
                Some(window) => windows.push(window),
                None => return Ok(None),
            }
        }
        Ok(Scenes::time_first(&windows))
    }

    /// The frames of the windows, axes `[time, batch, value]`, of which a frame has so many.
    fn values(&self, items: &[(usize, usize)], values: usize) -> Result<Vec<f32>> {
        let LoaderOptions { batch_size, window, .. } = self.options;
        let mut frames = vec![0.0; window * batch_size * values];
        // Windows are read one by one, since sources are fastest along time; batches are stored
        // time first, since models consume them so.
        let mut window_frames = vec![0.0; window * values];
        for (item, &(trajectory, start)) in items.iter().enumerate() {
            self.frames.source().read(trajectory, start, window, &mut window_frames)?;
            for (time, frame) in window_frames.chunks_exact(values).enumerate() {
                let place = (time * batch_size + item) * values;
                frames[place..place + values].copy_from_slice(frame);
            }
        }
        Ok(frames)
    }
}
