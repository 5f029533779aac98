//! Frames from a user's own HDF5 file.

use std::path::Path;

use crate::arrays::Element;
use crate::error::{Error, Result};
use crate::hdf5_file::{Array, Author, Reader};
use crate::source::{FrameSource, check_request};
use crate::spec::Split;
use crate::store;

/// Advice at the end of messages about such files.
const CHECK: &str = "check the file, for example with h5dump or h5py";

/// Axes of the array, for messages.
const AXES: &str = "[trajectory, time, row, column, channel] of u8, or of f32 or f64 in 0..1";

/// A source of frames in an HDF5 file: one array with the axes
/// `[trajectory, time, row, column, channel]`, of `u8` (0 to 255) or of `f32` or `f64` in 0..1.
///
/// Any layout, byte order and compression by deflate is read. The file stays open; only what is
/// asked for is read. A file that nobody vouches for should be examined first: see [`foreign`](crate::foreign).
pub struct FramesFile {
    array: Array,
    trajectories: usize,
    frames: usize,
    frame_shape: [usize; 3],
    split: Option<Split>,
}

impl std::fmt::Debug for FramesFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FramesFile").field("shape", &self.array.shape()).finish()
    }
}

impl FramesFile {
    /// Path of the array inside the file, where nothing else is said.
    pub const DEFAULT_DATASET: &'static str = "/frames";

    /// Opens the array `dataset` of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be opened, [`Error::Content`] if it is not HDF5 or the
    /// array is absent, empty, or has another number of axes or another type.
    pub fn open(path: &Path, dataset: &str) -> Result<Self> {
        let file = Reader::open(path, Author::Anybody, CHECK)?;
        let split = store::split_of(&file);
        let array = file.array(dataset)?;
        let &[trajectories, frames, rows, columns, channels] = array.shape() else {
            return Err(array.content(format!("shape {:?}", array.shape()), AXES));
        };
        if array.shape().contains(&0) {
            return Err(array.content(format!("shape {:?}", array.shape()), "no empty axis"));
        }
        if array.element() == Element::U32 {
            return Err(array.content("u32", AXES));
        }
        let values = array.shape().iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        if values.is_none_or(|values| values > isize::MAX as usize / size_of::<f32>()) {
            return Err(array.content(format!("shape {:?}", array.shape()), "a possible size"));
        }
        Ok(Self { array, trajectories, frames, frame_shape: [rows, columns, channels], split })
    }
}

impl FrameSource for FramesFile {
    /// What a file of this crate says; others do not know.
    fn split(&self) -> Option<Split> {
        self.split
    }

    fn trajectories(&self) -> usize {
        self.trajectories
    }

    fn frames(&self) -> usize {
        self.frames
    }

    fn frame_shape(&self) -> [usize; 3] {
        self.frame_shape
    }

    fn read(&self, trajectory: usize, start: usize, count: usize, out: &mut [f32]) -> Result<()> {
        check_request(self, trajectory, start, count, out)?;
        let [rows, columns, channels] = self.frame_shape;
        let starts = [trajectory, start, 0, 0, 0];
        let counts = [1, count, rows, columns, channels];
        match self.array.element() {
            Element::U8 => {
                for (value, byte) in out.iter_mut().zip(self.array.read_u8(&starts, &counts)?) {
                    *value = f32::from(byte) / 255.0;
                }
                return Ok(());
            }
            Element::F32 => out.copy_from_slice(&self.array.read_f32(&starts, &counts)?),
            Element::F64 | Element::U32 => {
                for (value, double) in out.iter_mut().zip(self.array.read_f64(&starts, &counts)?) {
                    *value = double as f32;
                }
            }
        }
        self.check_range(trajectory, start, out)
    }
}

impl FramesFile {
    /// Refuses values outside 0..1, which would spoil a training silently.
    fn check_range(&self, trajectory: usize, start: usize, values: &[f32]) -> Result<(), Error> {
        match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            None => Ok(()),
            Some(position) => {
                let frame = start + position / self.frame_shape.iter().product::<usize>();
                Err(self.array.content(
                    format!("value {} in trajectory {trajectory}, frame {frame}", values[position]),
                    "values in 0..1 (store 0 to 255 as u8, or divide by 255)",
                ))
            }
        }
    }
}
