//! Arrays in HDF5 files.

use std::path::Path;

use super::array_file::{ArrayFile, CHECK};
use super::axes::Axes;
use crate::error::Result;
use crate::hdf5_file::{Author, Numbers, Reader};

/// An array in an HDF5 file.
pub(super) struct Hdf5Array(Numbers);

impl Hdf5Array {
    /// Opens an array of a file: the named one, or the only one of numbers with as many axes as there are in `axes`, or
    /// with three or four.
    pub(super) fn open(path: &Path, name: Option<&str>, axes: Option<&Axes>) -> Result<Self> {
        let file = Reader::open(path, Author::Anybody, CHECK)?;
        if let Some(name) = name {
            return Ok(Self(file.numbers(name)?));
        }
        let fits = |numbers: &Numbers| match axes {
            Some(axes) => numbers.shape().len() == axes.rank(),
            None => matches!(numbers.shape().len(), 3 | 4),
        };
        let mut names = file.names()?;
        names.sort_unstable();
        // What is not of numbers is no candidate.
        let candidates = names.iter().filter_map(|name| Some((name, file.numbers(name).ok()?)));
        let mut candidates: Vec<_> = candidates.filter(|(_, numbers)| fits(numbers)).collect();
        if let (Some((_, only)), 1) = (candidates.pop(), candidates.len() + 1) {
            return Ok(Self(only));
        }
        let names: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
        let found = match names.as_slice() {
            [] => "no array".to_owned(),
            names => format!("the arrays {}", names.join(", ")),
        };
        let expected = "one of numbers [trial,time,row,column] or [time,row,column], or the name of one (--dataset)";
        Err(file.content("file", found, expected))
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
