//! What units respond to: a model whose orientation map is known, runs from start to numbers, and what cannot be measured.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use common::{resolved, train_all};
use nwm_analysis::selectivity::MaximumActivationOptions;
use nwm_analysis::waves::{Grid, Surrogates};
use nwm_data::arrays::ArraysFile;
use nwm_data::{
    Digits, Films, Grating, MovingGratings, Split, TurningDigits, TurningDigitsOptions,
};
use nwm_models::{FrameShape, ModelConfig, ModelName, TaskName, VariationalModel};
use nwm_train::{
    Error, Layer, MapNumbers, MapVerdict, MeasuredImages, MeasuredMap, RequestedCheckpoint,
    Resolved, Selectivity, SelectivityRecord, SelectivityRequest, StillGratings,
    maximum_activation, orientation_responses, selectivity, write_selectivity,
};

const SIDE: usize = 16;
const WAVELENGTH: f64 = 8.0;
const ROWS: usize = 4;
const COLUMNS: usize = 8;
/// Filters of each orientation, a quarter of a period apart.
const QUARTERS: usize = 4;

fn gratings() -> StillGratings {
    let mut gratings = StillGratings::default();
    (gratings.wavelength, gratings.frames) = (WAVELENGTH, 5);
    gratings
}

/// A torus of 4 x 8 units without couplings, of which those of column `c` are driven by the energy of the `c`-th of eight
/// orientations: what four filters respond, a quarter of a period apart and rectified.
fn columns_of_orientations() -> VariationalModel {
    let mut config = ModelConfig::published_for(ModelName::Nwm2d, TaskName::Variational);
    (config.cell.rows, config.cell.columns) = (ROWS, COLUMNS);
    config.encoder.layers = vec![COLUMNS * QUARTERS];
    config.encoder.norm = false;
    let frame = FrameShape { rows: SIDE, columns: SIDE, channels: 1 };
    let model = VariationalModel::new(&config, frame, 0, DType::F32, &Device::Cpu).unwrap();
    let set = |name: &str, value: &dyn Fn(usize) -> f64| {
        let variable = model.parameters().variable(name).unwrap();
        let values = (0..variable.elem_count()).map(|place| value(place) as f32).collect();
        variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
    };
    set("encoder.0.weight", &|place| {
        let (filter, pixel) = (place / (SIDE * SIDE), place % (SIDE * SIDE));
        let angle = PI * (filter / QUARTERS) as f64 / COLUMNS as f64;
        let quarter = TAU * (filter % QUARTERS) as f64 / QUARTERS as f64;
        let [row, column] = [pixel / SIDE, pixel % SIDE].map(|at| at as f64 - 7.5);
        let window = (-(row * row + column * column) / 32.0).exp();
        let along = column * angle.cos() + row * angle.sin();
        window * (TAU / WAVELENGTH * along + quarter).cos() / 20.0
    });
    set("encoder.0.bias", &|_| 0.0);
    set("encoder.1.weight", &|place| {
        let (unit, filter) = (place / (COLUMNS * QUARTERS), place % (COLUMNS * QUARTERS));
        let is_own = unit < ROWS * COLUMNS && unit % COLUMNS == filter / QUARTERS;
        f64::from(u8::from(is_own)) / QUARTERS as f64
    });
    set("encoder.1.bias", &|_| 0.0);
    for name in ["cell.coupling", "cell.damping", "cell.bias"] {
        set(name, &|_| 0.0);
    }
    // The middle of the kernel alone.
    set("cell.drive", &|place| f64::from(u8::from(place == 4)));
    model
}

fn surrogates() -> Surrogates {
    Surrogates { count: 99, seed: 1 }
}

/// How far two orientations are apart.
fn apart(one: f64, other: f64) -> f64 {
    let difference = (one - other).rem_euclid(PI);
    difference.min(PI - difference)
}

