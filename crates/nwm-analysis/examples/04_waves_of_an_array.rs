//! Are there waves in an array of samples? `cargo run --release -p nwm-analysis --example 04_waves_of_an_array`.

use std::error::Error;
use std::io::Write as _;

use nwm_analysis::signal::{PhaseEstimator, PhaseOptions};
use nwm_analysis::waves::{
    Grid, SummaryOptions, SyntheticWave, Trial, WaveStatistics, mixed, pink_noise,
};

fn main() -> Result<(), Box<dyn Error>> {
    // A wave of 20 steps and 9 sites in noise of equal power: [time, row, column].
    let shape = [400, 8, 8];
    let wave =
        SyntheticWave::Plane { frequency: 0.05, wavelength: 9.0, direction: 0.6, phase: 0.0 };
    let recording = mixed(&wave.recording(shape), &pink_noise(400, 64, 1)?, 1.0)?;

    let estimator = PhaseEstimator::new(PhaseOptions::of_band([0.025, 0.1]))?;
    let phases = estimator.phases(&recording, 400, 0..400)?;
    let mut statistics = WaveStatistics::new([8, 8], Grid::Open, 1, SummaryOptions::default())?;
    statistics.add(&Trial {
        time: phases.time,
        signals: &phases.signals,
        filtered: &phases.filtered,
        frequencies: &phases.frequencies,
    })?;
    let summary = statistics.summary();
    let mut out = std::io::stdout();
    writeln!(out, "{} waves, p = {:.3}", summary.verdict.name(), summary.p_value)?;
    if let Some([direction, resultant]) = summary.direction {
        writeln!(out, "to {:.0} degrees, resultant {resultant:.2}", direction.to_degrees())?;
    }
    Ok(())
}
