//! Models that answer sequences and variational ones: they learn, go on after an interrupt with the same bits, and have results.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod common;

use std::path::{Path, PathBuf};

use common::{checkpoint_bytes, train_all, train_until};
use nwm_data::arrays::kind_of;
use nwm_models::{Model, SequenceModel, TaskName, VariationalModel};
use nwm_train::{
    ChosenTrajectories, Error, ErrorKind, EvaluationRequest, EvaluationResult, ForecastSamples,
    Layer, RESULT_FILE, RequestedCheckpoint, Resolved, SAMPLES_FILE, SequenceResult, TrainedRun,
    UNROLLED_KIND, UnrollRequest, VariationalResult, evaluate, evaluate_forecasts, read_metrics,
    unroll,
};

fn resolved(text: &str, more: &[&str]) -> Result<Resolved, Error> {
    let mut layers = vec![Layer::parse("small", text).unwrap()];
    layers.extend(more.iter().map(|assignment| Layer::assignment(assignment).unwrap()));
    Resolved::from_layers(&layers)
}

/// Two marked numbers of eight, and a few densely coupled oscillators that forget slowly.
const ADDING: &str = "\
[data]\nname = \"adding\"\nsteps = 8\nvalidation_trajectories = 20\ntest_trajectories = 30\n\
[model]\nname = \"cornn\"\n[model.cell]\nrows = 1\ncolumns = 24\ndt = 0.3\ngamma = 1.0\nalpha = 1.0\n\
[train]\nsteps = 8\nbatch_size = 20\nlearning_rate = 1e-2\nlog_every = 1\ncheckpoint_every = 4\n\
[eval]\nbatch_size = 10\n";

/// Moving gratings on a sheet of 6 x 6 sites.
const GRATINGS: &str = "\
[data]\nname = \"gratings\"\nframes = 6\nvalidation_trajectories = 4\ntest_trajectories = 5\n\
[model]\nname = \"nwm_2d\"\n[model.cell]\nrows = 6\ncolumns = 6\n\
[train]\nsteps = 8\nbatch_size = 4\nlog_every = 1\ncheckpoint_every = 4\n\
[analysis]\nevery = 0\n\
[eval]\nbatch_size = 2\nwave_sequences = 2\nwave_surrogates = 3\n[report]\nsamples = 1\n";

fn trained(folder: &Path, text: &str, more: &[&str]) -> PathBuf {
    let run = folder.join("run");
    train_all(&resolved(text, more).unwrap(), &run).unwrap();
    run
}

fn score(run: &Path) -> EvaluationResult {
    evaluate(run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap()
}

fn sequence_result(run: &Path) -> SequenceResult {
    match score(run) {
        EvaluationResult::Sequence(result) => *result,
        other => panic!("{other:?}"),
    }
}

fn variational_result(run: &Path) -> VariationalResult {
    match score(run) {
        EvaluationResult::Variational(result) => *result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn oscillators_learn_to_add() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "train.steps=1500",
        "train.learning_rate=2e-2",
        "train.checkpoint_every=1500",
        "data.test_trajectories=200",
    ];
    let run = trained(folder.path(), ADDING, &settings);
    let result = sequence_result(&run);
    // The sum of two numbers of [0, 1) has a variance of 1/6: what the best constant answer costs.
    let error = result.metrics["mse"].unwrap();
    assert!(error < 0.04, "a mean squared error of {error}");
    let [low, high] = result.intervals["mse"];
    assert!(low < error && error < high && high - low < error);
}

#[test]
fn a_variational_machine_raises_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "train.steps=150",
        "train.checkpoint_every=150",
        "train.learning_rate=3e-3",
        "train.optimizer=adam",
        "eval.wave_sequences=0",
    ];
    let run = trained(folder.path(), GRATINGS, &settings);
    let rows = read_metrics(&run.join("metrics.csv")).unwrap();
    let mean = |rows: &[nwm_train::MetricsRow]| {
        rows.iter().map(|row| row.loss).sum::<f64>() / rows.len() as f64
    };
    let (first, last) = (mean(&rows[..5]), mean(&rows[rows.len() - 5..]));
    assert!(last < 0.97 * first, "{first} nats per frame, then {last}");
    let result = variational_result(&run);
    let metric = |key: &str| result.metrics[key].unwrap();
    let parts = metric("bernoulli_cost") + metric("divergence");
    assert!((metric("negative_bound") - parts).abs() < 1e-9 * parts);
    assert!((metric("negative_bound") / last - 1.0).abs() < 0.1, "{}", metric("negative_bound"));
    assert!(result.waves.is_none() && !result.references.contains_key("untrained"));
}

