//! The suite's own files become ours: states bit for bit, pictures byte for byte, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::samples::{SETS, samples};
use common::suite_file::suite_file;
use nwm_data::store::{self, Dataset, ImportOptions, Origin};
use nwm_data::{
    DatasetSpec, Error, FrameSource, FramesFile, RenderedTrajectories, Split, System, Variant,
    generate,
};

/// The time step is left to be found.
fn options(system: System, variant: Variant) -> ImportOptions {
    ImportOptions { system, variant, split: Split::Train, dt: None, frames: true }
}

/// Goes on.
fn on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
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
        let spec = store::import(&files, options(system, variant), &path, on).unwrap();
        assert_eq!((spec.trajectories, spec.frames), (6, 64), "{system} {variant}");
        assert_eq!(spec.dt, 0.05, "{system} {variant}");
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

/// Needs no samples: files in the suite's format, of every set.
#[test]
fn every_set_survives_the_suites_format() {
    for system in System::ALL {
        for &variant in system.variants() {
            let spec = DatasetSpec {
                variant,
                frames: 24,
                dt: 0.05,
                ..DatasetSpec::new(system, Split::Train, 2)
            };
            let set = generate(&spec).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("train.tfrecord");
            std::fs::write(&file, suite_file(&set)).unwrap();
            let path = folder.path().join("imported.h5");
            store::import(&[file], options(system, variant), &path, on).unwrap();

            let imported = store::read(&path).unwrap();
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(imported.states()), bits(set.states()), "{system} {variant}");
            assert_eq!(bits(imported.parameters()), bits(set.parameters()));
            assert_eq!(bits(imported.offsets()), bits(set.offsets()));
            assert_eq!(imported.colour_indices(), set.colour_indices());

            let stored = FramesFile::open(&path, "/frames").unwrap();
            let drawn = RenderedTrajectories::new(Arc::new(set));
            let len: usize = drawn.frame_shape().iter().product();
            let (mut found, mut expected) = (vec![0.0; 24 * len], vec![0.0; 24 * len]);
            stored.read(1, 0, 24, &mut found).unwrap();
            drawn.read(1, 0, 24, &mut expected).unwrap();
            assert!(found == expected, "{system} {variant}: pictures differ");
        }
    }
}

/// A file of three records in the suite's format, made here.
fn made_file(system: System, variant: Variant, folder: &Path) -> PathBuf {
    let spec =
        DatasetSpec { variant, frames: 24, dt: 0.05, ..DatasetSpec::new(system, Split::Train, 3) };
    let file = folder.join("train.tfrecord");
    std::fs::write(&file, suite_file(&generate(&spec).unwrap())).unwrap();
    file
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
            ImportOptions { dt: Some(0.1), ..options(System::Pendulum, Variant::Plain) },
        ),
        (System::Pendulum, Variant::ColorsFriction, options(System::Pendulum, Variant::Colors)),
        (System::TwoBody, Variant::Plain, options(System::TwoBody, Variant::Colors)),
        (System::DoublePendulum, Variant::Plain, options(System::MatchingPennies, Variant::Plain)),
    ];
    for (system, variant, options) in wrong {
        let folder = tempfile::tempdir().unwrap();
        let file = made_file(system, variant, folder.path());
        let path = folder.path().join("imported.h5");
        let error = store::import(&[file], options, &path, on).unwrap_err().to_string();
        assert!(error.contains("train.tfrecord: record 0: found"), "{system} {variant}: {error}");
        assert!(error.contains("check the system, the variant and the time step"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left");
    }
}

#[test]
fn damaged_files_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = made_file(System::Pendulum, Variant::Plain, folder.path());
    let bytes = std::fs::read(&damaged).unwrap();
    let path = folder.path().join("imported.h5");
    let mut flipped = bytes.clone();
    let last = flipped.len() - 100;
    flipped[last] ^= 16;
    for (content, reason) in [
        (&bytes[..bytes.len() - 1], "record 2 (ends at or after byte"),
        (&bytes[..bytes.len() / 2], "record 1 (ends at or after byte"),
        (&flipped[..], "record 2 (ends at or after byte"),
        (&[][..], "found no record"),
    ] {
        std::fs::write(&damaged, content).unwrap();
        let options = options(System::Pendulum, Variant::Plain);
        let result = store::import(std::slice::from_ref(&damaged), options, &path, on);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("train.tfrecord") && error.contains(reason), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn records_are_counted_within_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let good = made_file(System::Pendulum, Variant::Plain, folder.path());
    let second = folder.path().join("second.tfrecord");
    std::fs::rename(&good, &second).unwrap();
    let good = made_file(System::MassSpring, Variant::Plain, folder.path());
    let path = folder.path().join("imported.h5");
    let options = options(System::MassSpring, Variant::Plain);
    let error = store::import(&[good, second], options, &path, on).unwrap_err().to_string();
    assert!(error.contains("second.tfrecord: record 0: found"), "{error}");
}

#[test]
fn an_import_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = made_file(System::Pendulum, Variant::Plain, folder.path());
    let path = folder.path().join("imported.h5");
    let stop = |_, _| ControlFlow::Break(());
    let options = options(System::Pendulum, Variant::Plain);
    let error = store::import(&[file], options, &path, stop).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
