//! Digests of arrays.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::hexadecimal::hexadecimal;

/// SHA-256 over the SHA-256 of an array's rows (their little-endian bytes), one after the other: rows can be hashed on
/// several threads, and the array need never be in memory as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowDigest(Sha256);

impl RowDigest {
    /// Adds rows of `row_bytes` bytes each.
    pub(crate) fn update(&mut self, rows: &[u8], row_bytes: usize) {
        let digests: Vec<_> =
            rows.par_chunks(row_bytes).with_min_len(64).map(Sha256::digest).collect();
        for digest in digests {
            self.0.update(digest);
        }
    }

    /// The digest, hexadecimal.
    pub(crate) fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_may_come_in_any_portions() {
        let rows: Vec<u8> = (0..=255).cycle().take(8 * 300).collect();
        let mut whole = RowDigest::default();
        whole.update(&rows, 8);
        let mut portions = RowDigest::default();
        portions.update(&rows[..8], 8);
        portions.update(&rows[8..], 8);
        let mut expected = Sha256::new();
        for row in rows.chunks(8) {
            expected.update(Sha256::digest(row));
        }
        let expected = hexadecimal(&expected.finalize());
        assert_eq!(whole.finish(), expected);
        assert_eq!(portions.finish(), expected);
    }
}