#[test]
fn an_interrupted_run_of_either_task_ends_with_the_same_bits() {
    for text in [ADDING, GRATINGS] {
        let folder = tempfile::tempdir().unwrap();
        let resolved = resolved(text, &[]).unwrap();
        let (straight, resumed) = (folder.path().join("straight"), folder.path().join("resumed"));
        train_all(&resolved, &straight).unwrap();
        for step in [3, 6] {
            train_until(&resolved, &resumed, step);
        }
        train_all(&resolved, &resumed).unwrap();
        assert!(checkpoint_bytes(&straight, 8) == checkpoint_bytes(&resumed, 8), "{text}");
    }
}

#[test]
fn results_of_sequences_have_both_rules() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), ADDING, &["train.learning_rate=3e-1"]);
    let result = sequence_result(&run);
    assert_eq!((result.about.task, result.sequences), (TaskName::Sequence, 30));
    assert_eq!((result.about.steps, result.about.trained_steps), (8, 8));
    let last = result.rules.last.as_ref().unwrap();
    assert!(last.checkpoint.configured && last.checkpoint.step == 8);
    assert_eq!(last.metrics, result.metrics);
    let best = result.rules.best.as_ref().unwrap();
    let rows = read_metrics(&run.join("metrics.csv")).unwrap();
    let validated = rows.iter().filter_map(|row| Some((row.step, row.validation?)));
    let (step, _) = validated.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    assert_eq!(best.checkpoint.step, step);
    assert_eq!(best.metrics == last.metrics, step == 8);
    let errors = &result.per_trajectory["mse"];
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    assert!((mean - result.metrics["mse"].unwrap()).abs() < 1e-12);
    let text = std::fs::read_to_string(run.join(RESULT_FILE)).unwrap();
    assert_eq!(serde_json::from_str::<SequenceResult>(&text).unwrap(), result);
    let keys: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&keys["task"], &keys["model"]), (&"sequence".into(), &"cornn".into()));
    assert!(keys["confusion"].is_null(), "numbers have no classes");

    // Without a validation set there is no best one.
    let plain = folder.path().join("plain");
    let resolved = resolved(ADDING, &["data.validation_trajectories=0"]).unwrap();
    train_all(&resolved, &plain).unwrap();
    assert!(sequence_result(&plain).rules.best.is_none());
}

#[test]
fn results_of_films_have_references_waves_and_samples() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), GRATINGS, &[]);
    let result = variational_result(&run);
    assert_eq!((result.about.task, result.sequences), (TaskName::Variational, 5));
    for reference in ["mean_image", "last_frame"] {
        assert!(result.references[reference]["bernoulli_cost"] > Some(0.0), "{reference}");
        assert!(result.references[reference]["mse"] > Some(0.0), "{reference}");
    }
    let waves = result.waves.as_ref().unwrap();
    assert_eq!((waves.sequences, waves.skipped_frames, waves.frames), (2, 18, 72));
    let untrained = &result.references["untrained"];
    for key in ["waves_local_coherence", "waves_local_coherence_p", "waves_sync_p"] {
        assert!(result.metrics[key].is_some() && untrained[key].is_some(), "{key}");
        assert!((0.0..=1.0).contains(&result.metrics[key].unwrap()), "{key}");
    }
    // With three surrogates no p-value is below a quarter.
    assert!(result.metrics["waves_pgd_p"].unwrap() >= 0.25);
    assert_ne!(result.metrics["waves_local_coherence"], untrained["waves_local_coherence"]);
    let text = std::fs::read_to_string(run.join(RESULT_FILE)).unwrap();
    assert_eq!(serde_json::from_str::<VariationalResult>(&text).unwrap(), result);

    let samples = ForecastSamples::read(&run.join(SAMPLES_FILE)).unwrap();
    assert_eq!((samples.task, samples.count, samples.frames), (TaskName::Variational, 1, 89));
    assert_eq!(samples.shape, [28, 28, 1]);
    let sheets = samples.states.as_ref().unwrap();
    assert_eq!([sheets.rows, sheets.columns], [6, 6]);
    // The last frame before its own prediction is what the reference shows.
    let (truth, prediction) = samples.trajectory(0).unwrap();
    assert!(truth.len() == 89 * 784 && truth != prediction);
}

