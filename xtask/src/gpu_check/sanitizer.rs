//! compute-sanitizer: its tools on cases that are small enough for them.

use std::path::Path;
use std::process::Command;

use super::child::{End, Ended};
use super::part::Part;
use super::reading::{FORMAT, Sanitized};
use super::run::{Outcome, Run};

/// Accesses out of bounds, races in shared memory, memory that is read before it is written.
const TOOLS: [&str; 3] = ["memcheck", "racecheck", "initcheck"];
/// Cases, fastest first: one kind of kernel each.
const CASES: [&str; 4] = ["rings", "hamiltonian", "dense", "smnist_b16"];
/// The exit code that it gives its own errors.
const FOUND: &str = "9";
/// What it says where the driver does not let it look.
const REFUSAL: &str = "not supported";

/// Every tool on every case.
pub(super) fn combinations() -> impl Iterator<Item = (&'static str, &'static str)> {
    CASES.into_iter().flat_map(|case| TOOLS.into_iter().map(move |tool| (tool, case)))
}

/// The tool around the program.
pub(super) fn command(sanitizer: &Path, tool: &str, program: &Path, case: &str) -> Command {
    let mut command = Command::new(sanitizer);
    command.args(["--tool", tool, "--print-limit", "3", "--error-exitcode", FOUND]).arg(program);
    command.args(["--device", "cuda", "--case", case, "--part", "agreement", "--json"]);
    command
}

/// What a tool said of a case. One that is not done in time, or may not look, is left out.
pub(super) fn judge(tool: &str, case: &str, ended: &Ended) -> Run {
    let part = Part::Sanitizer;
    let mut run = Run::ended(part, &format!("{tool} {case}"), ended);
    let all = [&*ended.output, &*ended.messages].join("\n");
    match errors(&all) {
        Some(errors) => {
            let line =
                Sanitized { format: FORMAT, tool: tool.to_owned(), case: case.to_owned(), errors };
            run.lines.extend(serde_json::to_value(line).ok());
            if errors > 0 {
                run.outcome = Outcome::Failed(format!("errors: {errors}; {}", first(&all)));
            }
        }
        None if ended.end == End::OutOfTime => {
            run.outcome = Outcome::LeftOut(format!("not done after {:.0} s", ended.seconds));
        }
        None if all.contains(REFUSAL) => {
            run.outcome = Outcome::LeftOut(first(&all));
        }
        None if run.outcome == Outcome::Passed => {
            run.outcome = Outcome::Failed("no summary".to_owned());
        }
        None => {}
    }
    run
}

/// The number in `ERROR SUMMARY: 2 errors` or `RACECHECK SUMMARY: 2 hazards displayed (1 error, 1 warning)`.
fn errors(text: &str) -> Option<u64> {
    let summary = text.lines().find_map(|line| line.split_once(" SUMMARY: "))?.1;
    summary.split_whitespace().next()?.parse().ok()
}

/// The first thing that it complains about.
fn first(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("========= "));
    let complaints =
        lines.map(str::trim).filter(|it| !it.is_empty() && !it.starts_with("COMPUTE-"));
    complaints.into_iter().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{combinations, errors, judge};
    use crate::gpu_check::child::{End, Ended};
    use crate::gpu_check::run::Outcome;

    const CHECK: &str = r#"{"format":1,"check":"agreement","case":"rings","precision":"fp32","part":"drive","error":1e-7,"bound":8e-6,"ok":true}"#;

    fn outcome(end: End, output: &str) -> Outcome {
        let ended =
            Ended { end, output: output.to_owned(), messages: String::new(), seconds: 60.0 };
        judge("memcheck", "rings", &ended).outcome
    }

    #[test]
    fn summaries_are_read() {
        assert_eq!(errors("========= ERROR SUMMARY: 12 errors\n"), Some(12));
        let races = "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)";
        assert_eq!(errors(races), Some(0));
        assert_eq!(errors("========= COMPUTE-SANITIZER\n"), None);
    }

    #[test]
    fn errors_fail_and_a_clean_run_passes() {
        let clean =
            format!("========= COMPUTE-SANITIZER\n{CHECK}\n========= ERROR SUMMARY: 0 errors\n");
        assert_eq!(outcome(End::Exit(Some(0)), &clean), Outcome::Passed);
        let bad = clean
            .replace("SUMMARY: 0", "SUMMARY: 2")
            .replace(CHECK, "========= Invalid __global__ write of size 4 bytes");
        let Outcome::Failed(why) = outcome(End::Exit(Some(9)), &bad) else { panic!("passed") };
        assert_eq!(why, "errors: 2; Invalid __global__ write of size 4 bytes");
        let wrong = clean.replace("true", "false");
        assert!(matches!(outcome(End::Exit(Some(1)), &wrong), Outcome::Failed(_)));
    }

    #[test]
    fn a_tool_that_may_not_look_or_is_not_done_is_left_out() {
        let refused = "========= COMPUTE-SANITIZER\n========= Error: Device not supported.\n";
        let expected = Outcome::LeftOut("Error: Device not supported.".to_owned());
        assert_eq!(outcome(End::Exit(Some(1)), refused), expected);
        assert!(matches!(outcome(End::OutOfTime, CHECK), Outcome::LeftOut(_)));
        assert!(matches!(outcome(End::Exit(Some(0)), CHECK), Outcome::Failed(_)));
    }

    #[test]
    fn the_smallest_case_comes_first() {
        let all: Vec<_> = combinations().collect();
        assert_eq!(all[0], ("memcheck", "rings"));
        assert_eq!(all.len(), 12);
    }
}
