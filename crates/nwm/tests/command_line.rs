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
        let has_examples = !["nwm", "nwm-data"].contains(&name);
        assert_eq!(roff.contains(".SH EXAMPLES\n.nf\n  nwm "), has_examples, "{page}: {roff}");
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
    let generate = "data generate --split test --count 1 --out a.h5";
    for (line, suggested) in [
        ("simulat --out a", "'simulate'"),
        ("data lst", "'list'"),
        ("waves a --surogates 9", "'--surrogates'"),
        ("waves a --grid trous --out a", "'torus'"),
        ("simulate --preset spirl --out a", "'spiral'"),
        ("simulate --drive nose --out a", "'noise'"),
        ("train --preset quik --run-dir a", "'quick'"),
        ("train --run-dir a --set train.step=1", "train.steps"),
        ("train --run-dir a --set data.name=pendlum", "did you mean pendulum?"),
        ("config nwm2d", "'nwm_2d'"),
        ("config --data rotating_mnst", "did you mean rotating_mnist?"),
        (&format!("{generate} sprng"), "did you mean spring?"),
        (&format!("{generate} spring --variant color"), "'colors'"),
        ("data show mnst --out a", "did you mean mnist?"),
        ("data fetch mnst", "did you mean mnist?"),
        ("completions bsh", "'bash'"),
    ] {
        let output = nwm(folder.path()).args(line.split(' ')).output().unwrap();
        assert_eq!(code(&output), 2, "{line}: {}", stderr(&output));
        assert!(stderr(&output).contains(suggested), "{line}: {}", stderr(&output));
    }
}

#[test]
fn an_array_that_is_not_there_is_told_from_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| nwm(folder.path()).args(line.split(' ')).output().unwrap();
    assert_eq!(code(&run("simulate --topology torus:8x8 --steps 9 --out a")), 0);
    let output = run("waves a/trajectory.h5 --dataset /positon --out b");
    assert_eq!(code(&output), 3);
    let message = stderr(&output);
    assert!(
        message.contains("'positon' not found; the file has /position, /velocity"),
        "{message}"
    );
}

#[test]
fn the_version_tells_what_a_report_of_a_problem_needs() {
    let folder = tempfile::tempdir().unwrap();
    let version = |flag: &str| {
        String::from_utf8(nwm(folder.path()).arg(flag).output().unwrap().stdout).unwrap()
    };
    assert_eq!(version("-V"), format!("nwm {}\n", env!("CARGO_PKG_VERSION")));
    let lines = version("--version");
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("commit ") && lines[2].starts_with("features "), "{lines:?}");
}

#[test]
fn errors_are_coloured_where_somebody_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["eval", "nowhere"][..], &["trian"]] {
        let ask = |variable: &str| {
            let output = nwm(folder.path()).args(arguments).env(variable, "1").output().unwrap();
            stderr(&output)
        };
        let error = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m ";
        assert!(ask("CLICOLOR_FORCE").starts_with(error), "{arguments:?}");
        assert!(ask("NO_COLOR").starts_with("error: "), "{arguments:?}");
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
