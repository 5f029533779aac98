//! Writes a page that plays a spiral wave with noise:
//! `cargo run -p nwm-analysis --example 02_wave_player > page.html`.

use std::io::Write;

use nwm_analysis::figures::WavePlayer;
use nwm_analysis::signal::{AnalyticTransform, NyquistBin, Padding, ZeroPhase};
use nwm_analysis::signal::{band_pass, frames_of, series_of};
use nwm_analysis::waves::{
    Grid, PatternOptions, SyntheticWave, frame_patterns, mixed, phase_gradient, pink_noise,
    smoothed,
};

/// `[time, row, column]`, a frame every two milliseconds.
const SHAPE: [usize; 3] = [200, 48, 48];

fn main() -> nwm_analysis::Result<()> {
    let (frequency, centre) = (0.03, [21.3, 25.7]);
    let wave = SyntheticWave::Spiral { frequency, wavelength: 22.0, arms: 1, centre, phase: 0.0 };
    let noise = pink_noise(SHAPE[0], SHAPE[1] * SHAPE[2], 0)?;
    let samples = mixed(&wave.recording(SHAPE), &noise, 2.0)?;

    let mut series = series_of(&samples, SHAPE[0])?;
    let filter = ZeroPhase::new(band_pass(4, [0.03, 0.12])?, Padding::default());
    filter.filter(&mut series, SHAPE[0])?;
    let analytic = AnalyticTransform::new(SHAPE[0], NyquistBin::Keep)?.apply(&series)?;
    let signals = frames_of(&analytic, SHAPE[0])?;
    let smooth = smoothed(&signals, SHAPE, Grid::Open, 2.0)?;

    let signal: Vec<f64> = signals.iter().map(|value| value.re).collect();
    let phase: Vec<f64> = smooth.iter().map(|value| value.arg()).collect();
    let velocity = phase_gradient(&phase, SHAPE, Grid::Open)?.negated();
    let patterns = frame_patterns(&smooth, SHAPE, Grid::Open, PatternOptions::default())?;
    let points: Vec<Vec<_>> = patterns
        .iter()
        .map(|pattern| pattern.centres.iter().map(|centre| centre.point).collect())
        .collect();

    let player = WavePlayer::new("A spiral wave in pink noise", SHAPE, &signal, &phase)?
        .velocity(&velocity, 4)?
        .critical_points(&points)?
        .labels(patterns.iter().map(|pattern| pattern.kind.name().replace('_', " ")))?
        .time(0.0, 0.002, "s")?
        .caption("Arrows point where the wave goes; longer ones belong to shorter waves.")
        .html();
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>A wave</title><style>:root {{ color-scheme: light dark; }} \
         body {{ margin: 1rem; font-family: system-ui, sans-serif; }}\n{}</style></head>\
         <body>{player}<script>{}</script></body></html>",
        WavePlayer::STYLE,
        WavePlayer::SCRIPT,
    );
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(page.as_bytes());
    Ok(())
}
