//! The shape of one frame.

use serde::{Deserialize, Serialize};

use crate::config::LARGEST_SIZE;
use crate::error::{Error, Result};

/// Encoder and decoder halve and double a picture three times.
const SCALE: usize = 8;

/// Rows, columns and channels of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameShape {
    /// Rows, a multiple of 8.
    pub rows: usize,
    /// Columns, a multiple of 8.
    pub columns: usize,
    /// Channels, 3 for RGB.
    pub channels: usize,
}

impl FrameShape {
    /// The frames of the Hamiltonian dynamics suite: 32 x 32 RGB.
    pub const SUITE: Self = Self { rows: 32, columns: 32, channels: 3 };

    /// A frame of these sides.
    ///
    /// # Errors
    /// [`Error::Shape`] if the encoder cannot halve the frame three times.
    pub fn new(rows: usize, columns: usize, channels: usize) -> Result<Self> {
        let shape = Self { rows, columns, channels };
        shape.validate()?;
        Ok(shape)
    }

    /// The check of [`FrameShape::new`], for shapes that were written out or read from a file.
    pub(crate) fn validate(self) -> Result<()> {
        let Self { rows, columns, channels } = self;
        let fits = |side: usize| (1..=LARGEST_SIZE).contains(&side);
        let halves = |side: usize| fits(side) && side.is_multiple_of(SCALE);
        if halves(rows) && halves(columns) && fits(channels) {
            return Ok(());
        }
        Err(Error::shape(
            "frame [row, column, channel]",
            format!(
                "rows and columns that are multiples of 8 and at least one channel, all at most {LARGEST_SIZE}; crop or pad the frames"
            ),
            &[rows, columns, channels],
        ))
    }

    /// Rows and columns of the smallest picture inside encoder and decoder.
    pub(crate) fn base(self) -> (usize, usize) {
        (self.rows / SCALE, self.columns / SCALE)
    }

    /// Numbers in one frame. Products too large for a machine word, of a shape that nothing has checked, saturate.
    pub fn values(self) -> usize {
        self.rows.saturating_mul(self.columns).saturating_mul(self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_cannot_be_halved_three_times_is_refused() {
        assert!(FrameShape::new(28, 32, 3).is_err());
        assert!(FrameShape::new(32, 32, 0).is_err());
        assert_eq!(FrameShape::new(40, 24, 1).unwrap().base(), (5, 3));
    }
}