#[test]
fn a_model_made_of_oriented_filters_has_the_map_it_was_made_with() {
    let model = columns_of_orientations();
    let mut done = Vec::new();
    let responses = orientation_responses(&model, &gratings(), &mut |it| done.push(it)).unwrap();
    assert_eq!(done, (1..=8).map(|orientation| 18 * orientation).collect::<Vec<_>>());
    assert_eq!((responses.len(), responses[0].samples()), (1, &[18; 8][..]));
    let measured =
        MeasuredMap::of(responses.into_iter().next().unwrap(), Grid::Torus, surrogates()).unwrap();
    for unit in 0..ROWS * COLUMNS {
        let wanted = unit % COLUMNS;
        assert_eq!(measured.cohens_d.preferred[unit], Some(wanted), "unit {unit}");
        let found = measured.by_mean.map.preferred()[unit];
        let orientation = PI * wanted as f64 / COLUMNS as f64;
        assert!(apart(found, orientation) < 0.06, "unit {unit}: {found} {orientation}");
    }
    let numbers = MapNumbers::of(&measured);
    assert_eq!(numbers.unselective_fraction, 0.0);
    assert!(numbers.largest_d.quartiles[0] > 2.0, "{:?}", numbers.largest_d);
    // Rows are equal, neighbouring columns an eighth of a half turn apart.
    let wanted = (1.0 + (TAU / 8.0).cos()) / 2.0;
    let map = numbers.by_mean;
    assert!((map.smoothness.value - wanted).abs() < 0.01, "{:?}", map.smoothness);
    assert_eq!(map.smoothness.p_value, 0.01);
    assert!((map.column_spacing.unwrap() - 8.0).abs() < 0.1);
    assert_eq!((map.pinwheels.positive, map.pinwheels.negative), (0, 0));
    assert_eq!(MapVerdict::by_mean(&measured, &measured), MapVerdict::UntrainedMap);
}

#[test]
fn gratings_together_give_what_one_alone_gives() {
    let model = columns_of_orientations();
    let mut few = gratings();
    (few.orientations, few.phases, few.frames) = (3, 2, 4);
    let found = &orientation_responses(&model, &few, &mut |_| {}).unwrap()[0];
    let stills = Grating::still(WAVELENGTH, 3, 2);
    for orientation in 0..3 {
        let responses: Vec<Vec<f64>> = (0..2)
            .map(|phase| {
                let mut picture = vec![0.0; SIDE * SIDE];
                stills[orientation * 2 + phase].draw(SIDE, &mut picture);
                let film = Tensor::from_vec(picture.repeat(4), (4, 1, SIDE, SIDE, 1), &Device::Cpu);
                let states = model.unroll(&film.unwrap(), None).unwrap().states;
                let positions = states.narrow(2, 0, 1).unwrap().to_dtype(DType::F64).unwrap();
                positions.mean(0).unwrap().flatten_all().unwrap().to_vec1().unwrap()
            })
            .collect();
        for unit in 0..ROWS * COLUMNS {
            let wanted = f64::midpoint(responses[0][unit], responses[1][unit]);
            let found = found.means()[orientation * ROWS * COLUMNS + unit];
            assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
        }
    }
}

