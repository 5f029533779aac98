//! Files that are made in portions: the same data as in one piece, also after an interruption.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use std::path::Path;

use nwm_data::store::{self, Dataset, Stage, WriteOptions};
use nwm_data::{DatasetSpec, Error, FrameSource, FramesFile, Split, System, generate};

/// Larger than one portion of 16 MB, which are 2039 trajectories of 512 states.
fn spec() -> DatasetSpec {
    DatasetSpec::new(System::MassSpring, Split::Train, 2100)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_set_in_portions_is_the_set_in_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.h5");
    let mut seen = Vec::new();
    store::generate(&spec(), &path, WriteOptions::default(), |now| seen.push(now)).unwrap();
    assert_eq!(store::read(&path).unwrap(), generate(&spec()).unwrap());
    assert_eq!(names(folder.path()), ["set.h5"]);
    assert_eq!(seen.len(), 4, "two portions");
    assert!(seen.iter().all(|now| now.total == 2100));
    assert_eq!(
        seen.last().map(|now| (now.stage, now.trajectories)),
        Some((Stage::Assembling, 2100))
    );
    assert!(seen.is_sorted_by_key(|now| (now.stage == Stage::Assembling, now.trajectories)));
}

#[test]
fn an_interrupted_generation_goes_on_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = (folder.path().join("set.h5"), folder.path().join("whole.h5"));
    store::generate(&spec(), &whole, WriteOptions::default(), |_| ()).unwrap();
    // A panic in the middle, as a stand-in for a kill: nothing is tidied up on purpose.
    let interrupted = std::panic::catch_unwind(|| {
        let mut portions = 0;
        store::generate(&spec(), &path, WriteOptions::default(), |_| {
            portions += 1;
            assert!(portions < 2, "interrupted");
        })
    });
    assert!(interrupted.is_err());
    let parts = folder.path().join("set.h5.parts");
    assert!(!path.exists());
    assert_eq!(names(&parts), ["000000000.h5", "000002039.h5", "lock", "plan.json"]);
    let first = std::fs::metadata(parts.join("000000000.h5")).unwrap().modified().unwrap();

    // Another set must not grow out of these portions.
    let other = DatasetSpec { seed: 1, ..spec() };
    let error = store::generate(&other, &path, WriteOptions::default(), |_| ()).unwrap_err();
    assert!(error.to_string().contains("delete the folder"), "{error}");
    // A portion that was damaged meanwhile is found.
    let second = parts.join("000002039.h5");
    let bytes = std::fs::read(&second).unwrap();
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&second, damaged).unwrap();
    let error = store::generate(&spec(), &path, WriteOptions::default(), |_| ()).unwrap_err();
    assert!(error.to_string().contains("000002039.h5"), "{error}");
    assert!(!path.exists());
    std::fs::write(&second, bytes).unwrap();

    store::generate(&spec(), &path, WriteOptions::default(), |now| {
        if now.stage == Stage::Generating {
            let again = std::fs::metadata(parts.join("000000000.h5")).unwrap().modified().unwrap();
            assert_eq!(first, again, "a finished portion was made again");
        }
    })
    .unwrap();
    assert!(std::fs::read(&path).unwrap() == std::fs::read(&whole).unwrap());
    assert_eq!(names(folder.path()), ["set.h5", "whole.h5"]);
}

#[test]
fn pictures_in_portions_are_the_drawn_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.h5");
    // Two portions: a trajectory has 157 kB of states and pictures at 50 frames.
    let spec = DatasetSpec { frames: 50, ..DatasetSpec::new(System::TwoBody, Split::Test, 120) };
    store::generate(&spec, &path, WriteOptions { frames: true }, |_| ()).unwrap();
    assert_eq!(store::inspect(&path).unwrap().integrity, store::Integrity::Intact);
    let stored = FramesFile::open(&path, "/frames").unwrap();
    let drawn = Dataset::open(&path).unwrap();
    for trajectory in [0, 59, 106, 107, 119] {
        let (mut left, mut right) = (vec![0.0; 50 * 3072], vec![1.0; 50 * 3072]);
        stored.read(trajectory, 0, 50, &mut left).unwrap();
        drawn.read(trajectory, 0, 50, &mut right).unwrap();
        assert!(left == right, "{trajectory}");
    }
}

#[test]
fn two_processes_do_not_make_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.h5");
    let mut second = None;
    store::generate(&spec(), &path, WriteOptions::default(), |_| {
        second.get_or_insert_with(|| {
            store::generate(&spec(), &path, WriteOptions::default(), |_| ()).unwrap_err()
        });
    })
    .unwrap();
    assert!(matches!(second, Some(Error::Locked { .. })), "{second:?}");
}