/// The model that the reference `untrained` stands for is the checkpoint of step 0.
#[test]
fn the_untrained_model_is_that_of_the_first_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), GRATINGS, &["train.keep_last=9"]);
    let opened = TrainedRun::open(&run, RequestedCheckpoint::Step(0)).unwrap();
    let start = opened.variational_model().unwrap();
    let fresh = opened.untrained_variational_model(start.frame()).unwrap();
    assert!(start.to_bytes().unwrap() == fresh.to_bytes().unwrap());
}

#[test]
fn unrolled_films_and_sequences_are_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("unrolled.h5");
    let chosen = UnrollRequest {
        trajectories: ChosenTrajectories::These(vec![2, 0]),
        steps: Some(5),
        ..UnrollRequest::default()
    };
    let run = trained(folder.path(), GRATINGS, &[]);
    let about = unroll(&run, &chosen, &out, &mut |_, _| {}).unwrap();
    assert_eq!((about.sequences, about.steps, about.first_frame), (2, 5, 1));
    assert_eq!(kind_of(&out).unwrap().as_deref(), Some(UNROLLED_KIND));
    let file = hdf5_reader(&out);
    assert_eq!(file("position"), [2, 5, 6, 6]);
    assert_eq!(file("velocity"), [2, 5, 6, 6]);
    assert_eq!(file("inputs"), [2, 6, 28, 28, 1]);
    assert_eq!(file("predictions"), [2, 5, 28, 28, 1]);
    let too_many =
        UnrollRequest { trajectories: ChosenTrajectories::These(vec![5]), ..chosen.clone() };
    let error = unroll(&run, &too_many, &out, &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, Error::Request { what: "trajectories", .. }), "{error}");

    let other = folder.path().join("adding");
    train_all(&resolved(ADDING, &[]).unwrap(), &other).unwrap();
    let about = unroll(&other, &chosen, &out, &mut |_, _| {}).unwrap();
    assert_eq!((about.task, about.steps, about.first_frame), (TaskName::Sequence, 5, 0));
    let file = hdf5_reader(&out);
    assert_eq!(file("position"), [2, 5, 1, 24]);
    assert_eq!(file("inputs"), [2, 5, 2]);
    assert_eq!(file("answers"), [2, 1]);
    assert_eq!(file("targets"), [2, 1]);
    let too_long = UnrollRequest { steps: Some(9), ..chosen };
    let error = unroll(&other, &too_long, &out, &mut |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("expected 1 to 8"), "{error}");
}

/// Shapes of the arrays of a file, by name.
fn hdf5_reader(path: &Path) -> impl Fn(&str) -> Vec<usize> {
    let summary = nwm_data::arrays::inspect(path).unwrap();
    assert_eq!(summary.integrity, nwm_data::arrays::Integrity::Intact);
    move |name| {
        let array = summary.arrays.iter().find(|array| array.name == name).unwrap();
        array.record.as_ref().unwrap().shape.clone()
    }
}

