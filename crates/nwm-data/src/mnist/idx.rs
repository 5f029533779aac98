//! The IDX format: a magic number that says type and rank, the lengths of the axes, the values.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::input_file::{DEFLATE_LIMIT, open_for_reading};

/// Code of unsigned bytes in the magic number.
const BYTES: u8 = 0x08;

/// First bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Axes beyond which a file is refused.
const MOST_AXES: u8 = 4;

/// Values of an array, at most: twenty times those of MNIST.
const MOST_VALUES: u64 = 1 << 30;

/// Advice at the end of messages about damaged files.
const FETCH_AGAIN: &str = "the file is damaged; fetch it again";

/// An array of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray {
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// The values in row-major order.
    pub values: Vec<u8>,
}

impl IdxArray {
    /// Decodes the content of an IDX file of unsigned bytes, compressed by gzip or not.
    ///
    /// # Errors
    ///
    /// [`Error::Content`], as [`read_idx`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (path, length) = (Path::new("IDX data"), bytes.len() as u64);
        if bytes.starts_with(&GZIP) {
            decode(MultiGzDecoder::new(bytes), length.saturating_mul(DEFLATE_LIMIT), path)
        } else {
            decode(bytes, length, path)
        }
    }
}

/// Reads an IDX file of unsigned bytes, compressed by gzip or not.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be opened, [`Error::Content`] if it is no such file, ends early, goes on after its
/// values, or promises more values than it can hold or than a GiB (nothing is allocated for them).
pub fn read_idx(path: &Path) -> Result<IdxArray> {
    let (file, bytes) = open_for_reading(path)?;
    let mut input = BufReader::new(file);
    let start = input.fill_buf().map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "read it",
        source,
    })?;
    let compressed = start.starts_with(&GZIP);
    if compressed {
        decode(MultiGzDecoder::new(input), bytes.saturating_mul(DEFLATE_LIMIT), path)
    } else {
        decode(input, bytes, path)
    }
}

/// Decodes an IDX stream of at most `capacity` bytes; messages name `path`.
///
/// # Errors
///
/// As [`read_idx`].
fn decode(mut input: impl Read, capacity: u64, path: &Path) -> Result<IdxArray> {
    let content = |place: &str, found: String, expected: String| Error::Content {
        path: path.to_path_buf(),
        place: place.to_owned(),
        found,
        expected,
        advice: FETCH_AGAIN,
    };
    let unreadable = |place, error: std::io::Error| match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            content(place, format!("no more data ({error})"), "the rest of an IDX file".to_owned())
        }
        _ => Error::Io { path: path.to_path_buf(), action: "read it", source: error },
    };
    let mut magic = [0; 4];
    input.read_exact(&mut magic).map_err(|error| unreadable("magic number", error))?;
    let [0, 0, BYTES, axes @ 1..=MOST_AXES] = magic else {
        let found = format!("{magic:02x?}");
        let expected = format!("[00, 00, 08, 01 to {MOST_AXES:02x}]: unsigned bytes");
        return Err(content("magic number", found, expected));
    };
    let mut shape = Vec::new();
    for _ in 0..axes {
        let mut length = [0; 4];
        input.read_exact(&mut length).map_err(|error| unreadable("lengths of the axes", error))?;
        shape.push(u32::from_be_bytes(length) as usize);
    }
    let header = 4 + 4 * u64::from(axes);
    let count = shape.iter().try_fold(1_u64, |product, &length| product.checked_mul(length as u64));
    let left = capacity.saturating_sub(header).min(MOST_VALUES);
    let Some(count) = count.filter(|&count| count <= left) else {
        let found = format!("{shape:?}");
        return Err(content("lengths of the axes", found, format!("at most {left} values")));
    };
    let mut values = Vec::new();
    // Grows with what is there, since a compressed file may hold much less than it could.
    let read = input.by_ref().take(count).read_to_end(&mut values);
    let read = read.map_err(|error| unreadable("values", error))? as u64;
    if read < count {
        return Err(content("values", format!("{read}"), format!("{count}")));
    }
    let more = input.read(&mut [0]).map_err(|error| unreadable("end", error))?;
    if more > 0 {
        return Err(content(
            "end",
            "more data".to_owned(),
            format!("nothing after {count} values"),
        ));
    }
    Ok(IdxArray { shape, values })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file() -> Vec<u8> {
        let mut file = vec![0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3];
        file.extend([10, 11, 12, 20, 21, 22]);
        file
    }

    fn read(bytes: &[u8]) -> Result<IdxArray> {
        decode(bytes, bytes.len() as u64, Path::new("digits"))
    }

    #[test]
    fn a_file_is_read_plain_and_compressed() {
        let expected = IdxArray { shape: vec![2, 3], values: vec![10, 11, 12, 20, 21, 22] };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("digits");
        std::fs::write(&path, file()).unwrap();
        assert_eq!(read_idx(&path).unwrap(), expected);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&file()).unwrap();
        std::fs::write(&path, gzip.finish().unwrap()).unwrap();
        assert_eq!(read_idx(&path).unwrap(), expected);
    }

    #[test]
    fn every_truncation_and_any_rest_are_errors() {
        for length in 0..file().len() {
            assert!(read(&file()[..length]).is_err(), "{length}");
        }
        let mut longer = file();
        longer.push(0);
        assert!(read(&longer).unwrap_err().to_string().contains("nothing after 6 values"));
    }

    #[test]
    fn other_types_and_impossible_sizes_are_refused() {
        let mut floats = file();
        floats[2] = 0x0d;
        assert!(read(&floats).unwrap_err().to_string().contains("unsigned bytes"));
        let mut huge = file();
        huge[4..12].fill(0xff);
        let message = read(&huge).unwrap_err().to_string();
        assert!(message.contains("at most 6 values"), "{message}");
    }
}
