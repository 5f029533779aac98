//! The peers' scripts on the card, with whatever versions of their libraries are installed there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::child::{End, Ended};
use super::part::Part;
use super::run::{Outcome, Run};
use super::step;
use super::times::Times;
use crate::bench::disagreements;

/// The cases of the cell, those with targets first.
const CASES: [&str; 7] =
    ["hamiltonian", "smnist", "rotating", "rings", "dense", "gratings", "smnist_b16"];
/// A peer's repetitions of a time: there are many of them, and little time.
const REPEATS: &str = "20";

/// A process of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script {
    /// What it is called.
    pub(super) what: &'static str,
    file: &'static str,
    cases: &'static [&'static str],
    formulations: &'static [&'static str],
    /// After which it is ended; compiling takes most of it.
    pub(super) most: Duration,
    /// Whether it starts from what our training step left behind.
    pub(super) needs_inputs: bool,
}

/// In the order of importance.
pub(super) const SCRIPTS: [Script; 4] = [
    Script {
        what: "PyTorch",
        file: "cell_torch.py",
        cases: &CASES,
        formulations: &["eager", "stacked", "channels_last"],
        most: Duration::from_secs(90),
        needs_inputs: false,
    },
    Script {
        what: "training step in PyTorch",
        file: "step_torch.py",
        cases: &[step::CASE],
        formulations: &["channels_last", "compiled"],
        most: Duration::from_secs(150),
        needs_inputs: true,
    },
    Script {
        what: "torch.compile",
        file: "cell_torch.py",
        cases: &CASES,
        formulations: &["compiled"],
        most: Duration::from_secs(75),
        needs_inputs: false,
    },
    Script {
        what: "JAX",
        file: "cell_jax.py",
        cases: &CASES,
        formulations: &["convolution", "channels_last", "shift"],
        most: Duration::from_secs(60),
        needs_inputs: false,
    },
];

impl Script {
    /// The call of python.
    pub(super) fn command(&self, folder: &Path, inputs: &Path, threads: usize) -> Command {
        let mut command = Command::new("python3");
        command.arg(folder.join(self.file)).args(["--device", "cuda", "--repeats", REPEATS]);
        command.args(["--threads", &threads.to_string()]);
        command.args(self.cases.iter().flat_map(|case| ["--case", case]));
        command.args(self.formulations.iter().flat_map(|it| ["--formulation", it]));
        if self.needs_inputs {
            command.arg("--inputs").arg(inputs);
        }
        // Compiled scripts would lie beside the scripts.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What a peer said. One that is not installed is left out, and so is what one had no time for.
    pub(super) fn judge(&self, ended: &Ended, earlier: &[Run]) -> Run {
        let mut run = Run::ended(Part::Peers, self.what, ended);
        let missing = ended.messages.lines().rev().find(|line| line.contains("No module named"));
        match ended.end {
            End::OutOfTime => {
                let (count, seconds) = (run.lines.len(), ended.seconds);
                let why =
                    format!("not done after {seconds:.0} s; cases and formulations done: {count}");
                run.outcome = Outcome::LeftOut(why);
            }
            End::Exit(Some(code))
                if code != 0
                    && let Some(missing) = missing =>
            {
                run.outcome = Outcome::LeftOut(missing.trim().to_owned());
            }
            _ => {}
        }
        // Only the training step reports what it computed on both sides.
        if self.needs_inputs && run.outcome == Outcome::Passed {
            let mut lines = Times::of(earlier);
            lines.0.retain(|line| line.bench == "step");
            lines.0.extend(Times::of(std::slice::from_ref(&run)).0);
            let found = disagreements(&lines.0, &["torch"]);
            if !found.is_empty() {
                run.outcome = Outcome::Failed(found.join("; "));
            }
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::SCRIPTS;
    use crate::gpu_check::child::{End, Ended};
    use crate::gpu_check::part::Part;
    use crate::gpu_check::run::{Outcome, Run};

    fn ended(end: End, output: &str, messages: &str) -> Ended {
        Ended { end, output: output.to_owned(), messages: messages.to_owned(), seconds: 60.0 }
    }

    fn line(by: &str, loss: f64) -> String {
        format!(
            r#"{{"format":1,"bench":"step","case":"nwm_2d_paper","by":"{by}","variant":"a","threads":2,"modes":[],"loss":{loss}}}"#
        )
    }

    #[test]
    fn the_scripts_are_there_and_know_their_arguments() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        for script in SCRIPTS {
            let text = std::fs::read_to_string(folder.join(script.file)).unwrap();
            for formulation in script.formulations {
                assert!(
                    text.contains(&format!("\"{formulation}\"")),
                    "{formulation} in {}",
                    script.file
                );
            }
        }
    }

    #[test]
    fn a_library_that_is_not_installed_is_left_out() {
        let messages = "Traceback\nModuleNotFoundError: No module named 'torch'\n";
        let run = SCRIPTS[0].judge(&ended(End::Exit(Some(1)), "", messages), &[]);
        let expected = "ModuleNotFoundError: No module named 'torch'".to_owned();
        assert_eq!(run.outcome, Outcome::LeftOut(expected));
        let run = SCRIPTS[0].judge(&ended(End::Exit(Some(1)), "", "out of memory\n"), &[]);
        assert!(matches!(run.outcome, Outcome::Failed(_)));
    }

    #[test]
    fn what_was_done_in_time_is_kept() {
        let run = SCRIPTS[1].judge(&ended(End::OutOfTime, &line("torch", 0.5), ""), &[]);
        let Outcome::LeftOut(why) = &run.outcome else { panic!("not left out") };
        assert!(why.ends_with("done: 1"), "{why}");
        assert_eq!(run.lines.len(), 1);
    }

    #[test]
    fn a_training_step_that_computes_something_else_fails() {
        let end = End::Exit(Some(0));
        let ours = Run::ended(Part::Step, "nwm_2d_paper", &ended(end, &line("nwm", 0.5), ""));
        let judge = |loss| {
            SCRIPTS[1].judge(&ended(end, &line("torch", loss), ""), std::slice::from_ref(&ours))
        };
        assert_eq!(judge(0.5001).outcome, Outcome::Passed);
        assert!(matches!(judge(0.6).outcome, Outcome::Failed(_)));
    }
}
