//! Arrays in HDF5 files.

use std::path::Path;

use super::array_file::{ArrayFile, CHECK, only_recording};
use super::axes::Axes;
use crate::error::Result;
use crate::hdf5_file::{Author, Numbers, Reader};

/// An array in an HDF5 file.
pub(super) struct Hdf5Array(Numbers);

impl Hdf5Array {
    /// Opens an array of a file: the named one, or the only one that can be a recording.
    pub(super) fn open(path: &Path, name: Option<&str>, axes: Option<&Axes>) -> Result<Self> {
        let file = Reader::open(path, Author::Anybody, CHECK)?;
        if let Some(name) = name {
            return Ok(Self(file.numbers(name)?));
        }
        let mut names = file.names()?;
        names.sort_unstable();
        // What is not of numbers is no candidate.
        let rank =
            |name: String| Some((format!("/{name}"), file.numbers(&name).ok()?.shape().len()));
        let arrays: Vec<(String, usize)> = names.into_iter().filter_map(rank).collect();
        Ok(Self(file.numbers(only_recording(path, &arrays, axes)?)?))
    }
}

impl ArrayFile for Hdf5Array {
    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn read(&mut self, starts: &[usize], counts: &[usize]) -> Result<Vec<f64>> {
        self.0.read(starts, counts)
    }
}
