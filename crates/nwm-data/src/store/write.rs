//! Writing a data set.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::metadata::{
    ArrayLayout, ArrayRecord, FORMAT, Generator, METADATA, METADATA_SHA256, Metadata, hexadecimal,
    sha256_of,
};
use crate::atomic::write_atomically;
use crate::error::{Error, Result};
use crate::hdf5_file::{Number, Writer};
use crate::render::Renderer;
use crate::source::draw;
use crate::trajectories::Trajectories;

/// Most frames in one chunk, so that reading a window decompresses little more than it needs.
const CHUNK_FRAMES: usize = 64;

/// What to write beside the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Whether to store the pictures, too. They are a function of the states and 1500 times
    /// larger before compression: useful for readers in other languages.
    pub frames: bool,
}

/// Writes a data set to an HDF5 file, atomically.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be created, flushed or renamed, [`Error::Hdf5`] if the
/// library fails to write (a full disk). The file `path` is complete or untouched.
pub fn write(path: &Path, trajectories: &Trajectories, options: WriteOptions) -> Result<()> {
    write_atomically(path, |scratch| {
        let file = Writer::create(scratch, path)?;
        let spec = trajectories.spec();
        let times: Vec<f64> = (0..spec.frames).map(|frame| trajectories.time(frame)).collect();
        let mut arrays = BTreeMap::new();
        for layout in ArrayLayout::of(spec) {
            let sha256 = match layout.name {
                "states" => write_array(&file, &layout, trajectories.states())?,
                "times" => write_array(&file, &layout, &times)?,
                "parameters" => write_array(&file, &layout, trajectories.parameters())?,
                "offsets" => write_array(&file, &layout, trajectories.offsets())?,
                _ => write_array(&file, &layout, trajectories.colour_indices())?,
            };
            arrays.insert(layout.name.to_owned(), layout.record(sha256));
        }
        if options.frames {
            let (name, record) = write_frames(&file, trajectories)?;
            arrays.insert(name, record);
        }
        let metadata = Metadata {
            format: FORMAT,
            generator: Generator::current(),
            dataset: spec.clone(),
            parameter_names: trajectories.parameter_names().iter().map(|&n| n.into()).collect(),
            arrays,
        };
        let text = serde_json::to_string(&metadata).map_err(|error| Error::Hdf5 {
            path: path.to_path_buf(),
            action: "encode the metadata".to_owned(),
            reason: error.to_string(),
        })?;
        file.attribute(METADATA, &text)?;
        file.attribute(METADATA_SHA256, &hexadecimal(&Sha256::digest(&text)))?;
        file.close()
    })
}

/// Writes an array and returns its digest.
fn write_array<T: Number>(file: &Writer, layout: &ArrayLayout, data: &[T]) -> Result<String> {
    file.array(layout.name, &layout.shape, data)?;
    Ok(sha256_of(data))
}

/// Writes the pictures, one trajectory in memory at a time.
fn write_frames(file: &Writer, set: &Trajectories) -> Result<(String, ArrayRecord)> {
    let renderer = Renderer::new(set.spec().system, set.spec().variant);
    let [rows, columns, channels] = renderer.frame_shape();
    let layout = ArrayLayout::frames(set.spec(), [rows, columns]);
    let (frames, frame_len) = (set.spec().frames, renderer.frame_len());
    let chunk_frames = frames.min(CHUNK_FRAMES);
    let chunk_shape = [1, chunk_frames, rows, columns, channels];
    let array = file.chunked_bytes(layout.name, &layout.shape, &chunk_shape)?;
    let mut hash = Sha256::new();
    let mut pictures = vec![0; frames * frame_len];
    let mut chunk = vec![0; chunk_frames * frame_len];
    let mut index = 0;
    for trajectory in 0..set.len() {
        draw(set, &renderer, trajectory..trajectory + 1, &mut pictures)?;
        hash.update(&pictures);
        for part in pictures.chunks(chunk.len()) {
            // The last chunk of a trajectory is filled up with black.
            chunk[..part.len()].copy_from_slice(part);
            chunk[part.len()..].fill(0);
            array.write(index, &chunk)?;
            index += 1;
        }
    }
    let record = layout.record(hexadecimal(&hash.finalize()));
    Ok((layout.name.to_owned(), record))
}
