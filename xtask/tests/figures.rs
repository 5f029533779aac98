//! `cargo xtask reproduce fig2` to `fig9` and `all` as a whole.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;

use repository::{Repository, text};

#[test]
fn a_figure_is_printed_with_the_path_of_its_page() {
    let repository = Repository::new();
    let output = repository.reproduce(&["fig4"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = repository.path("reports/fig4/report.html");
    assert_eq!(text(&output.stdout), format!("the figure\n{}\n", page.display()));
    let expected = ["train", "eval", "report", "unroll", "waves", "figure", "gallery"];
    assert_eq!(repository.verbs(), expected);
    let plan = repository.json("runs/figures-smoke/plans/fig4.json");
    let (run, waves) = (&plan["runs"][0], "products/digits_0/waves");
    assert_eq!(run["products"]["waves"], waves);
    for found in [run["run_dir"].as_str().unwrap(), waves] {
        assert!(repository.path("runs/figures-smoke").join(found).exists(), "{found}");
    }
}

#[test]
fn figures_share_runs_and_products() {
    let repository = Repository::new();
    repository.reproduce(&["fig4"]);
    let before = repository.verbs().len();
    repository.reproduce(&["fig7"]);
    assert_eq!(repository.verbs()[before..], ["figure", "gallery"]);
    repository.reproduce(&["fig6"]);
    assert_eq!(repository.verbs()[before + 2..], ["selectivity", "figure", "gallery"]);
}

#[test]
fn a_figure_reuses_the_runs_of_a_table_and_trains_those_that_are_missing_in_its_folder() {
    let repository = Repository::new();
    repository.reproduce(&["table1", "--only=spring/nwm_2d"]);
    let output = repository.reproduce(&["fig2", "--only=spring,two_body"]);
    assert!(text(&output.stderr).contains("runs       2, of which 1 done\n"));
    assert_eq!(repository.count("train"), 2);
    assert!(repository.path("runs/table1-smoke/two_body-nwm_2d-seed0/result.json").exists());
    let output = repository.reproduce(&["table1", "--only=two_body/nwm_2d"]);
    assert!(text(&output.stderr).contains("runs       1, of which 1 done\n"));
    assert_eq!(repository.count("train"), 2);
}

#[test]
fn a_product_is_made_again_after_its_run() {
    let repository = Repository::new();
    repository.reproduce(&["fig5"]);
    fs::remove_file(repository.path("runs/figures-smoke/rings/result.json")).unwrap();
    let before = repository.verbs().len();
    repository.reproduce(&["fig9"]);
    let expected = ["eval", "report", "induce", "figure", "gallery"];
    assert_eq!(repository.verbs()[before..], expected);
}

#[test]
fn a_failed_run_does_not_stop_the_others_of_a_figure() {
    let repository = Repository::new();
    fs::write(repository.run_dir("figures-smoke/digits_0").join("fail"), "5").unwrap();
    let output = repository.reproduce(&["fig8", "--jobs=2"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("digits_0 failed: exit code 5: training failed"));
    assert_eq!(repository.count("waves"), 2);
    assert!(text(&output.stdout).starts_with("the figure\n"));
}

#[test]
fn all_goes_on_after_a_failure_lists_it_and_continues_next_time() {
    let repository = Repository::new();
    let broken = repository.run_dir("figures-smoke/digits_0");
    fs::write(broken.join("fail"), "5").unwrap();
    let output = repository.reproduce(&["all", "--jobs=4"]);
    assert_eq!(output.status.code(), Some(1));
    let progress = text(&output.stderr);
    assert!(progress.contains("together   42 runs, of which 0 done\n"), "{progress}");
    for (target, ending) in [
        ("table1", "done"),
        ("fig2", "done"),
        ("fig3", "without digits_0, which failed"),
        ("fig8", "without digits_0, which failed"),
        ("fig9", "done"),
        ("adding", "done"),
    ] {
        let line = format!("\n{target:<10} {ending}\n");
        assert!(progress.contains(&line), "{line}{progress}");
    }
    // Five figures show the broken run, but nobody waits for it five times.
    assert_eq!(repository.count("train"), 42);
    assert_eq!((repository.count("table"), repository.count("figure")), (3, 8));

    fs::remove_file(broken.join("fail")).unwrap();
    let output = repository.reproduce(&["all"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let progress = text(&output.stderr);
    assert!(progress.contains("together   42 runs, of which 41 done\n"), "{progress}");
    assert_eq!(repository.count("train"), 43);
}

#[test]
fn a_dry_run_of_everything_lists_each_command_once() {
    let repository = Repository::new();
    let output = repository.reproduce(&["all", "--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let commands = text(&output.stdout);
    let mut lines: Vec<&str> = commands.lines().collect();
    let count = |verb: &str| lines.iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((count("nwm train"), count("nwm waves"), count("nwm induce")), (42, 10, 1));
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all);
    assert!(!repository.path("runs").exists() && !repository.path("log").exists());
}
