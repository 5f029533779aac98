//! Batches: a function of the step alone, resumable, complete, and never lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nwm_data::{
    Batch, Cursor, Error, FrameSource, Loader, LoaderOptions, RenderedTrajectories, Result,
    SplitFrames, System, Training,
};

/// A source whose single value tells trajectory and frame: `trajectory + frame / 100`.
#[derive(Default)]
struct Counting {
    trajectories: usize,
    frames: usize,
    /// Fails at this trajectory while set.
    broken: Option<(usize, Arc<AtomicBool>)>,
    panics: bool,
    reads: Arc<AtomicUsize>,
}

impl FrameSource for Counting {
    fn trajectories(&self) -> usize {
        self.trajectories
    }

    fn frames(&self) -> usize {
        self.frames
    }

    fn frame_shape(&self) -> [usize; 3] {
        [1, 1, 1]
    }

    fn read(&self, trajectory: usize, start: usize, count: usize, out: &mut [f32]) -> Result<()> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "a source with a bug");
        assert_eq!(out.len(), count);
        if let Some((broken, active)) = &self.broken
            && *broken == trajectory
            && active.load(Ordering::SeqCst)
        {
            return Err(Error::OutOfRange { axis: "disk", start: 0, end: 1, length: 0 });
        }
        for (time, value) in out.iter_mut().enumerate() {
            *value = trajectory as f32 + (start + time) as f32 / 100.0;
        }
        Ok(())
    }
}

fn counting(trajectories: usize, frames: usize) -> Arc<Counting> {
    Arc::new(Counting { trajectories, frames, ..Counting::default() })
}

const OPTIONS: LoaderOptions =
    LoaderOptions { batch_size: 3, window: 4, seed: 5, workers: 1, prefetch: 2 };

/// A source for a loader.
fn training(source: Arc<dyn FrameSource>) -> SplitFrames<Training> {
    SplitFrames::new(source).unwrap()
}

fn batches(source: Arc<dyn FrameSource>, options: LoaderOptions, count: usize) -> Vec<Batch> {
    let mut loader = Loader::new(training(source), options).unwrap();
    (0..count).map(|_| loader.next_batch().unwrap()).collect()
}

#[test]
fn frames_lie_time_first_and_belong_to_their_items() {
    for (step, batch) in batches(counting(7, 9), OPTIONS, 20).into_iter().enumerate() {
        assert_eq!(batch.step, step as u64);
        assert_eq!(batch.shape, [4, 3, 1, 1, 1]);
        let values = batch.frames.into_values();
        for time in 0..4 {
            for (item, &(trajectory, start)) in batch.items.iter().enumerate() {
                let expected = trajectory as f32 + (start + time) as f32 / 100.0;
                assert_eq!(values[time * 3 + item], expected);
            }
        }
    }
}

