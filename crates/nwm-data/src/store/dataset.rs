//! A data set in a file, read as it is needed.

use std::path::Path;

use super::layout::{self, FRAMES};
use super::metadata::{Metadata, Origin};
use crate::appearances::Appearances;
use crate::arrays::{REGENERATE, StoredArray};
use crate::error::{Error, Result};
use crate::hdf5_file::{Author, Reader};
use crate::render::{Appearance, Renderer};
use crate::scenes::Scenes;
use crate::source::{FrameSource, check_request};
use crate::spec::{DatasetSpec, Split};
use crate::trajectories::Trajectories;

/// A data set in a file whose states are read when they are asked for, so that it may be larger than the memory.
///
/// Opening reads and verifies everything but the states and the pictures. Frames are drawn from the states, whether or
/// not the file holds pictures: they are the same, and drawing is faster than decompressing.
///
/// ```
/// use nwm_data::{DatasetSpec, FrameSource, Split, System, store};
///
/// # fn main() -> Result<(), nwm_data::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("pendulum.h5");
/// let spec = DatasetSpec { frames: 20, ..DatasetSpec::new(System::Pendulum, Split::Train, 4) };
/// store::write(&path, &nwm_data::generate(&spec)?, store::WriteOptions::default())?;
///
/// let set = store::Dataset::open(&path)?;
/// let mut window = vec![0.0; 5 * 32 * 32 * 3];
/// set.read(3, 10, 5, &mut window)?; // trajectory 3, frames 10..15
/// # Ok(())
/// # }
/// ```
pub struct Dataset {
    file: Reader,
    metadata: Metadata,
    states: StoredArray,
    appearances: Appearances,
    renderer: Renderer,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dataset").field("spec", self.spec()).finish_non_exhaustive()
    }
}

impl Dataset {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be opened, [`Error::Content`] if it is not a complete data set of this version
    /// and generator, or anything but the states and the pictures is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let file = Reader::open(path, Author::ThisCrate, REGENERATE)?;
        let metadata = Metadata::read(&file)?;
        if !metadata.origin.is_current() {
            let (found, expected) = (metadata.origin.to_string(), Origin::current().to_string());
            return Err(file.content("metadata origin", found, expected));
        }
        let spec = &metadata.dataset;
        let array = |name: &str| {
            let layout = layout::arrays(spec).into_iter().find(|layout| layout.name() == name);
            layout.map(|layout| StoredArray::open(&file, &metadata.arrays, layout)).transpose()
        };
        let doubles = |name| array(name)?.map_or(Ok(Vec::new()), |array| array.numbers::<f64>());
        let times = doubles("times")?;
        for (frame, &time) in times.iter().enumerate() {
            if time != spec.time(frame) {
                let place = format!("dataset /times[{frame}]");
                let expected = format!("{} (frame x dt)", spec.time(frame));
                return Err(file.content(place, time.to_string(), expected));
            }
        }
        let colour_indices =
            array("colour_indices")?.map_or(Ok(Vec::new()), |array| array.numbers())?;
        let appearances =
            Appearances::new(spec, doubles("parameters")?, doubles("offsets")?, colour_indices)?;
        let Some(states) = array("states")? else {
            return Err(file.content("metadata dataset", "no states", "at least one trajectory"));
        };
        let renderer = Renderer::new(spec.system, spec.variant);
        Ok(Self { states, appearances, renderer, metadata, file })
    }

    /// Which data set this is.
    #[must_use]
    pub const fn spec(&self) -> &DatasetSpec {
        &self.metadata.dataset
    }

    /// Where the numbers come from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.metadata.origin
    }

    /// Parameters and appearance of a trajectory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory.
    pub fn appearance(&self, trajectory: usize) -> Result<Appearance<'_>> {
        self.appearances.of(trajectory)
    }

    /// Reads the states of the frames `start..start + count` of a trajectory, axes `[frame, dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory or frame, [`Error::Content`] if the file is damaged there.
    pub fn states(&self, trajectory: usize, start: usize, count: usize) -> Result<Vec<f64>> {
        let DatasetSpec { system, trajectories, frames, .. } = *self.spec();
        for (axis, start, count, length) in
            [("trajectory", trajectory, 1, trajectories), ("frame", start, count, frames)]
        {
            let end = start.saturating_add(count);
            if end > length {
                return Err(Error::OutOfRange { axis, start, end, length });
            }
        }
        let counts = [1, count, system.state_dimension()];
        self.states.array.read_f64(&[trajectory, start, 0], &counts)
    }

    /// Reads the whole set into memory and verifies it.
    ///
    /// # Errors
    ///
    /// [`Error::Content`] if the states are damaged.
    pub fn load(&self) -> Result<Trajectories> {
        let states = self.states.numbers()?;
        Trajectories::new(self.spec().clone(), states, self.appearances.clone())
    }

    /// Verifies the states and, if the file holds them, the pictures.
    ///
    /// # Errors
    ///
    /// [`Error::Content`] if they are damaged.
    pub fn verify(&self) -> Result<()> {
        self.states.verify()?;
        self.pictures()?.map_or(Ok(()), |pictures| pictures.verify())
    }

    /// The stored pictures, if the file holds them.
    pub(super) fn pictures(&self) -> Result<Option<StoredArray>> {
        let Some(record) = self.metadata.arrays.get(FRAMES) else { return Ok(None) };
        let &[_, _, rows, columns, _] = record.shape.as_slice() else {
            let found = format!("{} axes", record.shape.len());
            return Err(self.file.content("metadata of dataset frames", found, "5 axes"));
        };
        let layout = layout::frames(self.spec(), [rows, columns]);
        StoredArray::open(&self.file, &self.metadata.arrays, layout).map(Some)
    }
}

impl FrameSource for Dataset {
    fn split(&self) -> Option<Split> {
        Some(self.spec().split)
    }

    fn trajectories(&self) -> usize {
        self.spec().trajectories
    }

    fn frames(&self) -> usize {
        self.spec().frames
    }

    fn frame_shape(&self) -> [usize; 3] {
        self.renderer.frame_shape()
    }

    fn read(&self, trajectory: usize, start: usize, count: usize, out: &mut [f32]) -> Result<()> {
        check_request(self, trajectory, start, count, out)?;
        let states = self.states(trajectory, start, count)?;
        self.renderer.frames(&states, &self.appearance(trajectory)?, out)
    }

    fn scenes(&self, trajectory: usize, start: usize, count: usize) -> Result<Option<Scenes>> {
        let states = self.states(trajectory, start, count)?;
        self.renderer.scenes(&states, &self.appearance(trajectory)?).map(Some)
    }
}

/// Reads a whole data set into memory and verifies version, names, shapes and digests. Pictures in the file are left
/// alone: they follow from the states.
///
/// # Errors
///
/// Those of [`Dataset::open`] and [`Dataset::load`].
pub fn read(path: &Path) -> Result<Trajectories> {
    Dataset::open(path)?.load()
}
