//! Arrays in NPZ files, which are ZIP archives of NPY files.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use npyz::npz::{array_name_from_file_name, file_name_from_array_name};
use zip::{CompressionMethod, ZipArchive};

use super::array_file::{content, only_recording};
use super::axes::Axes;
use super::npy::{NpyArray, read_header};
use crate::error::{Error, Result};

/// What ZIP archives begin with.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

/// Opens an array of an archive: the named one, or the only one that can be a recording. One that is compressed is unpacked
/// into a nameless file.
pub(super) fn open(
    file: File,
    path: &Path,
    name: Option<&str>,
    axes: Option<&Axes>,
) -> Result<NpyArray> {
    let broken = |error: zip::result::ZipError| {
        content(path, "file", format!("an archive that cannot be read ({error})"), "an NPZ file")
    };
    let same = file.try_clone();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(broken)?;
        let file_name = member.name().map_err(broken)?.into_owned();
        let Some(array) = array_name_from_file_name(&file_name) else { continue };
        // What has no header is found out when it is asked for.
        let rank = read_header(&mut member).map_or(0, |header| header.shape().len());
        arrays.push((array.to_owned(), rank));
    }
    let name = match name {
        None => only_recording(path, &arrays, axes)?,
        Some(name) => {
            let name = name.trim_start_matches('/');
            if !arrays.iter().any(|(array, _)| array == name) {
                let names: Vec<&str> = arrays.iter().map(|(array, _)| array.as_str()).collect();
                let expected = format!("one of {}", names.join(", "));
                return Err(content(path, "file", format!("no array {name}"), expected));
            }
            name
        }
    };
    let place = format!("array {name}");
    let mut member = archive.by_name(&file_name_from_array_name(name)).map_err(broken)?;
    let plain = member.compression() == CompressionMethod::Stored;
    if let (true, Ok(same), Some(start)) = (plain, same, member.data_start()) {
        return NpyArray::open(same, path, &place, start, member.size());
    }
    let mut unpack = || {
        let mut unpacked = tempfile::tempfile()?;
        let length = io::copy(&mut member, &mut unpacked)?;
        Ok((unpacked, length))
    };
    let unpacked: io::Result<(File, u64)> = unpack();
    let (unpacked, length) = unpacked.map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "unpack an array of it",
        source,
    })?;
    NpyArray::open(unpacked, path, &place, 0, length)
}
