//! Damaged files: truncated and with flipped bits, everywhere. Never a panic, never wrong data.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

use nwm_data::store::{self, WriteOptions};
use nwm_data::{FrameSource, FramesFile, System, Trajectories};

/// Reads a damaged file in every way. What is returned without an error must be the original.
fn read_everything(path: &Path, original: &Arc<Trajectories>, pictures: &[f32], what: &str) {
    let (path, original, pictures) = (path.to_path_buf(), Arc::clone(original), pictures.to_vec());
    let result = catch_unwind(move || {
        if let Ok(set) = store::read(&path) {
            assert!(set == *original, "wrong states");
        }
        let intact = store::inspect(&path)
            .is_ok_and(|summary| summary.integrity == store::Integrity::Intact);
        if let Ok(file) = FramesFile::open(&path, FramesFile::DEFAULT_DATASET)
            && file.frame_shape() == [32, 32, 3]
        {
            let mut out = vec![0.0; pictures.len()];
            if file.read(0, 0, 2, &mut out).is_ok() && intact {
                assert!(out == pictures, "wrong pictures in a file called intact");
            }
        }
    });
    assert!(result.is_ok(), "{what}");
}

struct Original {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
    bytes: Vec<u8>,
    set: Arc<Trajectories>,
    pictures: Vec<f32>,
}

fn original() -> Original {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.h5");
    let set = common::small_set(System::MassSpring, 2, 3);
    store::write(&path, &set, WriteOptions { frames: true }).unwrap();
    let mut pictures = vec![0.0; 2 * 3072];
    FramesFile::open(&path, "/frames").unwrap().read(0, 0, 2, &mut pictures).unwrap();
    Original { bytes: std::fs::read(&path).unwrap(), _folder: folder, path, set, pictures }
}

#[test]
fn truncations() {
    let Original { path, bytes, set, pictures, .. } = &original();
    for length in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
        std::fs::write(path, &bytes[..length]).unwrap();
        read_everything(path, set, pictures, &format!("{length} of {} bytes", bytes.len()));
        assert!(store::read(path).is_err(), "{length} of {} bytes were accepted", bytes.len());
    }
}

#[test]
fn flipped_bits() {
    let Original { path, bytes, set, pictures, .. } = &original();
    for place in (0..bytes.len()).step_by(bytes.len() / 1200 + 1) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        std::fs::write(path, &damaged).unwrap();
        read_everything(path, set, pictures, &format!("bit {} of byte {place}", place % 8));
    }
}

#[test]
fn overwritten_stretches() {
    let Original { path, bytes, set, pictures, .. } = &original();
    for place in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
        for fill in [0x00, 0xff] {
            let mut damaged = bytes.clone();
            let end = (place + 8).min(bytes.len());
            damaged[place..end].fill(fill);
            std::fs::write(path, &damaged).unwrap();
            read_everything(path, set, pictures, &format!("bytes {place}..{end} = {fill}"));
        }
    }
}