#[test]
fn the_images_of_largest_response_have_the_preferred_orientation() {
    let model = columns_of_orientations();
    let films = MovingGratings {
        wavelength: WAVELENGTH,
        frames: 6,
        side: SIDE,
        ..MovingGratings::new(5, Split::Test)
    };
    let (options, mut done) = (MaximumActivationOptions::default(), Vec::new());
    let found = maximum_activation(&model, &films, 300, options, &mut |it| done.push(it)).unwrap();
    assert_eq!((found.len(), found[0].added(), done.last()), (1, 300, Some(&300)));
    let measured =
        MeasuredImages::of(&found[0], [ROWS, COLUMNS], SIDE, Grid::Torus, surrogates()).unwrap();
    for (unit, best) in measured.best.iter().enumerate() {
        let index = best.unwrap().index as u64;
        let orientation = PI * (unit % COLUMNS) as f64 / COLUMNS as f64;
        assert!(apart(films.first(index).orientation, orientation) < 0.2, "unit {unit}");
        let mut film = vec![0.0; 6 * SIDE * SIDE];
        films.draw(index, &mut film).unwrap();
        let image = &measured.images[unit * SIDE * SIDE..][..SIDE * SIDE];
        assert_eq!(image, &film[5 * SIDE * SIDE..], "the last frame of its film");
        let frames = Tensor::from_vec(film, (6, 1, SIDE, SIDE, 1), &Device::Cpu).unwrap();
        let last = model.positions(&frames, None).unwrap().get(5).unwrap().flatten_all().unwrap();
        let position = f64::from(last.to_vec1::<f32>().unwrap()[unit]);
        assert!((best.unwrap().response - position).abs() < 1e-5, "{best:?} {position}");
    }
    // Units of a column share their images.
    assert_eq!(measured.different(), COLUMNS);
    assert!(measured.continuity.observed > 0.3 && measured.continuity.p_value == 0.01);
}

#[test]
fn stimuli_that_cannot_be_shown_are_refused() {
    let model = columns_of_orientations();
    let refused = |change: &dyn Fn(&mut StillGratings)| {
        let mut gratings = gratings();
        change(&mut gratings);
        let error = orientation_responses(&model, &gratings, &mut |_| {}).unwrap_err();
        if let Error::Request { what, .. } = error { what } else { "something else" }
    };
    for wavelength in [0.0, -3.0, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(&|gratings| gratings.wavelength = wavelength), "wavelength");
    }
    assert_eq!(refused(&|gratings| gratings.orientations = 1), "orientations");
    assert_eq!(refused(&|gratings| gratings.phases = 1), "phases");
    assert_eq!(refused(&|gratings| gratings.frames = 0), "frames");
    let films = MovingGratings { side: SIDE, ..MovingGratings::new(0, Split::Test) };
    let found = maximum_activation(&model, &films, 0, Default::default(), &mut |_| {});
    assert!(matches!(found, Err(Error::Request { what: "images", .. })));
    let larger = MovingGratings::new(0, Split::Test);
    let found = maximum_activation(&model, &larger, 1, Default::default(), &mut |_| {});
    assert!(matches!(found, Err(Error::Model(_))));
}

/// A run on gratings of wavelength 9, on a sheet of 5 x 6.
fn films_run(more: &[&str]) -> Resolved {
    let small = "[data]\nname = \"gratings\"\nwavelength = 9.0\nframes = 4\ntrain_trajectories = 8\n\
                 validation_trajectories = 0\n[model]\nname = \"nwm_2d\"\n\
                 [model.cell]\nrows = 5\ncolumns = 6\n\
                 [train]\nsteps = 3\nbatch_size = 2\nlog_every = 1\ncheckpoint_every = 1\nkeep_last = 3\n\
                 [analysis]\nevery = 0\n[eval]\nbatch_size = 2\n";
    let mut layers = vec![Layer::parse("small", small).unwrap()];
    layers.extend(more.iter().map(|assignment| Layer::assignment(assignment).unwrap()));
    Resolved::from_layers(&layers).unwrap()
}

fn request() -> SelectivityRequest {
    let mut request = SelectivityRequest::default();
    (request.images, request.surrogates) = (Some(40), surrogates());
    request
}

fn measured(run: &Path) -> Selectivity {
    selectivity(run, &request(), &mut |_, _| {}).unwrap()
}

