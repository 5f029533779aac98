//! Which units a cell has and which of them are neighbours.

use std::fmt;

/// How the sites of one map are arranged.
///
/// Flat unit order is channel, row, column (row-major), or channel, ring, position on the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topology {
    /// A rectangular grid that wraps around in both directions.
    Torus {
        /// Sites along the first axis.
        rows: usize,
        /// Sites along the second axis.
        columns: usize,
    },
    /// Independent rings: coupling runs along a ring, never between rings.
    Rings {
        /// How many rings there are.
        rings: usize,
        /// Sites on each ring.
        sites: usize,
    },
    /// Every unit coupled to every other one (the coRNN).
    Dense {
        /// How many units there are.
        units: usize,
    },
}

impl Topology {
    /// Sites of one map: rows × columns, rings × sites, or units.
    pub fn sites(&self) -> usize {
        match *self {
            Self::Torus { rows, columns } => rows * columns,
            Self::Rings { rings, sites } => rings * sites,
            Self::Dense { units } => units,
        }
    }

    /// Whether coupling is a local kernel rather than a matrix.
    pub fn is_local(&self) -> bool {
        !matches!(self, Self::Dense { .. })
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Torus { rows, columns } => write!(formatter, "{rows}x{columns} torus"),
            Self::Rings { rings, sites } => write!(formatter, "{rings} rings of {sites}"),
            Self::Dense { units } => write!(formatter, "{units} dense units"),
        }
    }
}
