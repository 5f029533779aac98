//! The suite's own files become ours: states bit for bit, pictures byte for byte, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::path::PathBuf;

use common::samples::{SETS, samples};
use nwm_data::store::{self, Dataset, ImportOptions, Origin};
use nwm_data::{FrameSource, FramesFile, Split, System, Variant};

fn options(system: System, variant: Variant) -> ImportOptions {
    // The samples of the games, too, were written at the physics' time step.
    ImportOptions { system, variant, split: Split::Train, dt: 0.05, frames: true }
}

fn sample_file(system: System, variant: Variant) -> Option<PathBuf> {
    Some(
        common::shared("data/suite")?
            .join(common::samples::folder(system, variant))
            .join("train.tfrecord"),
    )
}

#[test]
fn records_come_back_bit_for_bit_and_byte_for_byte() {
    for (system, variant) in SETS {
        let Some(file) = sample_file(system, variant) else { return };
        let samples = samples(system, variant).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imported.h5");
        // The same file twice: records are appended in the order of the files.
        let files = [file.clone(), file];
        let spec = store::import(&files, options(system, variant), &path, |_, _| ()).unwrap();
        assert_eq!((spec.trajectories, spec.frames), (6, 64), "{system} {variant}");
        let set = store::read(&path).unwrap();
        let stored = FramesFile::open(&path, "/frames").unwrap();
        for trajectory in 0..6 {
            let (sample, pictures) = &samples[trajectory % 3];
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(set.trajectory(trajectory).unwrap()), bits(&sample.states));
            let appearance = set.appearance(trajectory).unwrap();
            assert_eq!(bits(appearance.parameters), bits(&sample.parameters));
            assert_eq!(bits(&appearance.offset), bits(&sample.offset));
            assert_eq!(appearance.colour_indices, sample.colour_indices);
            let mut frames = vec![0.0; 64 * 3072];
            stored.read(trajectory, 0, 64, &mut frames).unwrap();
            let bytes: Vec<u8> = frames.iter().map(|value| (value * 255.0).round() as u8).collect();
            assert!(bytes == *pictures, "{system} {variant} {trajectory}");
        }
        let dataset = Dataset::open(&path).unwrap();
        let Origin::Imported { files } = dataset.origin() else { panic!("not imported") };
        assert_eq!(files.iter().map(|file| file.records).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(store::inspect(&path).unwrap().integrity, store::Integrity::Intact);
    }
}

#[test]
fn what_records_are_not_is_refused() {
    let wrong = [
        // Another system with states of the same length, another variant, another time step, other friction.
        (
            System::MassSpring,
            Variant::Plain,
            ImportOptions { system: System::Pendulum, ..options(System::Pendulum, Variant::Plain) },
        ),
        (System::MassSpring, Variant::Colors, options(System::MassSpring, Variant::Plain)),
        (
            System::Pendulum,
            Variant::Plain,
            ImportOptions { dt: 0.1, ..options(System::Pendulum, Variant::Plain) },
        ),
        (System::Pendulum, Variant::ColorsFriction, options(System::Pendulum, Variant::Colors)),
        (System::TwoBody, Variant::Plain, options(System::TwoBody, Variant::Colors)),
        (System::DoublePendulum, Variant::Plain, options(System::MatchingPennies, Variant::Plain)),
    ];
    for (system, variant, options) in wrong {
        let Some(file) = sample_file(system, variant) else { return };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imported.h5");
        let error = store::import(&[file], options, &path, |_, _| ()).unwrap_err().to_string();
        assert!(error.contains("train.tfrecord: record 0: found"), "{system} {variant}: {error}");
        assert!(error.contains("check the system, the variant and the time step"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was left");
    }
}

#[test]
fn damaged_files_leave_nothing_behind() {
    let Some(file) = sample_file(System::Pendulum, Variant::Plain) else { return };
    let bytes = std::fs::read(file).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (damaged, path) = (folder.path().join("train.tfrecord"), folder.path().join("imported.h5"));
    let mut flipped = bytes.clone();
    let last = flipped.len() - 100;
    flipped[last] ^= 16;
    for content in [&bytes[..bytes.len() - 1], &bytes[..bytes.len() / 2], &flipped[..], &[][..]] {
        std::fs::write(&damaged, content).unwrap();
        let options = options(System::Pendulum, Variant::Plain);
        assert!(store::import(std::slice::from_ref(&damaged), options, &path, |_, _| ()).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
