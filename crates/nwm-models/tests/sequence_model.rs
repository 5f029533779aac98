//! Sequence models: counts and trajectories of the published ones, and what files of other tasks are answered.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use candle_core::{DType, Device, Tensor, Var};
use nwm_models::{
    BiasScope, CellSection, Error, FrameShape, Model, ModelConfig, ModelName, SequenceModel,
    SequenceShape, TaskName, TopologyName,
};

const PIXELS: SequenceShape = SequenceShape { features: 1, outputs: 10 };

fn published(name: ModelName) -> ModelConfig {
    ModelConfig::published_for(name, TaskName::Sequence)
}

fn build(config: &ModelConfig, shape: SequenceShape, dtype: DType) -> SequenceModel {
    SequenceModel::new(config, shape, 0, dtype, &Device::Cpu).unwrap()
}

fn count(config: &ModelConfig, shape: SequenceShape) -> usize {
    build(config, shape, DType::F32).parameters().count()
}

fn set(model: &SequenceModel, name: &str, values: Vec<f64>) {
    let variable: &Var = model.parameters().variable(name).unwrap();
    let values = Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap();
    variable.set(&values).unwrap();
}

fn series(count: usize, value: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..count).map(|index| value(index as f64)).collect()
}

/// `sin(0.9 t) + 0.5` for five steps.
fn inputs() -> Tensor {
    Tensor::from_vec(series(5, |t| (0.9 * t).sin() + 0.5), (5, 1, 1), &Device::Cpu).unwrap()
}

fn assert_near(found: &Tensor, expected: &[f64]) {
    let found = found.flatten_all().unwrap().to_vec1::<f64>().unwrap();
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }
}

#[test]
fn published_models_have_the_published_number_of_parameters() {
    assert_eq!(count(&published(ModelName::Cornn), PIXELS), 134_154);
    assert_eq!(count(&published(ModelName::Nwm2d), PIXELS), 49_664);

    let mut all_biases = published(ModelName::Nwm2d);
    all_biases.cell.bias = BiasScope::Separate;
    all_biases.readout.bias = true;
    assert_eq!(count(&all_biases, PIXELS), 53_802);

    let mut one_channel = all_biases.clone();
    one_channel.cell.channels = 1;
    assert_eq!(count(&one_channel, PIXELS), 3_102);
    one_channel.cell.topology = TopologyName::Rings;
    assert_eq!(count(&one_channel, PIXELS), 3_090);
    // Without coupling a kernel is one number.
    one_channel.cell.kernel_size = 1;
    one_channel.cell.bias = BiasScope::Site;
    assert_eq!(count(&one_channel, PIXELS), 3_084);

    let mut adding = published(ModelName::Cornn);
    (adding.cell.rows, adding.cell.columns) = (1, 128);
    assert_eq!(count(&adding, SequenceShape { features: 2, outputs: 1 }), 33_281);
}

#[test]
fn the_released_torus_gives_the_published_logits() {
    let mut config = published(ModelName::Nwm2d);
    config.cell =
        CellSection { rows: 3, columns: 3, channels: 1, bias: BiasScope::Separate, ..config.cell };
    config.readout.bias = true;
    let model = build(&config, SequenceShape { features: 1, outputs: 2 }, DType::F64);
    set(&model, "cell.projection", series(9, |k| (k + 1.0).sin()));
    set(&model, "cell.bias", series(9, |k| 0.1 * k.cos()));
    set(&model, "cell.damping", series(9, |k| 0.2 * (0.7 * k + 0.2).sin()));
    set(&model, "cell.damping_bias", vec![0.03]);
    set(&model, "cell.coupling", series(9, |k| 0.3 * (k + 0.5).cos()));
    set(&model, "cell.coupling_bias", vec![-0.02]);
    set(&model, "readout.weight", series(18, |k| 0.1 * k.cos()));
    set(&model, "readout.bias", vec![0.01, -0.01]);
    let logits = model.answer(&inputs()).unwrap();
    assert_eq!(logits.dims(), [1, 2]);
    assert_near(&logits, &[0.016_064_530_664_52, -0.017_150_320_005_64]);
    assert_near(&model.training_answer(&inputs()).unwrap(), &[0.016_064_530_664_52]);
    let last = model.states(&inputs()).unwrap().get(4).unwrap().get(0).unwrap();
    assert_eq!(last.dims(), [2, 1, 3, 3]);
    assert_near(&last, &[0.013_631_785_991_20, 0.013_699_932_177_63, 0.002_497_289_382_18]);
    assert_near(
        &last.get(1).unwrap(),
        &[0.082_252_080_761_28, 0.082_076_383_577_39, 0.016_186_579_681_69],
    );
}

#[test]
fn a_dense_cell_follows_the_published_course() {
    let mut config = published(ModelName::Cornn);
    (config.cell.rows, config.cell.columns) = (1, 3);
    let model = build(&config, SequenceShape { features: 1, outputs: 2 }, DType::F64);
    // One matrix [unit, input | velocity | position], as published.
    let joint = |unit: usize, column: usize| 0.4 * (0.3 + (7 * unit + column) as f64).sin();
    let block = |first: usize| -> Vec<f64> {
        // Couplings are stored from unit to unit.
        (0..9).map(|index| joint(index % 3, first + index / 3)).collect()
    };
    set(&model, "cell.projection", (0..3).map(|unit| joint(unit, 0)).collect());
    set(&model, "cell.damping", block(1));
    set(&model, "cell.coupling", block(4));
    set(&model, "cell.bias", vec![0.1, -0.2, 0.3]);
    let last = model.states(&inputs()).unwrap().get(4).unwrap();
    let expected = [
        0.004_255_820_791_40,
        0.002_235_007_870_75,
        0.011_412_987_542_60,
        0.027_051_801_879_08,
        0.007_477_174_981_54,
        0.070_852_078_903_95,
    ];
    assert_near(&last, &expected);
}

