//! What the axes of an array are.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// An axis of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Repetitions, each analysed by itself.
    Trial,
    /// Samples in time.
    Time,
    /// Sites from top to bottom.
    Row,
    /// Sites from left to right.
    Column,
}

impl Axis {
    /// All axes, in the order of a recording in memory.
    pub const ALL: [Self; 4] = [Self::Trial, Self::Time, Self::Row, Self::Column];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Time => "time",
            Self::Row => "row",
            Self::Column => "column",
        }
    }
}

/// The axes of an array, slowest first: each at most once, with time and one of row and column among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes(Vec<Axis>);

impl Axes {
    /// The axes of an array of which nothing is said: `[trial, time, row, column]`, and of fewer axes the last ones, or
    /// `[time, column]`. `None` if it has more than four or fewer than two.
    #[must_use]
    pub fn of_rank(rank: usize) -> Option<Self> {
        match rank {
            2 => Some(Self(vec![Axis::Time, Axis::Column])),
            3 | 4 => Some(Self(Axis::ALL[4 - rank..].to_vec())),
            _ => None,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The place of an axis, if it is there.
    #[must_use]
    pub fn place(&self, axis: Axis) -> Option<usize> {
        self.0.iter().position(|&other| other == axis)
    }

    /// The same axes, fastest first.
    pub(super) fn reversed(&self) -> Self {
        Self(self.0.iter().rev().copied().collect())
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|axis| axis.name()).collect();
        formatter.write_str(&names.join(","))
    }
}

impl FromStr for Axes {
    type Err = Error;

    /// Reads names between commas, such as `time,row,column`.
    fn from_str(text: &str) -> Result<Self> {
        let refused = || Error::InvalidSetting {
            key: "axes",
            found: text.to_owned(),
            expected: "trial, time, row and column in the order of the array, such as time,row,column: time and at least \
                       one of row and column, none twice",
        };
        let named = |name: &str| Axis::ALL.into_iter().find(|axis| axis.name() == name.trim());
        let axes: Option<Vec<Axis>> = text.split(',').map(named).collect();
        let axes = Self(axes.ok_or_else(refused)?);
        let once = (0..axes.rank()).all(|place| axes.place(axes.0[place]) == Some(place));
        let sites = [Axis::Row, Axis::Column].iter().any(|&axis| axes.place(axis).is_some());
        if once && sites && axes.place(Axis::Time).is_some() { Ok(axes) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for text in ["trial,time,row,column", "column,row,time", "time,column", "row,time"] {
            assert_eq!(text.parse::<Axes>().unwrap().to_string(), text);
        }
        let spaced: Axes = "time, row, column".parse().unwrap();
        assert_eq!(Some(spaced), Axes::of_rank(3));
        for text in ["", "time", "row,column", "time,row,row", "time,site", "time,row,", "time row"]
        {
            let error = text.parse::<Axes>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("axes: found {text}, expected trial")), "{error}");
        }
    }

    #[test]
    fn arrays_of_two_to_four_axes_have_some() {
        assert_eq!(Axes::of_rank(4).unwrap().to_string(), "trial,time,row,column");
        assert_eq!(Axes::of_rank(2).unwrap().to_string(), "time,column");
        assert_eq!(Axes::of_rank(2).unwrap().reversed().to_string(), "column,time");
        assert_eq!([0, 1, 5].map(Axes::of_rank), [None, None, None]);
    }
}
