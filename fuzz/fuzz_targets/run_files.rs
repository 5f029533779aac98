//! What commands read of a run folder beside checkpoints: `run.json`, `metrics.csv` and `samples.safetensors`. The first byte
//! says which.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use nwm_train::{
    ForecastSamples, METRICS_FILE, MetricsLog, MetricsRow, Result, RunFolder, SAMPLES_FILE,
    read_metrics, read_run_record,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else { return };
    let folder = common::empty_folder();
    let write = |name: &str| std::fs::write(folder.path().join(name), content).expect("room");
    let read = match kind % 3 {
        0 => {
            write("run.json");
            record(folder.path())
        }
        1 => {
            write(METRICS_FILE);
            metrics(folder.path())
        }
        _ => {
            write(SAMPLES_FILE);
            samples(folder.path())
        }
    };
    if let Err(error) = read {
        common::check_message(&error);
    }
});

fn record(folder: &std::path::Path) -> Result<()> {
    let record = read_run_record(folder)?;
    RunFolder::open(folder, true)?.write_record(&record)?;
    assert_eq!(read_run_record(folder)?, record);
    Ok(())
}

/// A run that goes on keeps the rows that can be read, as they are.
fn metrics(folder: &std::path::Path) -> Result<()> {
    let path = folder.join(METRICS_FILE);
    let before = read_metrics(&path);
    MetricsLog::open(folder, u64::MAX, false)?;
    let after = read_metrics(&path).expect("what was written");
    let before = before?;
    assert_eq!(before.len(), after.len());
    for (one, other) in before.iter().zip(&after) {
        // As text, since some of the numbers may be none.
        assert_eq!(one.step, other.step);
        let numbers =
            |row: &MetricsRow| format!("{:?}", (row.loss, row.mse, row.dt, row.validation));
        assert_eq!(numbers(one), numbers(other));
    }
    Ok(())
}

fn samples(folder: &std::path::Path) -> Result<()> {
    let path = folder.join(SAMPLES_FILE);
    let samples = ForecastSamples::read(&path)?;
    assert_eq!(samples.truth.len(), samples.prediction.len());
    for index in [0, 1, samples.count, usize::MAX] {
        let found = samples.trajectory(index).is_some();
        assert!(samples.truth.is_empty() || found == (index < samples.count));
        assert!(samples.sheet(index).is_none() || samples.states.is_some());
    }
    samples.write(&path)?;
    let again = ForecastSamples::read(&path)?;
    assert_eq!(
        (again.count, again.frames, again.shape),
        (samples.count, samples.frames, samples.shape)
    );
    assert!(again.truth == samples.truth && again.prediction == samples.prediction);
    Ok(())
}