/// Every number of a measurement, to the bit.
fn bits(found: &Selectivity) -> Vec<u64> {
    let channel = &found.channels[0];
    let maps = [&channel.trained, &channel.initial].into_iter().flat_map(|map| {
        let smoothness = [&map.by_mean.smoothness, &map.by_modulation.smoothness];
        let nulls = smoothness.into_iter().flat_map(|it| [it.observed, it.null_mean, it.p_value]);
        [map.responses.means(), map.responses.variances(), map.cohens_d.d.clone()]
            .concat()
            .into_iter()
            .chain(nulls)
    });
    let images = channel.images.images.iter().map(|&value| f64::from(value));
    let continuity = &channel.images.continuity;
    maps.chain(images)
        .chain([continuity.observed, continuity.null_mean])
        .map(f64::to_bits)
        .collect()
}

#[test]
fn a_run_is_measured_beside_its_start_and_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let resolved = films_run(&["train.learning_rate=1e-3"]);
    train_all(&resolved, &run).unwrap();
    let mut last = (0, 0);
    let found = selectivity(&run, &request(), &mut |done, total| last = (done, total)).unwrap();
    assert_eq!(last, (2 * 144 + 40, 2 * 144 + 40));
    let record = &found.record;
    assert_eq!((record.sheet, record.side, record.film_frames), ([1, 5, 6], 28, 4));
    assert_eq!((record.gratings.wavelength, record.gratings.frames), (9.0, 36));
    assert_eq!((record.checkpoint.step, record.checkpoint.configured), (3, true));
    // The start is that of the run's own seed.
    let frame = FrameShape { rows: 28, columns: 28, channels: 1 };
    let start = VariationalModel::new(
        &resolved.config().model,
        frame,
        resolved.config().train.seed,
        DType::F32,
        &Device::Cpu,
    )
    .unwrap();
    let wanted = orientation_responses(&start, &record.gratings, &mut |_| {}).unwrap();
    assert_eq!(found.channels[0].initial.responses, wanted[0]);
    assert_ne!(found.channels[0].trained.responses, wanted[0]);

    assert_eq!(bits(&found), bits(&measured(&run)));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(bits(&found), bits(&pool.install(|| measured(&run))));

    let mut other = request();
    (other.checkpoint, other.wavelength) = (RequestedCheckpoint::Step(2), Some(12.0));
    let other = selectivity(&run, &other, &mut |_, _| {}).unwrap();
    assert_eq!((other.record.checkpoint.step, other.record.checkpoint.configured), (2, false));
    assert_eq!(other.record.gratings.wavelength, 12.0);

    let file = folder.path().join("selectivity.h5");
    write_selectivity(&found, &file).unwrap();
    let file = ArraysFile::open(&file).unwrap();
    assert_eq!(file.kind(), "unit_selectivity");
    assert_eq!(file.about::<SelectivityRecord>().unwrap(), *record);
    let channel = &found.channels[0];
    assert_eq!(file.read::<f64>("response_mean").unwrap(), channel.trained.responses.means());
    assert_eq!(file.read::<f64>("initial_cohens_d").unwrap(), channel.initial.cohens_d.d);
    let (preferred, map) = ("initial_preferred_by_modulation", &channel.initial.by_modulation.map);
    assert_eq!(file.read::<f64>(preferred).unwrap(), map.preferred());
    assert_eq!(file.read::<f32>("images").unwrap(), channel.images.images);
    assert_eq!(file.arrays()["images"].shape, [1, 5, 6, 28, 28]);
    assert_eq!(file.arrays()["response_variance"].shape, [1, 8, 5, 6]);
}

#[test]
fn a_run_that_learns_nothing_responds_as_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&films_run(&["train.learning_rate=1e-30", "train.momentum=0.0"]), &run).unwrap();
    let found = measured(&run);
    let channel = &found.channels[0];
    let (trained, initial) = (channel.trained.responses.means(), channel.initial.responses.means());
    for (trained, initial) in trained.iter().zip(&initial) {
        assert!((trained - initial).abs() < 1e-6, "{trained} {initial}");
    }
    assert_ne!(channel.verdict_by_mean(), MapVerdict::Map);
    assert_ne!(channel.verdict_by_modulation(), MapVerdict::Map);
}

