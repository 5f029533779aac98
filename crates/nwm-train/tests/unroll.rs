//! Files of unrolled sequences hold what the model sees, holds and predicts.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use common::{resolved, train_all};
use nwm_data::arrays::{self, ArraysFile, Integrity};
use nwm_data::recording::{Recording, RecordingOptions};
use nwm_data::{DatasetSpec, RenderedTrajectories, Split, System, Trajectories, Window, generate};
use nwm_models::{Model, Unrolled};
use nwm_train::{
    ChosenTrajectories, Error, ErrorKind, RequestedCheckpoint, UNROLLED_KIND, UnrollRequest,
    UnrolledSequences, unroll,
};

/// A trained run, its cache beside it.
fn run(model: &str, more: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), model, more), &run).unwrap();
    (folder, run)
}

fn unrolled(run: &Path, request: &UnrollRequest) -> Result<(UnrolledSequences, ArraysFile), Error> {
    let out = run.join("sequences.h5");
    let about = unroll(run, request, &out, &mut |_, _| {})?;
    let file = ArraysFile::open(&out).unwrap();
    assert_eq!(
        (file.kind(), file.about::<UnrolledSequences>().unwrap()),
        (UNROLLED_KIND, about.clone())
    );
    Ok((about, file))
}

fn these(trajectories: &[usize], steps: usize) -> UnrollRequest {
    UnrollRequest {
        trajectories: ChosenTrajectories::These(trajectories.to_vec()),
        steps: Some(steps),
        ..UnrollRequest::default()
    }
}

/// The test set of the small run.
fn test_set() -> std::sync::Arc<Trajectories> {
    let spec = DatasetSpec { frames: 40, ..DatasetSpec::new(System::MassSpring, Split::Test, 3) };
    generate(&spec).unwrap().into()
}

