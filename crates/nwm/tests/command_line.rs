//! The program by itself: what it says without a command, its manual and completions, mistakes in typing.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{code, json, nwm, stderr};

#[test]
fn without_a_command_it_names_commands_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = nwm(folder.path()).output().unwrap();
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    assert!(String::from_utf8_lossy(&output.stdout).contains("  nwm simulate --out first  "));
    let first = json(&nwm(folder.path()).arg("--json").output().unwrap());
    for first in first["first"].as_array().unwrap() {
        let mut words = first["command"].as_str().unwrap().split(' ');
        assert_eq!(words.next(), Some("nwm"));
        let help = nwm(folder.path()).args(["help", words.next().unwrap()]).output().unwrap();
        assert_eq!(code(&help), 0, "{first}");
    }
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let output = nwm(folder.path()).args(["man", "pages", "--json"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let json = json(&output);
    let pages: Vec<_> =
        json["pages"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(pages[0], "nwm.1");
    assert!(
        pages.contains(&"nwm-data-generate.1") && !pages.contains(&"nwm-examine.1"),
        "{pages:?}"
    );
    for page in pages {
        let roff = std::fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        let name = page.trim_end_matches(".1");
        assert!(
            roff.contains(".SH SYNOPSIS") && roff.contains(&name.replace('-', "\\-")),
            "{page}: {roff}"
        );
    }
}

#[test]
fn every_shell_has_completions() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = nwm(folder.path()).args(["completions", shell]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("simulate"), "{shell}");
    }
}

#[test]
fn a_word_that_is_almost_right_is_suggested() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, suggested) in
        [(["simulat", "--out"], "'simulate'"), (["waves", "--surogates"], "'--surrogates'")]
    {
        let output = nwm(folder.path()).args(arguments).output().unwrap();
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(suggested), "{}", stderr(&output));
    }
}

#[test]
fn nothing_is_coloured_when_it_is_not_for_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &[], &["doctor"], &["train"]] {
        let output = nwm(folder.path()).args(arguments).env("CLICOLOR", "1").output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        assert!(!all.contains(&0x1b), "{arguments:?}");
    }
}
