//! Galleries of folders with some reports.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::Gallery;
use super::page::gallery_page;
use crate::pages::fixtures::write_json;

fn write_table(folder: &Path) {
    write_json(
        &folder.join("table1/table.json"),
        &json!({"format": 1, "preset": "quick", "reduced": true, "commit": "c0ffee",
            "cells": [{"status": "done"}, {"status": "missing"}],
            "summaries": [{"row": "spring", "best": "nwm_1d"}, {"row": "pendulum", "best": null}]}),
    );
    fs::write(folder.join("table1/report.html"), "a page").unwrap();
}

fn write_figure(folder: &Path) {
    write_json(
        &folder.join("fig4/figure.json"),
        &json!({"format": 1, "title": "Waves <here>", "preset": "paper", "reduced": false,
            "commit": "c0ffee", "status": "partial",
            "checks": [{"name": "travel index", "run": "digits_0", "holds": true},
                {"name": "direction", "run": "digits_0", "holds": false},
                {"name": "length", "run": null, "holds": null}],
            "files": [{"name": "steps.csv", "shows": "steps"}, {"name": "large.png", "shows": "all"},
                {"name": "../phase.gif", "shows": "elsewhere"}, {"name": "phase.gif", "shows": "phase"}]}),
    );
    fs::write(folder.join("fig4/phase.gif"), "abc").unwrap();
    fs::write(folder.join("fig4/large.png"), vec![0; (1 << 20) + 1]).unwrap();
}

#[test]
fn what_is_there_has_a_card_and_what_is_not_a_command() {
    let folder = tempfile::tempdir().unwrap();
    write_table(folder.path());
    write_figure(folder.path());
    let gallery = Gallery::of(folder.path()).unwrap();
    assert_eq!(gallery.counts(), [2, 9]);
    let page = gallery_page(&gallery);
    for expected in [
        "2 of 11 tables and figures are here.",
        "<a href=\"table1/report.html\">table1</a>",
        "1 of 2 cells have results. Best: spring nwm_1d.",
        "reduced, preset quick",
        "fig4: Waves &lt;here&gt;",
        "1 of 3 checks hold. Not: direction (digits_0). Not measured: 1.",
        "data:image/gif;base64,YWJj",
        "<code>cargo xtask reproduce fig9</code>",
    ] {
        assert!(page.contains(expected), "{expected} is missing of {page}");
    }
    for absent in ["image/png", "elsewhere", "reproduce fig4", "fig4/report.html", "http:"] {
        assert!(!page.contains(absent), "{absent} must not be in the page");
    }
    gallery.write(folder.path()).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("index.html")).unwrap(), page);
}

#[test]
fn a_file_that_cannot_be_read_has_a_card_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    write_json(&folder.path().join("fig5/figure.json"), &json!({"format": 7}));
    let page = gallery_page(&Gallery::of(folder.path()).unwrap());
    assert!(page.contains("found format 7, expected 1"), "{page}");
    assert!(page.contains("figure.json"));
    let error = Gallery::of(&folder.path().join("absent")).err().unwrap();
    assert!(format!("{error:#}").contains("absent"));
}
