//! Induced waves are decodings of the model's own last state, moved.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::path::Path;

use candle_core::{Device, Tensor};
use common::train_all;
use nwm_analysis::induced::{ShiftAxis, shifted_rings};
use nwm_data::Split;
use nwm_data::arrays::{self, ArraysFile, Integrity};
use nwm_models::VariationalModel;
use nwm_train::{
    Error, ErrorKind, INDUCED_KIND, InduceRequest, InducedRecord, InducedWaves, Layer,
    RequestedCheckpoint, Resolved, film_frames, induce, open_films,
};

/// Settings of a small variational model of gratings.
fn settings(model: &str, more: &[&str]) -> Resolved {
    let small = format!(
        "[data]\nname = \"gratings\"\nframes = 18\ntrain_trajectories = 8\ntest_trajectories = 4\n\
         validation_trajectories = 0\n[model]\nname = \"{model}\"\n\
         [model.encoder]\nlayers = [9]\n[model.decoder]\nlayers = [8]\n\
         [model.cell]\nrows = 3\ncolumns = 7\n\
         [train]\nsteps = 3\nbatch_size = 2\ncheckpoint_every = 1\n[analysis]\nevery = 0\n"
    );
    let mut layers = vec![Layer::parse("small", &small).unwrap()];
    layers.extend(more.iter().map(|assignment| Layer::assignment(assignment).unwrap()));
    Resolved::from_layers(&layers).unwrap()
}

fn induced(run: &Path, request: &InduceRequest) -> Result<InducedWaves, Error> {
    induce(run, request, &mut |_, _| {})
}

fn small_request() -> InduceRequest {
    InduceRequest { films: 11, steps: 5, velocity: 0.75, ..InduceRequest::default() }
}

fn assert_near(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    let far = found.iter().zip(wanted).find(|(found, wanted)| (*found - *wanted).abs() > 1e-5);
    assert_eq!(far, None);
}

#[test]
fn decodings_are_those_of_the_moved_last_state() {
    for more in [
        &["model.rollout.wrap_target=true"][..],
        &["model.rollout.wrap_target=false"],
        &["model.rollout.wrap_target=false", "model.rollout.encode_first_twice=false"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let resolved = settings("nwm_1d", more);
        train_all(&resolved, &run).unwrap();
        let waves = induced(&run, &small_request()).unwrap();
        let InducedRecord { films, frames, side, state, steps, .. } = waves.about.clone();
        assert_eq!((films, frames, side, state, steps), (11, 18, 28, [1, 3, 7], 5));
        assert_eq!((waves.about.checkpoint.step, waves.about.checkpoint.configured), (3, true));

        // Two whole periods: the state after the first one has read all of its frames, and predicts the next one.
        let model = VariationalModel::load(&run).unwrap();
        let config = &resolved.config().data;
        let films = open_films(config, Split::Test, 36, resolved.config().train.seed).unwrap();
        let frames = film_frames(films.slice(9..10).unwrap(), &Device::Cpu).unwrap();
        let unrolled = model.unroll(&frames, None).unwrap();
        let numbers = |tensor: Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let state = numbers(unrolled.states.get(17).unwrap().narrow(1, 0, 1).unwrap());
        assert_near(&waves.states[9 * 21..][..21], &state);
        let predicted = numbers(unrolled.frames.narrow(0, 0, 18).unwrap());
        let film = &waves.reconstructions[9 * 18 * 784..][..18 * 784];
        assert_near(&film[784..], &predicted[..17 * 784]);
        assert_near(&film[..784], &predicted[17 * 784..]);
        assert_near(&waves.films[9 * 18 * 784..][..18 * 784], &numbers(frames)[..18 * 784]);
        for (step, &shift) in waves.shifts.iter().enumerate() {
            assert_eq!(shift, 0.75 * step as f64);
            let moved = shifted_rings(&state, [1, 3, 7], shift, ShiftAxis::Column).unwrap();
            let moved = Tensor::from_vec(moved, (1, 1, 21), &Device::Cpu).unwrap();
            let decoded = numbers(model.decode(&moved).unwrap());
            assert_near(&waves.decodings[(9 * 6 + step) * 784..][..784], &decoded);
        }
        // The unmoved state draws the prediction of the first frame.
        assert_near(&waves.decodings[9 * 6 * 784..][..784], &film[..784]);
        assert!(waves.control != waves.decodings);
    }
}

#[test]
fn fewer_films_are_the_first_of_more_and_threads_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&settings("nwm_2d", &["model.cell.channels=2"]), &run).unwrap();
    let request = InduceRequest { axis: ShiftAxis::Row, ..small_request() };
    let waves = induced(&run, &request).unwrap();
    assert_eq!((waves.about.state, waves.about.axis.as_str()), ([2, 3, 7], "row"));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(pool.install(|| induced(&run, &request)).unwrap() == waves);
    let fewer = induced(&run, &InduceRequest { films: 8, ..request.clone() }).unwrap();
    assert!(waves.decodings.starts_with(&fewer.decodings));
    assert!(waves.control.starts_with(&fewer.control));
    let other = induced(&run, &InduceRequest { control_seed: 1, ..request.clone() }).unwrap();
    assert!(other.decodings == waves.decodings && other.control != waves.control);
    let columns = induced(&run, &small_request()).unwrap();
    assert!(columns.states == waves.states && columns.decodings != waves.decodings);
    // Fewer than twenty films are not compared.
    assert_eq!(waves.shifts_that_beat_control(), None);
    let more = induced(&run, &InduceRequest { films: 20, ..request }).unwrap();
    assert!(more.shifts_that_beat_control().is_some_and(|at| at <= more.shifts.len()));
}

