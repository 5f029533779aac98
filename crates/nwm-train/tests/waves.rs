//! The waves of the hidden state while a model trains: in which rows they are, that nothing else depends on them, and that a
//! resumed run measures the same.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::path::Path;

use common::{checkpoint_bytes, resolved, train_all, train_until};
use nwm_train::{ErrorKind, Layer, METRICS_FILE, MetricsRow, Outcome, Resolved, read_metrics};

fn rows(run: &Path) -> Vec<MetricsRow> {
    read_metrics(&run.join(METRICS_FILE)).unwrap()
}

/// Steps and waves of every row.
fn waves(run: &Path) -> Vec<(u64, Vec<(String, u64)>)> {
    let bits = |waves: Vec<(String, f64)>| {
        waves.into_iter().map(|(name, value)| (name, value.to_bits())).collect()
    };
    rows(run).into_iter().map(|row| (row.step, bits(row.waves))).collect()
}

fn value(row: &MetricsRow, name: &str) -> Option<f64> {
    row.waves.iter().find(|wave| wave.0 == name).map(|wave| wave.1)
}

#[test]
fn a_resumed_run_measures_what_an_uninterrupted_one_does() {
    for model in ["nwm_2d", "nwm_1d", "cornn"] {
        let folder = tempfile::tempdir().unwrap();
        let more = ["analysis.every=2", "data.validation_trajectories=2"];
        let resolved = resolved(folder.path(), model, &more);
        let (straight, resumed) = (folder.path().join("straight"), folder.path().join("resumed"));
        train_all(&resolved, &straight).unwrap();
        assert_eq!(train_until(&resolved, &resumed, 3), Outcome::Interrupted);
        train_all(&resolved, &resumed).unwrap();
        assert_eq!(waves(&straight), waves(&resumed), "{model}");
        assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&resumed, 6), "{model}");
        let header = |run: &Path| {
            let text = std::fs::read_to_string(run.join(METRICS_FILE)).unwrap();
            text.lines().next().unwrap().to_owned()
        };
        assert_eq!(header(&straight), header(&resumed));
    }
}

#[test]
fn waves_are_measured_at_their_interval_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, every: &str| {
        let run = folder.path().join(name);
        train_all(&resolved(folder.path(), "nwm_2d", &[every, "train.log_every=4"]), &run).unwrap();
        run
    };
    let (with, without) = (run("with", "analysis.every=3"), run("without", "analysis.every=0"));
    assert!(checkpoint_bytes(&with, 6) == checkpoint_bytes(&without, 6), "other bits");
    let measured = rows(&with);
    // Row 3 is there for its waves, 1, 4 and 6 are in any case.
    let steps: Vec<(u64, bool)> =
        measured.iter().map(|row| (row.step, !row.waves.is_empty())).collect();
    assert_eq!(steps, [(1, false), (3, true), (4, false), (6, true)]);
    for row in rows(&without) {
        assert!(row.waves.is_empty());
        let same = measured.iter().find(|it| it.step == row.step).unwrap();
        assert_eq!((same.loss, same.gradient_norm), (row.loss, row.gradient_norm));
    }
    let text = std::fs::read_to_string(without.join(METRICS_FILE)).unwrap();
    assert!(!text.contains("waves_"), "{text}");
    let row = &measured[1];
    for name in ["pgd", "sync", "travel_index", "mode_share", "singularity_density"] {
        let found = value(row, name).unwrap();
        assert!((0.0..=1.0).contains(&found), "{name}: {found}");
        let p_value = value(row, &format!("{name}_p")).unwrap();
        assert!((0.05..=1.0).contains(&p_value), "{name}: {p_value}");
        assert!(value(row, &format!("{name}_null")).is_some(), "{name}");
    }
    assert_eq!(value(row, "shift_score"), None);
}

#[test]
fn rings_have_a_shift_and_models_without_a_sheet_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |model: &str| {
        let run = folder.path().join(model);
        train_all(&resolved(folder.path(), model, &["analysis.every=6"]), &run).unwrap();
        rows(&run).pop().unwrap()
    };
    let rings = run("nwm_1d");
    assert!(value(&rings, "shift_score").is_some_and(|score| score.abs() <= 1.0), "{rings:?}");
    assert_eq!(value(&rings, "singularity_density"), None);
    assert!(run("ar").waves.is_empty() && run("hgn").waves.is_empty());
}

#[test]
fn the_interval_may_change_between_starts_and_the_rest_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_until(&resolved(folder.path(), "nwm_2d", &["analysis.every=2"]), &run, 3);
    let other = resolved(folder.path(), "nwm_2d", &["analysis.every=2", "analysis.surrogates=9"]);
    let error = train_all(&other, &run).unwrap_err();
    assert!(error.to_string().contains("analysis.surrogates"), "{error}");
    train_all(&resolved(folder.path(), "nwm_2d", &["analysis.every=0"]), &run).unwrap();
    let steps: Vec<u64> =
        rows(&run).iter().filter(|row| !row.waves.is_empty()).map(|row| row.step).collect();
    assert_eq!(steps, [2], "what was measured stays");
}

#[test]
fn bands_that_no_filter_has_are_refused() {
    for band in ["[0.4, 0.2]", "[0.0, 0.4]", "[0.2, 0.5]", "[0.2, nan]"] {
        let layer = Layer::assignment(&format!("analysis.band={band}")).unwrap();
        let error = Resolved::from_layers(&[layer]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("analysis.band: found"), "{error}");
    }
}