#[test]
fn what_does_not_fit_the_task_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let message = |text: &str, more: &[&str]| {
        let error = resolved(text, more)
            .and_then(|resolved| train_all(&resolved, &folder.path().join("refused")))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        error.to_string()
    };
    let found = message(ADDING, &["model.name=ar"]);
    assert!(found.contains("model.name") && found.contains("oscillatory"), "{found}");
    let found = message(ADDING, &["model.task=forecast"]);
    assert!(found.contains("model.task: found forecast, expected sequence"), "{found}");
    let found = message(GRATINGS, &["model.name=hgn"]);
    assert!(found.contains("model.name"), "{found}");
    let found = message(ADDING, &["data.name=psmnist", "data.permutation=shuffled"]);
    assert!(found.contains("data.permutation") && found.contains("run_seed"), "{found}");
    let found = message(ADDING, &["data.name=smnist", "data.mnist=/nowhere"]);
    assert!(found.contains("data.mnist") && found.contains("nwm data fetch mnist"), "{found}");
    let found = message(GRATINGS, &["data.name=rotating_mnist", "data.frames=20"]);
    assert!(found.contains("data.frames: found 20, expected a multiple of 18"), "{found}");
    let found = message(GRATINGS, &["train.batch_size=1000000000"]);
    assert!(found.contains("GiB") && found.contains("lower train.batch_size"), "{found}");
    assert!(!folder.path().join("refused/run.json").exists());
}

#[test]
fn a_run_of_another_task_is_refused_by_its_task() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), ADDING, &[]);
    let error =
        evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let Error::OtherTask { found, expected, .. } = error else { panic!("{error}") };
    assert_eq!((found, expected), (TaskName::Sequence, TaskName::Forecast));
    let opened = TrainedRun::open(&run, RequestedCheckpoint::Last).unwrap();
    assert_eq!(opened.task(), TaskName::Sequence);
    assert!(opened.forecaster().is_err() && opened.variational_model().is_err());
    assert_eq!(opened.sequence_model().unwrap().shape().features, 2);
    // Files say it, too.
    assert!(SequenceModel::load(&run).is_ok());
    assert!(Model::load(&run).is_err() && VariationalModel::load(&run).is_err());
}

/// The folder of the digits, where there is one.
fn digits() -> Option<String> {
    let shared = std::env::var_os("NWM_SHARED")?;
    let folder = Path::new(&shared).join("data/mnist");
    folder.is_dir().then(|| format!("data.mnist={:?}", folder.display()))
}

#[test]
fn digits_are_answered_and_turned() {
    let Some(mnist) = digits() else {
        eprintln!("skipped: there are no digits in $NWM_SHARED/data/mnist");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let small = [
        mnist.as_str(),
        "data.name=psmnist",
        "data.reduction=7",
        "data.train_trajectories=40",
        "train.decay_after=6",
        "eval.checkpoint=best",
    ];
    let run = trained(folder.path(), ADDING, &small);
    let result = sequence_result(&run);
    let counts = result.confusion.as_ref().unwrap();
    assert_eq!(counts.iter().flatten().sum::<u64>(), 30);
    let right: u64 = (0..10).map(|class| counts[class][class]).sum();
    assert_eq!(result.metrics["accuracy"], Some(right as f64 / 30.0));
    let [low, high] = result.intervals["accuracy"];
    assert!(0.0 <= low && low < high && high <= 1.0);
    assert!(result.rules.best.as_ref().unwrap().checkpoint.configured);

    let films = folder.path().join("films");
    let small = [
        mnist.as_str(),
        "data.name=rotating_mnist",
        "data.frames=18",
        "data.train_trajectories=8",
        "train.steps=2",
    ];
    train_all(&resolved(GRATINGS, &small).unwrap(), &films).unwrap();
    let result = variational_result(&films);
    assert!(result.metrics["negative_bound"] > Some(0.0));
    let out = folder.path().join("films.h5");
    let request = UnrollRequest { steps: Some(20), ..UnrollRequest::default() };
    assert_eq!(unroll(&films, &request, &out, &mut |_, _| {}).unwrap().steps, 20);
}