#[test]
fn files_hold_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&settings("nwm_1d", &[]), &run).unwrap();
    let waves = induced(&run, &small_request()).unwrap();
    let path = folder.path().join("induced.h5");
    waves.write(&path).unwrap();
    let file = ArraysFile::open(&path).unwrap();
    assert_eq!(file.kind(), INDUCED_KIND);
    assert_eq!(file.about::<InducedRecord>().unwrap(), waves.about);
    for (name, values) in [
        ("films", &waves.films),
        ("reconstructions", &waves.reconstructions),
        ("decodings", &waves.decodings),
        ("control_decodings", &waves.control),
        ("truth", &waves.truth),
        ("states", &waves.states),
    ] {
        assert!(file.read::<f32>(name).unwrap() == *values, "{name}");
    }
    let matches: Vec<usize> =
        file.read::<u32>("matches").unwrap().into_iter().map(|frame| frame as usize).collect();
    assert_eq!(matches, waves.matches);
    assert_eq!(file.read::<f64>("shifts").unwrap(), waves.shifts);
    // Gratings have no digits.
    assert!(file.read::<u32>("label").is_err());
    assert_eq!(arrays::inspect(&path).unwrap().integrity, Integrity::Intact);
}

#[test]
fn runs_that_cannot_be_induced_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, resolved: &Resolved| {
        let path = folder.path().join(name);
        train_all(resolved, &path).unwrap();
        path
    };
    let refused = |run: &Path, request: &InduceRequest| {
        let error = induced(run, request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        error.to_string()
    };
    let forecast = run("forecast", &common::resolved(folder.path(), "nwm_1d", &[]));
    let message = refused(&forecast, &small_request());
    assert!(
        message.contains("the task forecast, expected one of the task variational"),
        "{message}"
    );
    let dense = run("dense", &settings("cornn", &[]));
    let message = refused(&dense, &small_request());
    assert!(message.contains("found dense, expected rings or torus"), "{message}");
    let noise = run("noise", &settings("nwm_2d", &["data.name=noise"]));
    let message = refused(&noise, &small_request());
    assert!(message.contains("found noise, expected rotating_mnist or gratings"), "{message}");
    let rings = run("rings", &settings("nwm_1d", &[]));
    let rows = InduceRequest { axis: ShiftAxis::Row, ..small_request() };
    assert!(refused(&rings, &rows).contains("found row, expected column"));
    let still = InduceRequest { velocity: 0.0, ..small_request() };
    assert!(refused(&rings, &still).contains("velocity: found 0"));
    let absent = InduceRequest { checkpoint: RequestedCheckpoint::Step(9), ..small_request() };
    assert_eq!(induced(&rings, &absent).unwrap_err().kind(), ErrorKind::Data);
    // An earlier checkpoint is not the one that the run asks for.
    let early = InduceRequest { checkpoint: RequestedCheckpoint::Step(2), ..small_request() };
    assert!(!induced(&rings, &early).unwrap().about.checkpoint.configured);
}
