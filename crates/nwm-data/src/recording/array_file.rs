//! An array in a file of any kind.

use std::path::Path;

use super::axes::Axes;
use crate::error::{Error, Result};

/// Advice at the end of messages about such files.
pub(super) const CHECK: &str = "check the file where it was written";

/// An array of numbers in a file.
pub(super) trait ArrayFile {
    /// Lengths of the axes, slowest first.
    fn shape(&self) -> &[usize];

    /// Reads the block of `counts` elements per axis from `starts`, in row-major order.
    fn read(&mut self, starts: &[usize], counts: &[usize]) -> Result<Vec<f64>>;
}

/// An error about the content of a file.
pub(super) fn content(
    path: &Path,
    place: impl Into<String>,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Error {
    Error::Content {
        path: path.to_path_buf(),
        place: place.into(),
        found: found.into(),
        expected: expected.into(),
        advice: CHECK,
    }
}

/// The only one of the arrays `(name, number of axes)` of a file that can be a recording: with as many axes as there are
/// given, or else with three or four, or, if there is none of these, with two.
pub(super) fn only_recording<'a>(
    path: &Path,
    arrays: &'a [(String, usize)],
    axes: Option<&Axes>,
) -> Result<&'a str> {
    let ranks: Vec<std::ops::RangeInclusive<usize>> = match axes {
        Some(axes) => vec![axes.rank()..=axes.rank()],
        None => vec![3..=4, 2..=2],
    };
    for ranks in ranks {
        let mut fitting = arrays.iter().filter(|(_, rank)| ranks.contains(rank));
        match (fitting.next(), fitting.next()) {
            (Some((name, _)), None) => return Ok(name),
            (None, _) => {}
            (Some(_), Some(_)) => break,
        }
    }
    let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let found = match names.as_slice() {
        [] => "no array of numbers".to_owned(),
        names => format!("the arrays {}", names.join(", ")),
    };
    let expected =
        "one [trial,time,row,column] or [time,row,column], or the name of one (--dataset)";
    Err(content(path, "file", found, expected))
}
