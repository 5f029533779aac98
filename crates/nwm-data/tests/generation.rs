//! Files that are made in portions: the same data as in one piece, also after an interruption.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use std::ops::ControlFlow;
use std::path::Path;

use nwm_data::store::{self, Dataset, Progress, Stage, WriteOptions};
use nwm_data::{DatasetSpec, Error, FrameSource, FramesFile, Split, System, generate};

/// Larger than one portion of 16 MB, which are 2039 trajectories of 512 states.
fn spec() -> DatasetSpec {
    DatasetSpec::new(System::MassSpring, Split::Train, 2100)
}

/// Goes on.
fn on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
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
    store::generate(&spec(), &path, WriteOptions::default(), |now| {
        seen.push(now);
        on(now)
    })
    .unwrap();
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
    store::generate(&spec(), &whole, WriteOptions::default(), on).unwrap();
    let stop = |_| ControlFlow::Break(());
    let error = store::generate(&spec(), &path, WriteOptions::default(), stop).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    let parts = folder.path().join("set.h5.parts");
    assert!(!path.exists());
    assert_eq!(names(&parts), ["000000000.h5", "lock", "plan.json"]);
    // While the portions are put together, too.
    let stop = |now: Progress| match now.stage {
        Stage::Assembling => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    store::generate(&spec(), &path, WriteOptions::default(), stop).unwrap_err();
    assert!(!path.exists());
    assert_eq!(names(&parts), ["000000000.h5", "000002039.h5", "lock", "plan.json"]);
    // What a killed process leaves.
    std::fs::write(parts.join(".set.h5.a8d7.partial"), "half").unwrap();
    let first = std::fs::metadata(parts.join("000000000.h5")).unwrap().modified().unwrap();

    // Another set must not grow out of these portions.
    let other = DatasetSpec { seed: 1, ..spec() };
    let error = store::generate(&other, &path, WriteOptions::default(), on).unwrap_err();
    assert!(error.to_string().contains("delete the folder"), "{error}");
    // A portion that was damaged meanwhile is found.
    let second = parts.join("000002039.h5");
    let bytes = std::fs::read(&second).unwrap();
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&second, damaged).unwrap();
    let error = store::generate(&spec(), &path, WriteOptions::default(), on).unwrap_err();
    assert!(error.to_string().contains("000002039.h5"), "{error}");
    assert!(!path.exists());
    // So is one that is another part of the same set.
    let head = DatasetSpec { trajectories: 61, ..spec() };
    store::write(&second, &generate(&head).unwrap(), WriteOptions::default()).unwrap();
    let error = store::generate(&spec(), &path, WriteOptions::default(), on).unwrap_err();
    assert!(error.to_string().contains("expected trajectory 2039"), "{error}");
    std::fs::write(&second, bytes).unwrap();

    store::generate(&spec(), &path, WriteOptions::default(), |now| {
        if now.stage == Stage::Generating {
            let again = std::fs::metadata(parts.join("000000000.h5")).unwrap().modified().unwrap();
            assert_eq!(first, again, "a finished portion was made again");
        }
        on(now)
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
    store::generate(&spec, &path, WriteOptions { frames: true }, on).unwrap();
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
    store::generate(&spec(), &path, WriteOptions::default(), |now| {
        second.get_or_insert_with(|| {
            store::generate(&spec(), &path, WriteOptions::default(), on).unwrap_err()
        });
        on(now)
    })
    .unwrap();
    assert!(matches!(second, Some(Error::Locked { .. })), "{second:?}");
}

#[test]
fn a_folder_of_somebody_elses_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, theirs) = (folder.path().join("set.h5"), folder.path().join("set.h5.parts"));
    std::fs::create_dir(&theirs).unwrap();
    std::fs::write(theirs.join("thesis.txt"), "dear").unwrap();
    let error = store::generate(&spec(), &path, WriteOptions::default(), on).unwrap_err();
    assert!(error.to_string().contains("found files, but no plan"), "{error}");
    assert_eq!(std::fs::read_to_string(theirs.join("thesis.txt")).unwrap(), "dear");
}

#[test]
fn a_name_that_cannot_be_written_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |path: &Path| {
        let worked = |_| -> ControlFlow<()> { panic!("work was done for {}", path.display()) };
        store::generate(&spec(), path, WriteOptions::default(), worked).unwrap_err().to_string()
    };
    assert!(refuse(folder.path()).contains("write a file of this name"));
    assert!(refuse(Path::new("")).contains("write a file of this name"));
    assert!(
        refuse(&folder.path().join("absent/set.h5")).contains("does the folder above it exist")
    );
    assert!(names(folder.path()).is_empty());
}
