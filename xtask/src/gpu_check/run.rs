//! One process of the check, or why there was none.

use serde::Serialize;
use serde_json::Value;

use super::child::{End, Ended};
use super::part::Part;
use super::reading::{Reading, split};
use crate::bench::last_lines;

/// How a process, or a whole part without one, came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "snake_case")]
pub(super) enum Outcome {
    Passed,
    Failed(String),
    /// Not possible here, for this reason; not a failure.
    LeftOut(String),
}

/// A process with all that it said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Run {
    pub(super) part: Part,
    /// What of the part: a case, a tool, a peer.
    pub(super) what: String,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    pub(super) seconds: f64,
    /// Every line that was understood.
    pub(super) lines: Vec<Value>,
    /// Every line of JSON that was not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unreadable: Vec<String>,
}

impl Run {
    /// One that did not take place.
    pub(super) fn left_out(part: Part, what: &str, why: impl Into<String>) -> Self {
        Self::without_process(part, what, Outcome::LeftOut(why.into()))
    }

    /// One that could not begin.
    pub(super) fn failed(part: Part, what: &str, why: impl Into<String>) -> Self {
        Self::without_process(part, what, Outcome::Failed(why.into()))
    }

    fn without_process(part: Part, what: &str, outcome: Outcome) -> Self {
        let what = what.to_owned();
        Self { part, what, outcome, seconds: 0.0, lines: Vec::new(), unreadable: Vec::new() }
    }

    /// A process that has ended, judged by what it said and then by how it ended.
    pub(super) fn ended(part: Part, what: &str, ended: &Ended) -> Self {
        let (lines, unreadable) = split(&ended.output);
        let what = what.to_owned();
        let outcome = Outcome::Passed;
        let mut run = Self { part, what, outcome, seconds: ended.seconds, lines, unreadable };
        let failed = run.failed_checks();
        run.outcome = if !failed.is_empty() {
            Outcome::Failed(format!("wrong: {}", failed.join(", ")))
        } else {
            match ended.end {
                End::OutOfTime => Outcome::Failed(format!("not done after {:.0} s", ended.seconds)),
                End::Interrupted => Outcome::LeftOut("interrupted".to_owned()),
                End::Exit(Some(0)) if !run.unreadable.is_empty() => {
                    let first: String = run.unreadable[0].chars().take(80).collect();
                    let count = run.unreadable.len();
                    Outcome::Failed(format!(
                        "lines that are not understood: {count}, first `{first}`"
                    ))
                }
                End::Exit(Some(0)) if run.lines.is_empty() => {
                    Outcome::Failed("said nothing".to_owned())
                }
                End::Exit(Some(0)) => Outcome::Passed,
                End::Exit(code) => {
                    let code = code.map_or("a signal".to_owned(), |code| format!("code {code}"));
                    let messages = match last_lines(&ended.messages) {
                        messages if messages.is_empty() => "without a message".to_owned(),
                        messages => messages,
                    };
                    Outcome::Failed(format!("ended with {code}: {messages}"))
                }
            }
        };
        run
    }

    /// Names of the checks that did not pass.
    fn failed_checks(&self) -> Vec<String> {
        let name = |reading| match reading {
            Reading::Check(check) if !check.ok => {
                let part = check.part.unwrap_or(check.check);
                Some(format!("{part} in {}", check.precision))
            }
            _ => None,
        };
        self.readings().filter_map(name).collect()
    }

    /// Its lines.
    pub(super) fn readings(&self) -> impl Iterator<Item = Reading> {
        self.lines.iter().filter_map(|line| Reading::of(line).ok())
    }
}

/// 0 if everything that ran passed, and 1 otherwise, also if nothing ran.
pub(super) fn exit_code(runs: &[Run]) -> u8 {
    let failed = runs.iter().any(|run| matches!(run.outcome, Outcome::Failed(_)));
    let passed = runs.iter().any(|run| run.outcome == Outcome::Passed);
    u8::from(failed || !passed)
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Run, exit_code};
    use crate::gpu_check::child::{End, Ended};
    use crate::gpu_check::part::Part;

    const GOOD: &str = r#"{"format":1,"check":"agreement","case":"rings","precision":"fp32","part":"drive","error":1e-7,"bound":8e-6,"ok":true}"#;

    fn ended(end: End, output: &str) -> Outcome {
        let messages = "warning\nerror: failed to use a GPU\n".to_owned();
        let ended = Ended { end, output: output.to_owned(), messages, seconds: 12.3 };
        Run::ended(Part::Agreement, "rings", &ended).outcome
    }

    fn why(outcome: Outcome) -> String {
        let Outcome::Failed(why) = outcome else { panic!("{outcome:?} is no failure") };
        why
    }

    #[test]
    fn a_process_passes_if_it_says_so_and_ends_well() {
        assert_eq!(ended(End::Exit(Some(0)), GOOD), Outcome::Passed);
        assert_eq!(why(ended(End::Exit(Some(0)), "")), "said nothing");
        assert!(why(ended(End::Exit(Some(1)), GOOD)).contains("code 1: warning; error"));
        assert!(why(ended(End::Exit(None), GOOD)).contains("a signal"));
        assert_eq!(why(ended(End::OutOfTime, GOOD)), "not done after 12 s");
    }

    #[test]
    fn failed_checks_are_named_however_the_process_ended() {
        let bad = GOOD.replace("true", "false");
        for end in [End::Exit(Some(0)), End::Exit(Some(1)), End::OutOfTime] {
            assert_eq!(why(ended(end, &format!("{GOOD}\n{bad}"))), "wrong: drive in fp32");
        }
    }

    #[test]
    fn a_torn_line_is_a_failure_unless_the_process_was_ended() {
        let torn = format!("{GOOD}\n{}", &GOOD[..40]);
        assert!(why(ended(End::Exit(Some(0)), &torn)).contains("not understood: 1"));
        assert!(why(ended(End::OutOfTime, &torn)).contains("not done"));
    }

    #[test]
    fn the_exit_code_is_zero_only_if_something_passed_and_nothing_failed() {
        let run = |outcome: &Outcome| Run {
            outcome: outcome.clone(),
            ..Run::left_out(Part::Peers, "torch", "")
        };
        let [passed, failed, left_out] =
            &[Outcome::Passed, Outcome::Failed(String::new()), Outcome::LeftOut(String::new())]
                .map(|outcome| run(&outcome));
        let code = |runs: &[&Run]| exit_code(&runs.iter().copied().cloned().collect::<Vec<_>>());
        assert_eq!(code(&[passed, left_out]), 0);
        assert_eq!(code(&[passed, failed]), 1);
        assert_eq!(code(&[left_out]), 1);
        assert_eq!(code(&[]), 1);
    }
}
