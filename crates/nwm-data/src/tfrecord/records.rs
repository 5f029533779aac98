//! The framing of a TFRecord file. Every record is
//!
//! | bytes | |
//! |---|---|
//! | 8 | length of the payload, little-endian |
//! | 4 | masked CRC-32C of those 8 bytes |
//! | length | payload |
//! | 4 | masked CRC-32C of the payload |

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::input_file::open_for_reading;

/// Bytes of a record around its payload, before and after it.
const HEAD: u64 = 12;
const TAIL: u64 = 4;

/// Advice at the end of messages about damaged files.
const FETCH_AGAIN: &str = "the file is damaged or no TFRecord file; copy or download it again";

/// The payloads of a TFRecord file, in order, one in memory at a time.
///
/// Nothing is allocated before it is certain that the file is long enough, so that a damaged length cannot ask for
/// more memory than the file has bytes. After an error there are no more records.
#[derive(Debug)]
pub struct Records<R> {
    input: R,
    path: PathBuf,
    /// Bytes of the file that have not been read.
    left: u64,
    /// Bytes that have been read, and records that have begun.
    position: u64,
    index: u64,
}

impl Records<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let (file, length) = open_for_reading(path)?;
        Ok(Self::new(BufReader::new(file), length, path))
    }
}

/// The number of records of a file, from their lengths alone: payloads are skipped.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be read, [`Error::Content`] if a length is damaged or points beyond the end.
pub fn count_records(path: &Path) -> Result<u64> {
    let mut records = Records::open(path)?;
    while records.left > 0 {
        let length = records.length()?;
        let skipped = records.input.seek_relative(length as i64 + TAIL as i64);
        skipped.map_err(|source| records.unreadable(source))?;
        records.left -= length + TAIL;
        records.position += length + TAIL;
        records.index += 1;
    }
    Ok(records.index)
}

impl<R: Read> Records<R> {
    /// The records of `length` bytes; messages name `path`.
    pub fn new(input: R, length: u64, path: &Path) -> Self {
        Self { input, path: path.to_path_buf(), left: length, position: 0, index: 0 }
    }

    /// An error about the record that is being read.
    pub(crate) fn content(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Content {
            path: self.path.clone(),
            place: format!("record {} (ends at or after byte {})", self.index, self.position),
            found: found.into(),
            expected: expected.into(),
            advice: FETCH_AGAIN,
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.input.read_exact(bytes).map_err(|source| self.unreadable(source))?;
        self.position += bytes.len() as u64;
        self.left -= bytes.len() as u64;
        Ok(())
    }

    fn unreadable(&self, source: std::io::Error) -> Error {
        Error::Io { path: self.path.clone(), action: "read it", source }
    }

    /// The length of the next payload, which the file is certain to hold, checksum included.
    fn length(&mut self) -> Result<u64> {
        if self.left < HEAD + TAIL {
            let found = format!("{} bytes to the end of the file", self.left);
            return Err(self.content(found, format!("at least {} bytes of a record", HEAD + TAIL)));
        }
        let mut length = [0; 8];
        self.read(&mut length)?;
        self.check("length", &length)?;
        let length = u64::from_le_bytes(length);
        if length > self.left - TAIL {
            let found = format!("a length of {length} bytes");
            let expected = format!("at most the {} bytes that the file has left", self.left - TAIL);
            return Err(self.content(found, expected));
        }
        Ok(length)
    }

    fn record(&mut self) -> Result<Vec<u8>> {
        let length = self.length()?;
        let mut payload = vec![0; length as usize];
        self.read(&mut payload)?;
        self.check("payload", &payload)?;
        Ok(payload)
    }

    /// Reads the checksum that follows `bytes` and compares.
    fn check(&mut self, what: &str, bytes: &[u8]) -> Result<()> {
        let mut stored = [0; 4];
        self.read(&mut stored)?;
        let (stored, computed) = (u32::from_le_bytes(stored), masked_crc32c(bytes));
        if stored == computed {
            return Ok(());
        }
        let found = format!("a {what} with the masked CRC-32C {computed:08x}");
        Err(self.content(found, format!("{stored:08x}")))
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let record = self.record();
        if record.is_err() {
            self.left = 0;
        }
        self.index += 1;
        Some(record)
    }
}

/// CRC-32C, rotated and shifted so that a checksum of data with checksums in it does not degenerate.
fn masked_crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(payloads: &[&[u8]]) -> Vec<u8> {
        let mut file = Vec::new();
        for payload in payloads {
            let length = (payload.len() as u64).to_le_bytes();
            file.extend_from_slice(&length);
            file.extend_from_slice(&masked_crc32c(&length).to_le_bytes());
            file.extend_from_slice(payload);
            file.extend_from_slice(&masked_crc32c(payload).to_le_bytes());
        }
        file
    }

    #[test]
    fn records_are_counted_without_their_payloads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.tfrecord");
        let mut file = framed(&[b"one", b"", b"three"]);
        std::fs::write(&path, &file).unwrap();
        assert_eq!(count_records(&path).unwrap(), 3);
        file.pop();
        std::fs::write(&path, &file).unwrap();
        assert!(count_records(&path).unwrap_err().to_string().contains("a length of 5 bytes"));
    }

    fn read(file: &[u8]) -> Vec<Result<Vec<u8>>> {
        Records::new(file, file.len() as u64, Path::new("set.tfrecord")).collect()
    }

    #[test]
    fn the_mask_is_the_published_one() {
        // The checksum of "123456789" is e3069283; turned right by 15 bits it is 2507c60d.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked_crc32c(b"123456789"), 0xc78a_b0e5);
    }

    #[test]
    fn payloads_come_back() {
        let found: Vec<Vec<u8>> =
            read(&framed(&[b"one", b"", b"three"])).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, [b"one".to_vec(), Vec::new(), b"three".to_vec()]);
        assert!(read(&[]).is_empty());
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_an_error_at_its_record() {
        let file = framed(&[b"one", b"second"]);
        let first = 3 + 16;
        for length in (1..file.len()).filter(|&length| length != first) {
            let found = read(&file[..length]);
            assert_eq!(found.iter().filter(|record| record.is_err()).count(), 1, "{length}");
            assert!(found.last().unwrap().is_err());
            assert_eq!(found.len(), if length < first { 1 } else { 2 });
        }
        for bit in 0..8 * file.len() {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let found = read(&damaged);
            assert!(found.last().unwrap().is_err(), "bit {bit}");
            assert_eq!(found.len(), if bit < 8 * first { 1 } else { 2 });
        }
    }

    #[test]
    fn a_length_beyond_the_file_is_refused_before_memory_is_asked_for() {
        let length = u64::MAX.to_le_bytes();
        let mut file = length.to_vec();
        file.extend_from_slice(&masked_crc32c(&length).to_le_bytes());
        file.extend_from_slice(&[0; 100]);
        let message = read(&file)[0].as_ref().unwrap_err().to_string();
        assert!(message.contains("found a length of 18446744073709551615 bytes"), "{message}");
        assert!(message.contains("at most the 96 bytes"), "{message}");
    }
}
