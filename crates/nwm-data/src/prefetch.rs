//! Threads that prepare batches ahead and hand them over in order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::loader::Plan;

/// What the loader and its threads agree on.
struct State {
    /// The batch that the loader asks for next.
    wanted: u64,
    /// The first batch that no thread has taken on.
    unclaimed: u64,
    /// Finished batches, not yet asked for.
    ready: BTreeMap<u64, Result<Batch>>,
    /// Counts the jumps, so that a batch begun before one is not mistaken for a fresh one.
    jumps: u64,
    /// Whether the threads should end.
    closed: bool,
}

/// The state, and a signal for its changes.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Threads that stay a few batches ahead of the loader. Dropping it ends and joins them.
pub(crate) struct Prefetcher {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Prefetcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Prefetcher").field("threads", &self.threads.len()).finish()
    }
}

impl Prefetcher {
    /// Starts the plan's number of threads, the first batch being `step`.
    pub(crate) fn start(plan: &Arc<Plan>, step: u64) -> Result<Self> {
        let state = State {
            wanted: step,
            unclaimed: step,
            ready: BTreeMap::new(),
            jumps: 0,
            closed: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let mut prefetcher = Self { shared, threads: Vec::new() };
        for _ in 0..plan.options.workers {
            let (plan, shared) = (Arc::clone(plan), Arc::clone(&prefetcher.shared));
            let thread = std::thread::Builder::new()
                .name("nwm-data loader".to_owned())
                .spawn(move || work(&plan, &shared))
                .map_err(|error| Error::Worker {
                    step,
                    problem: format!("could not be started ({error})"),
                })?;
            prefetcher.threads.push(thread);
        }
        Ok(prefetcher)
    }

    /// Waits for batch `step`, the one that follows the last one taken. After an error the same
    /// batch is prepared again.
    pub(crate) fn take(&self, step: u64) -> Result<Batch> {
        let mut state = self.shared.lock();
        loop {
            if let Some(batch) = state.ready.remove(&step) {
                state.wanted = step.wrapping_add(1);
                drop(state);
                if batch.is_err() {
                    self.seek(step);
                } else {
                    self.shared.changed.notify_all();
                }
                return batch;
            }
            state = self.shared.wait(state);
        }
    }

    /// Batches that wait ready.
    pub(crate) fn ready(&self) -> usize {
        self.shared.lock().ready.len()
    }

    /// Forgets what was prepared and goes on from batch `step`.
    pub(crate) fn seek(&self, step: u64) {
        let mut state = self.shared.lock();
        state.wanted = step;
        state.unclaimed = step;
        state.jumps += 1;
        state.ready.clear();
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread reports its panics as errors of its batches; there is nothing else to tell.
            let _ = thread.join();
        }
    }
}

/// The life of one thread.
fn work(plan: &Plan, shared: &Shared) {
    let ahead = plan.options.prefetch as u64;
    let mut state = shared.lock();
    while !state.closed {
        let step = state.unclaimed;
        if step.wrapping_sub(state.wanted) >= ahead {
            state = shared.wait(state);
            continue;
        }
        state.unclaimed = step.wrapping_add(1);
        let jumps = state.jumps;
        drop(state);
        // A panic in a source must not leave the loader waiting for ever.
        let batch = catch_unwind(AssertUnwindSafe(|| plan.batch(step))).unwrap_or_else(|_| {
            Err(Error::Worker { step, problem: "panicked in the source of frames".to_owned() })
        });
        state = shared.lock();
        if state.jumps == jumps {
            state.ready.insert(step, batch);
            shared.changed.notify_all();
        }
    }
}
