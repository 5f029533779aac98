//! Which units a cell has and which of them are neighbours.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

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

impl FromStr for Topology {
    type Err = Error;

    /// Reads `torus:ROWSxCOLUMNS`, `rings:RINGSxSITES` or `dense:UNITS`.
    ///
    /// # Errors
    /// [`Error::UnknownTopology`] for anything else. Sizes are checked by
    /// [`CellConfig::validate`](crate::CellConfig::validate).
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownTopology { found: text.to_owned() };
        let (kind, sizes) = text.split_once(':').ok_or_else(unknown)?;
        let number = |digits: &str| digits.parse::<usize>().map_err(|_| unknown());
        let sides = || {
            let (one, other) = sizes.split_once('x').ok_or_else(unknown)?;
            Ok((number(one)?, number(other)?))
        };
        match kind {
            "torus" => sides().map(|(rows, columns)| Self::Torus { rows, columns }),
            "rings" => sides().map(|(rings, sites)| Self::Rings { rings, sites }),
            "dense" => Ok(Self::Dense { units: number(sizes)? }),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read() {
        let read = |text: &str| text.parse::<Topology>().unwrap();
        assert_eq!(read("torus:64x32"), Topology::Torus { rows: 64, columns: 32 });
        assert_eq!(read("rings:3x54"), Topology::Rings { rings: 3, sites: 54 });
        assert_eq!(read("dense:128"), Topology::Dense { units: 128 });
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "torus", "torus:8", "torus:8x", "torus:-1x3", "ball:3x3", "dense:3x3"] {
            let error = text.parse::<Topology>().unwrap_err();
            assert!(matches!(&error, Error::UnknownTopology { found } if found == text));
            assert!(error.to_string().contains("torus:64x64"), "{error}");
        }
    }
}
