//! What belongs to models and runs: configurations, checkpoints, parameter files and the files of a run folder.

use candle_core::{DType, Device};
use nwm_models::nn::{Initialiser, ParameterBuilder, to_half_precision};
use nwm_models::{
    FileRecord, FrameShape, MODEL_FILE, Model, ModelConfig, ModelName, SequenceModel,
    SequenceShape, TaskName, VariationalModel,
};
use nwm_train::{
    Best, ForecastSamples, METRICS_FILE, MetricsLog, MetricsRow, Optimizer, SAMPLES_FILE,
    SheetSamples, TrainConfig, TrainingState,
};

use crate::write;

pub fn write_all() {
    configurations();
    checkpoint();
    models();
    run_files();
}

fn configurations() {
    for (name, text) in [
        ("paper", include_str!("../crates/nwm/presets/paper.toml")),
        ("quick", include_str!("../crates/nwm/presets/quick.toml")),
        ("sequence", include_str!("../crates/nwm/presets/sequence-smoke.toml")),
        ("variational", include_str!("../crates/nwm/presets/variational-smoke.toml")),
        ("resolved", include_str!("../data/models/rings/resolved.toml")),
    ] {
        write("configuration", name, text.as_bytes());
    }
    for name in ModelName::ALL {
        let text =
            format!("[train]\nsteps = 7\n\0model.name={}\ndata.name=pendulum", name.as_str());
        write("configuration", name.as_str(), text.as_bytes());
    }
}

/// The target takes the first five bytes of the state for the model.
fn checkpoint() {
    let state = TrainingState {
        step: 12,
        best: Some(Best { step: 8, value: 0.5 }),
        rolled_back_to: Some(4),
        files: vec![FileRecord::of(MODEL_FILE, b"{\n  \"")],
        ..TrainingState::start(3)
    };
    let text = serde_json::to_string_pretty(&state).unwrap();
    write("checkpoint", "state", text.as_bytes());
    let empty = TrainingState { files: Vec::new(), ..state };
    write("checkpoint", "no_files", serde_json::to_string_pretty(&empty).unwrap().as_bytes());
}

fn models() {
    let frame = FrameShape::new(8, 8, 1).unwrap();
    for name in ModelName::ALL {
        let model =
            Model::new(&small(name, TaskName::Forecast), frame, 1, DType::F32, &Device::Cpu);
        let bytes = model.unwrap().to_bytes().unwrap();
        write("model_file", name.as_str(), &bytes);
        if !name.is_oscillator() {
            continue;
        }
        write(
            "model_file",
            &format!("half_{}", name.as_str()),
            &to_half_precision(&bytes).unwrap(),
        );
        let shape = SequenceShape { features: 1, outputs: 2 };
        let config = small(name, TaskName::Sequence);
        let model = SequenceModel::new(&config, shape, 1, DType::F32, &Device::Cpu).unwrap();
        write("model_file", &format!("sequence_{}", name.as_str()), &model.to_bytes().unwrap());
        let config = small(name, TaskName::Variational);
        let model = VariationalModel::new(&config, frame, 1, DType::F64, &Device::Cpu);
        let Ok(model) = model else { continue };
        write("model_file", &format!("variational_{}", name.as_str()), &model.to_bytes().unwrap());
    }
    // The parameters of the target.
    let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
    builder.add("weight", &[2, 3], Initialiser::Constant(0.5)).unwrap();
    builder.add("bias", &[2], Initialiser::Constant(0.5)).unwrap();
    let parameters = builder.finish();
    let optimizer = Optimizer::new(&parameters, &TrainConfig::default()).unwrap();
    write("model_file", "optimizer", &optimizer.to_bytes(&parameters).unwrap());
}

/// The published model, as small as it can be.
fn small(name: ModelName, task: TaskName) -> ModelConfig {
    let mut config = ModelConfig::published_for(
        name,
        if name.is_oscillator() { task } else { TaskName::Forecast },
    );
    (config.encoder.channels, config.decoder.channels) = (1, 1);
    config.encoder.layers.clear();
    config.decoder.layers.clear();
    (config.cell.rows, config.cell.columns, config.cell.channels) = (3, 3, 1);
    (config.ar.latent, config.ar.layers) = (2, vec![2]);
    (config.latent.size, config.latent.hidden) = (2, vec![2]);
    config
}

fn run_files() {
    let file = |kind: u8, name: &str, content: &[u8]| {
        write("run_files", name, &[&[kind], content].concat());
    };
    file(0, "run", include_bytes!("../data/models/rings/run.json"));
    let folder = tempfile::tempdir().unwrap();
    for has_waves in [false, true] {
        let folder = tempfile::tempdir_in(folder.path()).unwrap();
        let mut log = MetricsLog::open(folder.path(), 0, has_waves).unwrap();
        let waves = if has_waves { vec![("pgd".to_owned(), 0.5)] } else { Vec::new() };
        for step in 1..4 {
            log.append(&row(step, waves.clone())).unwrap();
        }
        let content = std::fs::read(folder.path().join(METRICS_FILE)).unwrap();
        file(1, if has_waves { "metrics_of_waves" } else { "metrics" }, &content);
    }
    let samples = ForecastSamples {
        count: 1,
        frames: 2,
        shape: [1, 2, 3],
        truth: vec![7; 12],
        prediction: vec![9; 12],
        states: Some(SheetSamples { rows: 1, columns: 2, values: vec![0.5; 4] }),
        ..ForecastSamples::default()
    };
    let path = folder.path().join(SAMPLES_FILE);
    samples.write(&path).unwrap();
    file(2, "samples", &std::fs::read(&path).unwrap());
    ForecastSamples { states: None, ..samples }.write(&path).unwrap();
    file(2, "samples_without_states", &std::fs::read(&path).unwrap());
}

fn row(step: u64, waves: Vec<(String, f64)>) -> MetricsRow {
    MetricsRow {
        step,
        epoch: 0.5,
        seconds: 1.0,
        loss: 0.6,
        mse: Some(0.03),
        accuracy: None,
        divergence: None,
        gradient_norm: 1e-3,
        learning_rate: 1e-3,
        dt: Some(0.125),
        gamma: None,
        alpha: None,
        validation: Some(3e-5),
        waves,
    }
}