#[test]
fn every_epoch_holds_every_trajectory_once_in_a_new_order() {
    // 7 trajectories in batches of 3: epochs end inside batches.
    let order: Vec<usize> = batches(counting(7, 9), OPTIONS, 14)
        .iter()
        .flat_map(|batch| batch.items.iter().map(|item| item.0))
        .collect();
    let epochs: Vec<&[usize]> = order.chunks_exact(7).collect();
    assert_eq!(epochs.len(), 6);
    for epoch in &epochs {
        let mut sorted = epoch.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6]);
    }
    assert!(epochs.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn the_items_of_batches_are_pinned() {
    let items: Vec<_> = batches(counting(7, 9), OPTIONS, 4).into_iter().map(|b| b.items).collect();
    assert_eq!(items, GOLDEN_ITEMS);
    // A batch of several epochs.
    let options = LoaderOptions { batch_size: 16, ..OPTIONS };
    let batch = &batches(counting(7, 9), options, 2)[1];
    assert_eq!(
        batch.items.iter().map(|item| item.0).collect::<Vec<_>>(),
        [5, 3, 1, 6, 4, 6, 1, 2, 4, 3, 0, 5, 6, 5, 4, 1]
    );
}

/// Trajectory and first frame of the windows of the first batches: a change here changes every training.
const GOLDEN_ITEMS: [[(usize, usize); 3]; 4] = [
    [(2, 1), (3, 2), (5, 4)],
    [(0, 4), (1, 5), (4, 2)],
    [(6, 2), (5, 1), (2, 5)],
    [(4, 2), (3, 1), (0, 3)],
];

#[test]
fn window_starts_are_uniform_up_to_both_ends() {
    let mut counts = BTreeMap::new();
    for batch in batches(counting(7, 9), LoaderOptions { prefetch: 0, ..OPTIONS }, 2000) {
        for (_, start) in batch.items {
            *counts.entry(start).or_insert(0_u32) += 1;
        }
    }
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    // 1000 each; standard deviation sqrt(6000 * 1/6 * 5/6) = 29.
    assert!(counts.values().all(|count| count.abs_diff(1000) < 150), "{counts:?}");
}

#[test]
fn a_window_as_long_as_the_trajectory_fits() {
    let options = LoaderOptions { window: 9, ..OPTIONS };
    let batch = &batches(counting(7, 9), options, 1)[0];
    assert!(batch.items.iter().all(|item| item.1 == 0));
}

#[test]
fn workers_and_prefetch_do_not_change_batches() {
    let source: Arc<dyn FrameSource> =
        Arc::new(RenderedTrajectories::new(common::small_set(System::Pendulum, 5, 8)));
    let expected = batches(Arc::clone(&source), LoaderOptions { workers: 0, ..OPTIONS }, 9);
    for (workers, prefetch) in [(1, 0), (1, 1), (1, 3), (2, 1), (3, 8)] {
        let options = LoaderOptions { workers, prefetch, ..OPTIONS };
        assert!(batches(Arc::clone(&source), options, 9) == expected, "{workers} {prefetch}");
    }
}

#[test]
fn the_seed_changes_order_and_windows() {
    let items = |seed| -> Vec<_> {
        let options = LoaderOptions { seed, ..OPTIONS };
        batches(counting(50, 90), options, 5).into_iter().flat_map(|batch| batch.items).collect()
    };
    assert_eq!(items(1), items(1));
    assert_ne!(items(1), items(2));
}

#[test]
fn a_cursor_resumes_with_the_same_batches() {
    let source = counting(7, 9);
    let all = batches(source.clone(), OPTIONS, 12);
    let mut loader = Loader::new(training(source.clone()), OPTIONS).unwrap();
    for _ in 0..5 {
        loader.next_batch().unwrap();
    }
    let text = serde_json::to_string(&loader.cursor()).unwrap();
    assert_eq!(text, r#"{"step":5}"#);
    drop(loader);

    let cursor: Cursor = serde_json::from_str(&text).unwrap();
    let mut resumed = Loader::new(training(source), OPTIONS).unwrap();
    resumed.seek(&cursor);
    for expected in &all[5..] {
        assert_eq!(resumed.next_batch().unwrap(), *expected);
    }
    // Jumping while threads are at work, both ways.
    for step in [2, 11, 0, 7] {
        resumed.seek(&Cursor { step });
        assert_eq!(resumed.next_batch().unwrap(), all[step as usize]);
    }
    resumed.seek(&Cursor { step: u64::MAX });
    assert_eq!(resumed.next_batch().unwrap().step, u64::MAX);
}

#[test]
fn an_error_on_a_thread_arrives_and_the_batch_can_be_tried_again() {
    for workers in [0, 1, 3] {
        let active = Arc::new(AtomicBool::new(true));
        let broken = Some((4, Arc::clone(&active)));
        let source =
            Arc::new(Counting { trajectories: 7, frames: 9, broken, ..Counting::default() });
        let options = LoaderOptions { workers, ..OPTIONS };
        let expected = batches(counting(7, 9), options, 3);
        let mut loader = Loader::new(training(source), options).unwrap();
        let mut failures = 0;
        for expected in expected {
            loop {
                let cursor = loader.cursor();
                match loader.next_batch() {
                    Ok(batch) => {
                        assert_eq!(batch, expected);
                        break;
                    }
                    Err(error) => {
                        assert!(error.to_string().contains("disk"), "{error}");
                        assert_eq!(loader.cursor(), cursor);
                        failures += 1;
                        active.store(false, Ordering::SeqCst);
                    }
                }
            }
        }
        assert!(failures > 0, "three batches of three hold all seven trajectories");
    }
}

#[test]
fn a_panic_on_a_thread_becomes_an_error() {
    let source =
        Arc::new(Counting { trajectories: 7, frames: 9, panics: true, ..Counting::default() });
    let mut loader = Loader::new(training(source), OPTIONS).unwrap();
    let message = loader.next_batch().unwrap_err().to_string();
    assert!(message.contains("panicked") && message.contains("batch 0"), "{message}");
}

#[test]
fn no_more_than_the_prefetched_batches_are_read_and_dropping_ends_the_threads() {
    let source = counting(7, 9);
    let reads = Arc::clone(&source.reads);
    let options = LoaderOptions { workers: 2, prefetch: 2, ..OPTIONS };
    let mut loader = Loader::new(training(source.clone()), options).unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 0, "nothing is read before the first batch");
    loader.next_batch().unwrap();
    drop(loader);
    // Batch 0 and at most two ahead, of three windows each.
    assert!((3..=9).contains(&reads.load(Ordering::SeqCst)));
    // Joined threads have given back the source.
    assert_eq!(Arc::strong_count(&source), 1);
}

#[test]
fn impossible_options_are_errors_that_say_what_to_change() {
    let message = |source: Arc<Counting>, options| match Loader::new(training(source), options) {
        Ok(_) => panic!("accepted {options:?}"),
        Err(error) => error.to_string(),
    };
    let too_long = message(counting(7, 9), LoaderOptions { window: 10, ..OPTIONS });
    for part in ["10", "9", "train.window", "data.frames"] {
        assert!(too_long.contains(part), "{too_long}");
    }
    let huge = message(counting(7, 9), LoaderOptions { batch_size: usize::MAX / 8, ..OPTIONS });
    assert!(huge.contains("train.batch_size") && huge.contains("can address"), "{huge}");
    let no_batch = message(counting(7, 9), LoaderOptions { batch_size: 0, ..OPTIONS });
    assert!(no_batch.contains("train.batch_size"), "{no_batch}");
    let no_window = message(counting(7, 9), LoaderOptions { window: 0, ..OPTIONS });
    assert!(no_window.contains("train.window"), "{no_window}");
    assert!(message(counting(0, 9), OPTIONS).contains("no trajectory"));
}