/// Writes the sample of digits as the test digits of a folder, in their original format.
fn write_test_digits(folder: &Path) -> Digits {
    let digits = Digits::sample().unwrap();
    let count = u32::try_from(digits.len()).unwrap();
    let header = |kind: u8, lengths: &[u32]| -> Vec<u8> {
        let lengths = lengths.iter().flat_map(|length| length.to_be_bytes());
        [0, 0, 8, kind].into_iter().chain(lengths).collect()
    };
    let mut images = header(3, &[count, 28, 28]);
    (0..digits.len()).for_each(|digit| images.extend(digits.image(digit).unwrap()));
    let labels = [header(1, &[count]), digits.labels().to_vec()].concat();
    std::fs::write(folder.join("t10k-images-idx3-ubyte"), images).unwrap();
    std::fs::write(folder.join("t10k-labels-idx1-ubyte"), labels).unwrap();
    digits
}

#[test]
fn digits_begin_at_random_angles_and_all_of_them_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&films_run(&["train.seed=6"]), &run).unwrap();
    // The same model among other films: training on digits needs all of them.
    let digits = write_test_digits(folder.path());
    let path = run.join("resolved.toml");
    let mut section = String::new();
    let changed = |line: &str| {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        match line.split(" = ").next() {
            _ if section != "[data]" => line.to_owned(),
            Some("name") => "name = \"rotating_mnist\"".to_owned(),
            Some("frames") => "frames = 18".to_owned(),
            Some("mnist") => format!("mnist = {:?}", folder.path()),
            _ => line.to_owned(),
        }
    };
    let text = std::fs::read_to_string(&path).unwrap();
    let text: Vec<String> = text.lines().map(changed).collect();
    std::fs::write(&path, text.join("\n")).unwrap();

    let mut request = request();
    request.images = None;
    let found = selectivity(&run, &request, &mut |_, _| {}).unwrap();
    let record = &found.record;
    assert_eq!((record.images, record.film_frames), (300, 18));
    assert_eq!(record.gratings.wavelength, 24.0, "that of the paper");
    let mut options = TurningDigitsOptions::default();
    (options.random_start, options.seed) = (true, 6);
    let films = TurningDigits::new(Arc::new(digits), (0..300).collect(), options).unwrap();
    let images = &found.channels[0].images;
    for (unit, best) in images.best.iter().enumerate() {
        let mut film = vec![0.0; 18 * 784];
        films.draw(best.unwrap().index as u64, &mut film).unwrap();
        assert_eq!(images.images[unit * 784..][..784], film[17 * 784..], "unit {unit}");
    }
    request.images = Some(301);
    let message = selectivity(&run, &request, &mut |_, _| {}).unwrap_err().to_string();
    assert_eq!(message, "images: found 301, expected 1 to 300, the test digits that there are");
}

#[test]
fn rings_are_measured_ring_by_ring() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let more = [
        "model.name=nwm_1d",
        "model.encoder.layers=[12]",
        "model.decoder.layers=[12]",
        "data.wavelength=24.0",
    ];
    train_all(&films_run(&more), &run).unwrap();
    let found = measured(&run);
    assert_eq!((found.record.grid.as_str(), found.record.sheet), ("rings", [1, 5, 6]));
    let pinwheels = &found.channels[0].trained.by_modulation.pinwheels;
    assert!(pinwheels.pinwheels.is_empty() && pinwheels.area == 0);
}

#[test]
fn runs_of_other_tasks_and_too_many_images_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "nwm_2d", &[]), &run).unwrap();
    let error = selectivity(&run, &request(), &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, Error::OtherTask { expected: TaskName::Variational, .. }), "{error}");
    let run = folder.path().join("films");
    train_all(&films_run(&[]), &run).unwrap();
    let mut none = request();
    none.images = Some(0);
    let error = selectivity(&run, &none, &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, Error::Request { what: "images", .. }), "{error}");
}
