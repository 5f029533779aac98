//! Recordings of activity on a grid, in files that others wrote: NPY, NPZ and HDF5, which MATLAB 7.3 and NWB files are, too.
//!
//! ```
//! use nwm_data::recording::{Recording, RecordingOptions};
//!
//! # fn main() -> Result<(), nwm_data::Error> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("recording.npy");
//! # let header = "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 1, 2), }\n";
//! # let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
//! # bytes.extend((header.len() as u16).to_le_bytes());
//! # bytes.extend(header.as_bytes());
//! # bytes.extend((0..6_i16).flat_map(i16::to_le_bytes));
//! # std::fs::write(&path, bytes).unwrap();
//! let mut recording = Recording::open(&path, &RecordingOptions::default())?;
//! assert_eq!((recording.trials(), recording.time(), recording.size()), (1, 3, [1, 2]));
//! assert_eq!(recording.read(0, 1..3)?, [2.0, 3.0, 4.0, 5.0]);
//! # Ok(())
//! # }
//! ```
//!
//! Only what is asked for is read. Numbers are whole or real, of any size and byte order; NPY files may be in either order
//! of axes.

mod array_file;
mod axes;
mod hdf5;
mod npy;
mod npz;
mod open;

pub use axes::{Axes, Axis};
pub use open::{Recording, RecordingOptions, is_hdf5};