#[test]
fn initial_values_are_uniform_within_the_published_bounds() {
    let largest = |model: &SequenceModel, name: &str| {
        let values = model.parameters().get(name).unwrap().abs().unwrap().flatten_all().unwrap();
        f64::from(values.max(0).unwrap().to_scalar::<f32>().unwrap())
    };
    let mut config = published(ModelName::Nwm2d);
    config.cell.bias = BiasScope::Separate;
    let torus = build(&config, PIXELS, DType::F32);
    let dense = build(&published(ModelName::Cornn), PIXELS, DType::F32);
    let joint = 1.0 / 513.0_f64.sqrt();
    for (model, name, bound) in [
        (&torus, "cell.coupling", 1.0 / 12.0),
        (&torus, "cell.projection", 1.0),
        (&torus, "cell.bias", 1.0),
        (&torus, "readout.weight", 1.0 / 64.0),
        (&dense, "cell.coupling", joint),
        (&dense, "cell.projection", joint),
        (&dense, "cell.bias", joint),
        (&dense, "readout.weight", 1.0 / 16.0),
    ] {
        let found = largest(model, name);
        assert!(found <= bound * (1.0 + 1e-6) && found > 0.9 * bound, "{name}: {found} {bound}");
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut config = published(ModelName::Nwm2d);
    (config.cell.rows, config.cell.columns, config.cell.channels) = (3, 4, 2);
    config.cell.bias = BiasScope::Separate;
    config.readout.bias = true;
    let shape = SequenceShape { features: 2, outputs: 3 };
    let model = build(&config, shape, DType::F64);
    let inputs =
        Tensor::from_vec(series(36, |t| (0.7 * t).sin()), (6, 3, 2), &Device::Cpu).unwrap();
    let loss = || model.training_answer(&inputs).unwrap().sqr().unwrap().sum_all().unwrap();
    let gradients = loss().backward().unwrap();
    for (name, variable) in model.parameters().iter() {
        let gradient = gradients.get(variable).unwrap().flatten_all().unwrap();
        let start = variable.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for place in [0, start.len() / 2] {
            let at = |shift: f64| {
                let mut values = start.clone();
                values[place] += shift;
                set(&model, name, values);
                loss().to_scalar::<f64>().unwrap()
            };
            let step = 1e-5;
            let expected = (at(step) - at(-step)) / (2.0 * step);
            set(&model, name, start.clone());
            let found = gradient.get(place).unwrap().to_scalar::<f64>().unwrap();
            let tolerance = 1e-7 * (1.0 + expected.abs());
            assert!((found - expected).abs() < tolerance, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn a_file_gives_back_the_model_and_refuses_other_tasks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut config = published(ModelName::Nwm2d);
    config.cell.channels = 2;
    let model = build(&config, PIXELS, DType::F32);
    std::fs::write(&path, model.to_bytes().unwrap()).unwrap();
    let loaded = SequenceModel::load(&path).unwrap();
    assert_eq!((loaded.config(), loaded.shape()), (model.config(), model.shape()));
    let digits = Tensor::ones((9, 2, 1), DType::F32, &Device::Cpu).unwrap();
    let answers =
        [&model, &loaded].map(|model| model.answer(&digits).unwrap().to_vec2::<f32>().unwrap());
    assert_eq!(answers[0], answers[1]);
    let message = Model::load(&path).err().unwrap().to_string();
    assert!(message.contains("for the task sequence, expected one for forecast"), "{message}");

    let mut config = ModelConfig::published(ModelName::Ar);
    (config.encoder.channels, config.decoder.channels, config.ar.layers) = (2, 2, vec![2, 2]);
    let forecaster = Model::new(&config, FrameShape::SUITE, 0, DType::F32, &Device::Cpu).unwrap();
    std::fs::write(&path, forecaster.to_bytes().unwrap()).unwrap();
    let message = SequenceModel::load(&path).err().unwrap().to_string();
    assert!(message.contains("for the task forecast, expected one for sequence"), "{message}");
}

#[test]
fn what_a_sequence_model_cannot_be_is_refused() {
    let refused = |change: fn(&mut ModelConfig)| {
        let mut config = published(ModelName::Nwm2d);
        change(&mut config);
        SequenceModel::new(&config, PIXELS, 0, DType::F32, &Device::Cpu).err().unwrap()
    };
    let message = refused(|config| config.name = ModelName::Ar).to_string();
    assert!(message.contains("model.name: found ar"), "{message}");
    let message = refused(|config| config.task = TaskName::Forecast).to_string();
    assert!(message.contains("model.task: found forecast, expected sequence"), "{message}");
    assert!(matches!(refused(|config| config.cell.drive_coupling = true), Error::Cell { .. }));

    let model = build(&published(ModelName::Nwm2d), PIXELS, DType::F32);
    let wrong = Tensor::zeros((5, 2, 3), DType::F32, &Device::Cpu).unwrap();
    let message = model.answer(&wrong).unwrap_err().to_string();
    assert!(message.contains("[at least 1, at least 1, 1]"), "{message}");
}
