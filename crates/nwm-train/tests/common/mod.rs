//! A run small enough for tests: a sheet of 3 x 3, two maps, windows of 8 frames.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nwm_train::{Error, Layer, Observer, Outcome, Resolved, RunRequest, Silent, StepResult, train};

/// Configuration of the small run; `more` is TOML laid over it, `cache` a folder for its data.
pub(crate) fn resolved(cache: &Path, model: &str, more: &[&str]) -> Resolved {
    // An odd number where the latent state is that of the middle frame.
    let seen = if ["hgn", "ode_tr", "rgn"].contains(&model) { 3 } else { 4 };
    let small = format!(
        "[data]\ntrain_trajectories = 6\ntest_trajectories = 3\nframes = 40\ncache = {:?}\n\
         [model]\nname = \"{model}\"\ninference_steps = {seen}\n\
         [model.latent]\nsize = 4\nhidden = [5, 4]\n\
         [model.encoder]\nchannels = 2\n[model.decoder]\nchannels = 2\n\
         [model.cell]\nrows = 3\ncolumns = 3\n[model.ar]\nlatent = 4\nlayers = [5, 4]\n\
         [train]\nsteps = 6\nbatch_size = 2\nwindow = 8\nlearning_rate = 1e-2\nlog_every = 2\n\
         checkpoint_every = 2\nkeep_last = 2\n[eval]\nextrapolation_steps = 6\nbatch_size = 2\n",
        cache.display()
    );
    let mut layers = vec![Layer::parse("small", &small).unwrap()];
    layers.extend(more.iter().map(|assignment| Layer::assignment(assignment).unwrap()));
    Resolved::from_layers(&layers).unwrap()
}

pub(crate) fn request(run_directory: &Path, resume: bool) -> RunRequest {
    RunRequest { resume, ..RunRequest::new(run_directory, "0") }
}

/// Trains to the end.
pub(crate) fn train_all(resolved: &Resolved, run_directory: &Path) -> Result<Outcome, Error> {
    train(resolved, &request(run_directory, true), &AtomicBool::new(false), &mut Silent)
}

/// Asks for a stop after some steps.
pub(crate) struct StopAfter<'a> {
    pub(crate) interrupt: &'a AtomicBool,
    pub(crate) step: u64,
}

impl Observer for StopAfter<'_> {
    fn started(&mut self, _step: u64, _steps: u64) {}

    fn stepped(&mut self, step: u64, _result: &StepResult) {
        if step == self.step {
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }

    fn passed_over(&mut self, _problem: &Error) {}
}

/// Trains until `step`, as an interrupted run does.
pub(crate) fn train_until(resolved: &Resolved, run_directory: &Path, step: u64) -> Outcome {
    let interrupt = AtomicBool::new(false);
    let mut observer = StopAfter { interrupt: &interrupt, step };
    train(resolved, &request(run_directory, true), &interrupt, &mut observer).unwrap()
}

/// Parameters and optimiser of a checkpoint, as bytes.
pub(crate) fn checkpoint_bytes(run_directory: &Path, step: u64) -> (Vec<u8>, Vec<u8>) {
    let directory = nwm_models::checkpoint_directory(run_directory, step);
    let checkpoint = nwm_models::Checkpoint::open(&directory).unwrap();
    (
        checkpoint.read(nwm_models::MODEL_FILE).unwrap(),
        checkpoint.read(nwm_train::OPTIMIZER_FILE).unwrap(),
    )
}
