//! Whether a file is the one that was published.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::sources::Stored;
use crate::hexadecimal::hexadecimal;

/// Decompresses a file and compares size and digest; a reason if it is another one. No more than the expected number of
/// bytes is ever decompressed.
pub(super) fn verify(path: &Path, expected: &Stored) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut unpacked =
        MultiGzDecoder::new(BufReader::new(file)).take(expected.unpacked_bytes.saturating_add(1));
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let count = unpacked
            .read(&mut buffer)
            .map_err(|error| format!("no complete gzip file ({error})"))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
    if bytes > expected.unpacked_bytes {
        return Err(format!("more than {} bytes after decompression", expected.unpacked_bytes));
    }
    if bytes < expected.unpacked_bytes {
        return Err(format!(
            "{bytes} bytes after decompression, expected {}",
            expected.unpacked_bytes
        ));
    }
    let found = hexadecimal(&hash.finalize());
    if found == expected.unpacked_sha256 {
        Ok(())
    } else {
        Err(format!("SHA-256 {found} after decompression, expected {}", expected.unpacked_sha256))
    }
}
