//! Batches of scenes: they show what batches of values hold, whatever prepares them.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

mod common;

use std::path::Path;
use std::sync::Arc;

use nwm_data::{
    Batch, BatchFrames, Cursor, DatasetSpec, FrameSource, FramesFile, Loader, LoaderOptions,
    RenderedTrajectories, SplitFrames, System, Trajectories, store,
};

const OPTIONS: LoaderOptions =
    LoaderOptions { batch_size: 3, window: 4, seed: 5, workers: 0, prefetch: 2 };

fn loader(source: &Arc<dyn FrameSource>, workers: usize) -> Loader {
    let options = LoaderOptions { workers, ..OPTIONS };
    Loader::new(SplitFrames::new(Arc::clone(source)).unwrap(), options).unwrap()
}

/// A data set, and a file with its pictures.
fn stored(system: System, folder: &Path) -> (Arc<Trajectories>, std::path::PathBuf) {
    let set = common::small_set(system, 5, 8);
    let path = folder.join(format!("{system}.h5"));
    let options = store::WriteOptions { frames: true };
    store::write(&path, &set, options).unwrap();
    (set, path)
}

/// The same batch with values.
fn drawn(batch: Batch) -> Batch {
    assert!(matches!(batch.frames, BatchFrames::Scenes(_)));
    Batch { frames: BatchFrames::Values(batch.frames.into_values()), ..batch }
}

#[test]
fn scenes_show_the_values_in_any_order_and_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    for system in [System::TwoBody, System::RockPaperScissors] {
        let (set, path) = stored(system, folder.path());
        let sources: [Arc<dyn FrameSource>; 2] = [
            Arc::new(RenderedTrajectories::new(set).with_resolution(32).unwrap()),
            Arc::new(store::Dataset::open(&path).unwrap()),
        ];
        let mut values = loader(&sources[0], 0);
        let expected: Vec<Batch> = (0..6).map(|_| values.next_batch().unwrap()).collect();
        for source in &sources {
            for workers in [0, 1, 3] {
                let mut scenes = loader(source, workers).with_scenes();
                for expected in &expected {
                    assert!(drawn(scenes.next_batch().unwrap()) == *expected);
                }
                for step in [4, 1, 5] {
                    scenes.seek(&Cursor { step });
                    assert!(drawn(scenes.next_batch().unwrap()) == expected[step as usize]);
                }
            }
        }
    }
}

#[test]
fn a_loader_told_late_goes_on_where_it_was() {
    let set = common::small_set(System::Pendulum, 5, 8);
    let source: Arc<dyn FrameSource> = Arc::new(RenderedTrajectories::new(set));
    let mut values = loader(&source, 1);
    let mut scenes = loader(&source, 1);
    assert_eq!(values.next_batch().unwrap(), scenes.next_batch().unwrap());
    let mut scenes = scenes.with_scenes();
    assert_eq!(scenes.cursor(), values.cursor());
    assert!(drawn(scenes.next_batch().unwrap()) == values.next_batch().unwrap());
}

#[test]
fn pictures_without_states_stay_values() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = stored(System::Pendulum, folder.path());
    let file = FramesFile::open(&path, FramesFile::DEFAULT_DATASET).unwrap();
    assert_eq!(file.scenes(0, 0, 4).unwrap(), None);
    let source: Arc<dyn FrameSource> = Arc::new(file);
    let batch = loader(&source, 1).with_scenes().next_batch().unwrap();
    assert!(matches!(batch.frames, BatchFrames::Values(_)));
    assert_eq!(batch, loader(&source, 1).next_batch().unwrap());
}

#[test]
fn scenes_that_are_not_there_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (set, path) = stored(System::MassSpring, folder.path());
    let DatasetSpec { trajectories, frames, .. } = *set.spec();
    let stored = store::Dataset::open(&path).unwrap();
    for source in [&RenderedTrajectories::new(set) as &dyn FrameSource, &stored] {
        assert_eq!(source.scenes(0, 1, frames - 1).unwrap().unwrap().len(), frames - 1);
        for (trajectory, start, count, axis) in [
            (trajectories, 0, 1, "trajectory"),
            (0, 1, frames, "frame"),
            (0, usize::MAX, 2, "frame"),
        ] {
            let message = source.scenes(trajectory, start, count).unwrap_err().to_string();
            assert!(message.starts_with(axis), "{message}");
        }
    }
}