/// What the model says of the evaluation windows of trajectories.
fn expected(run: &Path, trajectories: &[usize], steps: usize) -> Unrolled {
    let model = Model::load(run).unwrap();
    let (seen, source) = (model.inference_steps(), RenderedTrajectories::new(test_set()));
    let films: Vec<Tensor> = trajectories
        .iter()
        .map(|&trajectory| {
            let window = Window::for_evaluation(0, trajectory, 40, 14).unwrap();
            let mut film = vec![0.0; seen * 3072];
            Window { length: seen, ..window }.read(&source, &mut film).unwrap();
            Tensor::from_vec(film, (seen, 32, 32, 3), &Device::Cpu).unwrap()
        })
        .collect();
    model.unroll(&Tensor::stack(&films, 1).unwrap(), steps).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<f32> {
    tensor.transpose(0, 1).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn states_and_predictions_are_those_of_the_model_bit_for_bit() {
    for (model, state, first) in [
        ("nwm_2d", &[2, 1, 3, 3][..], 1),
        ("cornn", &[2, 1, 3, 3], 1),
        ("ar", &[4], 1),
        ("hgn", &[4], 0),
        ("ode_tr", &[4], 0),
        ("rgn", &[4], 2),
    ] {
        let (_folder, run) = run(model, &[]);
        let (about, file) = unrolled(&run, &UnrollRequest::default()).unwrap();
        let steps = 14 - first;
        assert_eq!((about.sequences, about.first_frame, about.steps), (3, first, steps), "{model}");
        assert_eq!((about.true_frames, about.checkpoint.step), (14, 6), "{model}");
        let shape = |name: &str| file.arrays()[name].shape.clone();
        assert_eq!(shape("inputs"), [3, 14, 32, 32, 3], "{model}");
        assert_eq!(shape("predictions"), [3, steps, 32, 32, 3], "{model}");
        assert_eq!(shape("states"), [&[3, steps], state].concat(), "{model}");
        assert_eq!(shape("true_states"), [3, 14, 2], "{model}");
        // The small run unrolls two trajectories at a time.
        let (two, one) = (expected(&run, &[0, 1], steps), expected(&run, &[2], steps));
        for (name, of) in
            [("predictions", [&two.frames, &one.frames]), ("states", [&two.states, &one.states])]
        {
            let expected = of.map(rows).concat();
            assert!(file.read::<f32>(name).unwrap() == expected, "{model}: {name}");
        }
        assert_eq!(file.arrays().contains_key("position"), state.len() == 4, "{model}");
        let latent = ["hgn", "ode_tr", "rgn"].contains(&model);
        assert_eq!(file.arrays().contains_key("posterior_mean"), latent, "{model}");
        if latent {
            let mean = file.read::<f32>("posterior_mean").unwrap();
            assert_eq!((shape("posterior_log_deviation"), mean.len()), (vec![3, 4], 12));
            // The latent state of the frame that is described is the mean of the posterior.
            let states = file.read::<f32>("states").unwrap();
            let described = if first == 0 { 1 } else { 0 };
            assert_eq!(states[described * 4..][..4], mean[..4], "{model}");
        }
        let indices: Vec<u32> = (first as u32..14).collect();
        assert_eq!(file.read::<u32>("frame_index").unwrap(), indices);
    }
}

#[test]
fn positions_are_recordings_of_one_channel_each_that_waves_can_be_looked_for_in() {
    for input in ["x_and_v", "x"] {
        let settings = ["model.cell.channels=2", &format!("model.decoder.input={input}")];
        let (_folder, run) = run("nwm_2d", &settings);
        let (_, file) = unrolled(&run, &these(&[0, 2, 1], 7)).unwrap();
        let array = &file.arrays()["position"];
        assert_eq!(array.axes, ["recording", "time", "row", "column"], "{input}");
        assert_eq!(array.shape, [6, 7, 3, 3], "{input}");
        let fields = if input == "x" { 1 } else { 2 };
        assert_eq!(file.arrays()["states"].shape, [3, 7, fields, 2, 3, 3]);
        let (states, position) =
            (file.read::<f32>("states").unwrap(), file.read::<f32>("position").unwrap());
        for (recording, course) in position.chunks(7 * 9).enumerate() {
            let (sequence, channel) = (recording / 2, recording % 2);
            for (time, sheet) in course.chunks(9).enumerate() {
                let place = ((sequence * 7 + time) * fields * 2 + channel) * 9;
                assert!(states[place..place + 9] == *sheet, "{input} {recording} {time}");
            }
        }
        let path = run.join("sequences.h5");
        let mut options = RecordingOptions::default();
        options.dataset = Some("/position".into());
        let recording = Recording::open(&path, &options).unwrap();
        let found = (recording.trials(), recording.time(), recording.size());
        assert_eq!(found, (6, 7, [3, 3]));
    }
}

#[test]
fn frames_and_true_states_are_those_of_the_window() {
    let (_folder, run) = run("nwm_1d", &[]);
    let (about, file) = unrolled(&run, &these(&[2, 0], 3)).unwrap();
    // Few steps: no more true frames than the model sees or predicts.
    assert_eq!((about.steps, about.true_frames, about.window()), (3, 4, 4));
    assert_eq!(file.read::<u32>("trajectory_index").unwrap(), [2, 0]);
    let starts = file.read::<u32>("window_start").unwrap();
    let set = test_set();
    let source = RenderedTrajectories::new(set.clone());
    let (inputs, states) =
        (file.read::<u8>("inputs").unwrap(), file.read::<f64>("true_states").unwrap());
    for (index, trajectory) in [2, 0].into_iter().enumerate() {
        let window = Window::for_evaluation(0, trajectory, 40, 14).unwrap();
        assert_eq!(starts[index] as usize, window.start);
        let mut film = vec![0.0; 4 * 3072];
        Window { length: 4, ..window }.read(&source, &mut film).unwrap();
        let bytes = inputs[index * film.len()..][..film.len()].iter();
        assert!(bytes.map(|&byte| f32::from(byte) / 255.0).eq(film), "frames of {trajectory}");
        for time in 0..4 {
            let expected = set.state(trajectory, window.start + time).unwrap();
            assert_eq!(states[(index * 4 + time) * 2..][..2], *expected);
        }
    }
    assert_eq!(about.dt, Some(0.05));
}

#[test]
fn forecasts_may_go_on_where_true_frames_end() {
    let (_folder, run) = run("ar", &[]);
    let (about, file) = unrolled(&run, &these(&[0, 1, 2], 100)).unwrap();
    let starts = file.read::<u32>("window_start").unwrap();
    let latest = *starts.iter().max().unwrap() as usize;
    assert_eq!((about.true_frames, about.window()), (40 - latest, 101));
    assert_eq!(file.arrays()["inputs"].shape[1], 40 - latest);
    assert_eq!(file.arrays()["true_states"].shape[1], 40 - latest);
    assert_eq!(file.arrays()["predictions"].shape, [3, 100, 32, 32, 3]);
    let expected = rows(&expected(&run, &[2], 100).frames);
    assert!(file.read::<f32>("predictions").unwrap()[200 * 3072..] == expected);
}

#[test]
fn damage_is_found_and_a_second_file_has_the_same_bytes() {
    let (_folder, run) = run("hgn", &[]);
    let (_, file) = unrolled(&run, &these(&[1], 6)).unwrap();
    drop(file);
    let path = run.join("sequences.h5");
    let content = std::fs::read(&path).unwrap();
    unrolled(&run, &these(&[1], 6)).unwrap();
    assert!(std::fs::read(&path).unwrap() == content, "other bytes");
    let intact = || arrays::inspect(&path).map(|summary| summary.integrity == Integrity::Intact);
    assert!(intact().unwrap());
    for length in [0, 50, content.len() / 2, content.len() - 1] {
        std::fs::write(&path, &content[..length]).unwrap();
        assert!(!intact().unwrap_or(false), "{length} bytes");
    }
    // In the midst of the predictions.
    let mut flipped = content.clone();
    flipped[content.len() / 2] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    assert!(!intact().unwrap_or(false));
}

#[test]
fn frames_of_ones_own_have_no_true_states() {
    let (folder, _) = run("ar", &[]);
    let file = |split: Split| {
        let spec = DatasetSpec { frames: 40, ..DatasetSpec::new(System::Pendulum, split, 4) };
        let path = folder.path().join(format!("{split}.h5"));
        let options = nwm_data::store::WriteOptions { frames: true };
        nwm_data::store::write(&path, &generate(&spec).unwrap(), options).unwrap();
        format!("{:?}", path.display().to_string())
    };
    let train_file = format!("data.train_file={}", file(Split::Train));
    let test_file = format!("data.test_file={}", file(Split::Test));
    let settings = ["data.name=file", train_file.as_str(), test_file.as_str()];
    let own = folder.path().join("own");
    train_all(&resolved(folder.path(), "ar", &settings), &own).unwrap();
    let (about, file) = unrolled(&own, &UnrollRequest::default()).unwrap();
    assert_eq!((about.dt, about.sequences), (None, 4));
    assert!(!file.arrays().contains_key("true_states"));
}

#[test]
fn what_is_not_there_is_refused_and_leaves_no_file() {
    let (folder, run) = run("nwm_2d", &[]);
    let refused = |run: &Path, request: &UnrollRequest, kind: ErrorKind, part: &str| {
        let error = unrolled(run, request).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.kind(), kind, "{error}");
    };
    let configuration = ErrorKind::Configuration;
    let absent = "trajectories: found 3, expected one or more of the test trajectories 0 to 2";
    refused(&run, &these(&[0, 3], 5), configuration, absent);
    refused(&run, &these(&[], 5), configuration, "trajectories: found none");
    refused(&run, &these(&[0], 0), configuration, "steps: found 0, expected 1 to 100000");
    refused(&run, &these(&[0], 100_001), configuration, "steps: found 100001");
    let step = UnrollRequest { checkpoint: RequestedCheckpoint::Step(5), ..these(&[0], 5) };
    refused(&run, &step, ErrorKind::Data, "step-00000005");
    refused(&folder.path().join("nowhere"), &these(&[0], 5), ErrorKind::Data, "resolved.toml");
    assert!(!run.join("sequences.h5").exists());
}
