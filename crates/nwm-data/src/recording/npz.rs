//! Arrays in NPZ files, which are ZIP archives of NPY files.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::Path;

use npyz::npz::array_name_from_file_name;
use zip::{CompressionMethod, ZipArchive};

use super::array_file::content;
use super::npy::NpyArray;
use crate::error::{Error, Result};

/// What ZIP archives begin with.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

/// Opens an array of an archive: the named one, or the only one. One that is compressed is unpacked into a nameless file.
pub(super) fn open(file: File, path: &Path, name: Option<&str>) -> Result<NpyArray> {
    let broken = |error: zip::result::ZipError| {
        content(path, "file", format!("an archive that cannot be read ({error})"), "an NPZ file")
    };
    let same = file.try_clone();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(broken)?;
        let file_name = member.name().map_err(broken)?.into_owned();
        members.extend(array_name_from_file_name(&file_name).map(|name| (name.to_owned(), index)));
    }
    let names = || members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let wanted = name.map(|name| name.trim_start_matches('/'));
    let (name, index) = match (wanted, members.as_slice()) {
        (None, [only]) => only,
        (None, _) => {
            let found = format!("{} arrays ({})", members.len(), names());
            return Err(content(path, "file", found, "one, or the name of one (--dataset)"));
        }
        (Some(wanted), _) => members.iter().find(|(name, _)| name == wanted).ok_or_else(|| {
            content(path, "file", format!("no array {wanted}"), format!("one of {}", names()))
        })?,
    };
    let place = format!("array {name}");
    let mut member = archive.by_index(*index).map_err(broken)?;
    let length = member.size();
    let plain = member.compression() == CompressionMethod::Stored;
    if let (true, Ok(same), Some(start)) = (plain, same, member.data_start()) {
        return NpyArray::open(same, path, &place, start, length);
    }
    let mut unpack = || {
        let mut unpacked = tempfile::tempfile()?;
        io::copy(&mut member, &mut unpacked)?;
        unpacked.rewind()?;
        Ok(unpacked)
    };
    let unpacked: io::Result<File> = unpack();
    let unpacked = unpacked.map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "unpack an array of it",
        source,
    })?;
    NpyArray::open(unpacked, path, &place, 0, length)
}
