//! Recordings, whatever file they are in.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::ops::Range;
use std::path::Path;

use super::array_file::{ArrayFile, content};
use super::axes::{Axes, Axis};
use super::hdf5::Hdf5Array;
use super::npy::{self, NpyArray};
use super::npz;
use crate::error::{Error, Result};
use crate::input_file::open_for_reading;

/// What is read of a file, where it does not say so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingOptions {
    /// The array in an NPZ or HDF5 file; none stands for the only one that can be a recording.
    pub dataset: Option<String>,
    /// The axes of the array, slowest first: as NumPy and h5py index it, the reverse of how MATLAB does; none stands for
    /// [`Axes::of_rank`].
    pub axes: Option<Axes>,
}

/// Activity on a grid of sites, in a file.
pub struct Recording {
    array: Box<dyn ArrayFile + Send>,
    /// The axes as they are stored, slowest first.
    axes: Axes,
    /// Lengths of trial, time, row, column; 1 where there is no such axis.
    lengths: [usize; 4],
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { axes, lengths, .. } = self;
        formatter.debug_struct("Recording").field("axes", axes).field("lengths", lengths).finish()
    }
}

/// What HDF5 files have at one of the places where they may begin.
const HDF5_MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Where an HDF5 file may begin, after what somebody else has written: MATLAB puts 512 bytes there.
const HDF5_STARTS: [u64; 6] = [0, 512, 1024, 2048, 4096, 8192];

/// Whether a file is HDF5. Such a file should be looked at by another process first if nobody vouches for it: see
/// [`foreign`](crate::foreign).
///
/// # Errors
///
/// [`Error::Io`] if it cannot be read.
pub fn is_hdf5(path: &Path) -> Result<bool> {
    let (mut file, _) = open_for_reading(path)?;
    Ok(HDF5_STARTS.iter().any(|&start| begins(&mut file, start, HDF5_MAGIC)))
}

/// Whether some bytes are at a place of a file.
fn begins(file: &mut File, start: u64, bytes: &[u8]) -> bool {
    let mut found = vec![0; bytes.len()];
    file.seek(std::io::SeekFrom::Start(start)).is_ok()
        && file.read_exact(&mut found).is_ok()
        && found == bytes
}

impl Recording {
    /// Opens a recording in an NPY, NPZ or HDF5 file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be opened, [`Error::Content`] if it is of no such kind, is damaged, has no such
    /// array, or the array is empty, not of numbers, or has another number of axes.
    pub fn open(path: &Path, options: &RecordingOptions) -> Result<Self> {
        let (mut file, length) = open_for_reading(path)?;
        let (name, axes) = (options.dataset.as_deref(), options.axes.as_ref());
        let npy = if begins(&mut file, 0, npy::MAGIC) {
            if let Some(name) = name {
                let found = format!("one array without a name, not {name}");
                return Err(content(path, "file", found, "no --dataset for an NPY file"));
            }
            Some(NpyArray::open(file, path, "file", 0, length)?)
        } else if begins(&mut file, 0, npz::MAGIC) {
            Some(npz::open(file, path, name, axes)?)
        } else {
            None
        };
        if let Some(array) = npy {
            let is_reversed = array.is_reversed();
            return Self::of(Box::new(array), path, axes, is_reversed);
        }
        if !is_hdf5(path)? {
            let found = format!("{length} bytes of something else");
            return Err(content(path, "file", found, "an NPY, NPZ or HDF5 file"));
        }
        Self::of(Box::new(Hdf5Array::open(path, name, axes)?), path, axes, false)
    }

    fn of(
        array: Box<dyn ArrayFile + Send>,
        path: &Path,
        axes: Option<&Axes>,
        is_reversed: bool,
    ) -> Result<Self> {
        let stored = array.shape();
        let axes = axes.cloned().or_else(|| Axes::of_rank(stored.len()));
        let mut shape = stored.to_vec();
        if is_reversed {
            shape.reverse();
        }
        let refused =
            |expected: String| content(path, "file", format!("shape {shape:?}"), expected);
        let axes = match axes {
            Some(axes) if axes.rank() == stored.len() => axes,
            Some(axes) => return Err(refused(format!("the axes {axes} (--axes)"))),
            None => {
                let expected =
                    "axes time,row,column or trial,time,row,column; name others with --axes";
                return Err(refused(expected.to_owned()));
            }
        };
        if stored.contains(&0) {
            return Err(refused("no empty axis".to_owned()));
        }
        let axes = if is_reversed { axes.reversed() } else { axes };
        let lengths = Axis::ALL.map(|axis| axes.place(axis).map_or(1, |place| stored[place]));
        Ok(Self { axes, lengths, array })
    }

    /// How many trials there are.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.lengths[0]
    }

    /// Samples of each trial.
    #[must_use]
    pub fn time(&self) -> usize {
        self.lengths[1]
    }

    /// The grid, `[rows, columns]`.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.lengths[2], self.lengths[3]]
    }

    /// Reads a part of a trial, `[time, row, column]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such part, [`Error::Io`] or [`Error::Content`] if it cannot be read.
    pub fn read(&mut self, trial: usize, time: Range<usize>) -> Result<Vec<f64>> {
        let [trials, samples, rows, columns] = self.lengths;
        check_range("trial", &(trial..trial.saturating_add(1)), trials)?;
        check_range("time", &time, samples)?;
        let (starts, counts) = ([trial, time.start, 0, 0], [1, time.len(), rows, columns]);
        let rank = self.axes.rank();
        let (mut stored_starts, mut stored_counts) = (vec![0; rank], vec![1; rank]);
        let places = Axis::ALL.map(|axis| self.axes.place(axis));
        for (index, place) in places.iter().enumerate() {
            if let Some(place) = *place {
                (stored_starts[place], stored_counts[place]) = (starts[index], counts[index]);
            }
        }
        let stored = self.array.read(&stored_starts, &stored_counts)?;
        // The distance of neighbours along an axis, where they are stored.
        let stride =
            |place: Option<usize>| place.map_or(0, |at| stored_counts[at + 1..].iter().product());
        let [_, along_time, along_rows, along_columns] = places.map(stride);
        let is_in_order =
            |length: usize, along: usize, wanted: usize| length == 1 || along == wanted;
        if is_in_order(columns, along_columns, 1)
            && is_in_order(rows, along_rows, columns)
            && is_in_order(time.len(), along_time, rows * columns)
        {
            return Ok(stored);
        }
        let mut values = Vec::with_capacity(stored.len());
        for t in 0..time.len() {
            for row in 0..rows {
                let first = t * along_time + row * along_rows;
                values.extend((0..columns).map(|column| stored[first + column * along_columns]));
            }
        }
        Ok(values)
    }
}

fn check_range(axis: &'static str, range: &Range<usize>, length: usize) -> Result<()> {
    if range.start <= range.end && range.end <= length {
        return Ok(());
    }
    Err(Error::OutOfRange { axis, start: range.start, end: range.end, length })
}
