//! Estimates against peaks of `nwm train` that were measured on two cores.

use nwm_models::{FrameShape, ModelName, SequenceShape};

use super::MemoryEstimate;
use crate::config::Config;
use crate::optimizer::OptimizerName;

const MIB: f64 = (1 << 20) as f64;

/// Peaks of `nwm train` on two cores, with 64 trajectories (docs/reproducing.md). An estimate that is far off does not
/// pass, whoever changes what a training keeps.
#[test]
fn it_is_near_measured_peaks() {
    let measured = [
        (ModelName::Ar, 4, 462.0),
        (ModelName::Hgn, 4, 466.0),
        (ModelName::OdeTr, 4, 404.0),
        (ModelName::Rgn, 4, 398.0),
        (ModelName::Cornn, 4, 875.0),
        (ModelName::Nwm2d, 4, 851.0),
        (ModelName::Nwm2d, 8, 997.0),
        (ModelName::Ar, 16, 1336.0),
        (ModelName::Hgn, 16, 1018.0),
        (ModelName::Nwm2d, 16, 1495.0),
    ];
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for (name, batch_size, peak) in measured {
        let mut config = Config::published(name, "mass_spring");
        config.train.batch_size = batch_size;
        let estimate = two.install(|| MemoryEstimate::new(&config, FrameShape::SUITE));
        let ratio = estimate.bytes() / (peak * MIB);
        assert!((0.9..1.35).contains(&ratio), "{} {batch_size}: {ratio}", name.as_str());
    }
}

/// As [`it_is_near_measured_peaks`], of sequences of digits and of films.
#[test]
fn it_is_near_measured_peaks_of_other_tasks() {
    type Change = fn(&mut Config);
    let small: Change = |config| (config.model.cell.rows, config.model.cell.columns) = (8, 8);
    let same: Change = |_| ();
    let sequences = [
        (ModelName::Cornn, same, 40, 196, 240.0),
        (ModelName::Nwm2d, small, 40, 196, 220.0),
        (ModelName::Nwm2d, small, 160, 196, 346.0),
        (ModelName::Nwm2d, same, 40, 784, 716.0),
        (ModelName::Cornn, same, 120, 784, 330.0),
    ];
    let sheet: Change = |config| (config.model.cell.rows, config.model.cell.columns) = (36, 36);
    let rings: Change = |config| {
        (config.model.cell.rows, config.model.cell.columns) = (12, 36);
        config.train.optimizer = OptimizerName::Adam;
        config.model.encoder.layers = vec![300, 200];
        config.model.decoder.layers = vec![200, 300];
    };
    let films = [
        (ModelName::Nwm2d, "rotating_mnist", sheet, 128, 442.0),
        (ModelName::Nwm1d, "rotating_mnist", rings, 32, 265.0),
        (ModelName::Nwm2d, "gratings", sheet, 32, 306.0),
        (ModelName::Nwm1d, "rotating_mnist", same, 32, 1409.0),
    ];
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let near = |what: &str, estimate: MemoryEstimate, peak: f64| {
        let ratio = estimate.bytes() / (peak * MIB);
        assert!((0.8..1.3).contains(&ratio), "{what}: {ratio}");
    };
    two.install(|| {
        for (name, change, batch_size, steps, peak) in sequences {
            let mut config = Config::published(name, "smnist");
            config.train.batch_size = batch_size;
            change(&mut config);
            let shape = SequenceShape { features: 1, outputs: 10 };
            let estimate = MemoryEstimate::of_sequences(&config, shape, steps);
            near(&format!("{} {batch_size} {steps}", name.as_str()), estimate, peak);
        }
        let frame = FrameShape { rows: 28, columns: 28, channels: 1 };
        for (name, data, change, batch_size, peak) in films {
            let mut config = Config::published(name, data);
            config.train.batch_size = batch_size;
            change(&mut config);
            let estimate = MemoryEstimate::of_films(&config, frame);
            near(&format!("{} {data} {batch_size}", name.as_str()), estimate, peak);
        }
    });
}
