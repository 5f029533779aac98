//! What `cargo xtask reproduce` does if the digits that runs need are not there.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;

use repository::{Repository, text};

const PLANNED: &str = "nwm data fetch mnist downloads it first";

#[test]
fn digits_are_fetched_once_before_the_runs_that_need_them() {
    let repository = Repository::without_digits();
    let output = repository.reproduce(&["table2", "--only=smnist/cornn", "--jobs=2"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(PLANNED), "{}", text(&output.stderr));
    assert_eq!(repository.verbs(), ["data", "train", "eval", "report", "table", "gallery"]);
    let output = repository.reproduce(&["fig4"]);
    assert!(!text(&output.stderr).contains(PLANNED));
    assert_eq!(repository.count("data"), 1);
}

#[test]
fn runs_without_digits_do_not_wait_for_them() {
    let repository = Repository::without_digits();
    for arguments in [&["adding"][..], &["fig3", "--only=gratings"]] {
        let output = repository.reproduce(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("MNIST"), "{arguments:?}");
    }
    assert_eq!(repository.count("data"), 0);
}

#[test]
fn without_a_network_the_others_run_and_the_message_says_what_to_do() {
    let repository = Repository::without_digits();
    fs::write(repository.path("offline"), "").unwrap();
    let output = repository.reproduce(&["fig3"]);
    assert_eq!(output.status.code(), Some(1));
    let progress = text(&output.stderr);
    assert!(
        progress.contains("MNIST could not be downloaded (exit code 6: file system)"),
        "{progress}"
    );
    assert!(progress.contains("run `nwm data fetch mnist --from DIR`"), "{progress}");
    assert!(repository.path("runs/figures-smoke/gratings/result.json").exists());
    assert!(!repository.path("runs/figures-smoke/digits_0").exists());
    assert!(text(&output.stdout).starts_with("the figure\n"));

    fs::remove_file(repository.path("offline")).unwrap();
    let output = repository.reproduce(&["fig3"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(repository.path("runs/figures-smoke/digits_0/result.json").exists());
}

#[test]
fn all_tries_to_fetch_digits_once() {
    let repository = Repository::without_digits();
    fs::write(repository.path("offline"), "").unwrap();
    let output = repository.reproduce(&["all", "--jobs=4"]);
    assert_eq!(output.status.code(), Some(1));
    let progress = text(&output.stderr);
    assert!(progress.contains("(not tried again, exit code 6"), "{progress}");
    assert_eq!(repository.count("data"), 1);
    assert!(repository.path("runs/table1-smoke/spring-ar-seed0/result.json").exists());
}

#[test]
fn a_dry_run_lists_the_download_and_does_nothing() {
    let repository = Repository::without_digits();
    let output = repository.reproduce(&["table2", "--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("nwm data fetch mnist\nnwm train "));
    assert!(text(&output.stderr).contains(PLANNED));
    assert!(!repository.path("log").exists());
}
