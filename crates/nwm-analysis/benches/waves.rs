//! Wave analysis of a recording of 20 trials of 2000 samples of 16 x 16 sites, in single precision: a plane wave of
//! 17 Hz and 15 sites, sampled at 500 Hz, in noise of equal power.
//!
//! - `filter`: Butterworth band-pass of order 4 from 8 to 32 Hz, forward and backward.
//! - `analytic`: the analytic signals of the filtered recording.
//! - `generalized_phase`: those, their instantaneous frequencies and generalized phase.
//! - `optical_flow`: the flow between the phases of the first 257 frames of two trials.
//! - `patterns`: phase gradient, critical points and the pattern of each frame, smoothed.
//! - `summary`: everything that is told of the waves, beside 39 surrogates.
//!
//! What is reported as loss is a mean of the numbers, so that a peer's can be compared. No peer has the same flow, so that
//! the loss of that case is one of its input: how far phases go from frame to frame.

use std::error::Error;
use std::f64::consts::TAU;
use std::process::ExitCode;

use num_complex::Complex;
use nwm_analysis::signal::{
    AnalyticTransform, GeneralizedPhase, GeneralizedSignal, NyquistBin, Padding, ZeroPhase,
    band_pass, frames_of, series_of,
};
use nwm_analysis::waves::{
    Grid, OpticalFlowOptions, PatternOptions, SummaryOptions, Trial, VectorField, WaveStatistics,
    frame_patterns, optical_flow, smoothed,
};
use nwm_analysis::wrapped;
use nwm_bench::{Arguments, Report, time, uniform};

const TRIALS: usize = 20;
const TIME: usize = 2000;
const SIZE: [usize; 2] = [16, 16];
const SITES: usize = SIZE[0] * SIZE[1];
const SAMPLING_RATE: f64 = 500.0;

/// Trials whose flow is found, and frames of each.
const FLOW: [usize; 2] = [2, 257];

const CASES: [&str; 6] =
    ["filter", "analytic", "generalized_phase", "optical_flow", "patterns", "summary"];

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(&[], benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    let names = arguments.select(&CASES, &CASES)?;
    if arguments.lists(&names)? {
        return Ok(());
    }
    for name in names {
        measure(name, arguments, threads)?.print(arguments.json)?;
    }
    Ok(())
}

fn measure(case: &str, arguments: &Arguments, threads: usize) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::new("waves", case, "f32", threads);
    let samples = (TRIALS * TIME * SITES) as f64;
    let series = recording()?;
    let filter =
        ZeroPhase::new(band_pass(4, [8.0 / SAMPLING_RATE, 32.0 / SAMPLING_RATE])?, Padding::Scipy);
    let filtered = |series: &[f32]| -> nwm_analysis::Result<Vec<f32>> {
        let mut series = series.to_vec();
        filter.filter(&mut series, TIME)?;
        Ok(series)
    };
    let transform = AnalyticTransform::new(TIME, NyquistBin::Keep)?;
    if case == "filter" {
        let (timing, result) = time(arguments.repeats, || filtered(&series))?;
        report.add_count("samples", timing, samples);
        report.loss = Some(mean_of(&result, |value| value.abs()));
        return Ok(report);
    }
    let series = filtered(&series)?;
    if case == "analytic" {
        let (timing, result) = time(arguments.repeats, || transform.apply(&series))?;
        report.add_count("samples", timing, samples);
        report.loss = Some(mean_of(&result, |value| value.norm()));
        return Ok(report);
    }
    if case == "optical_flow" {
        let phase = phases(&transform.apply(&series)?)?;
        let (timing, _) = time(arguments.repeats, || flows(&phase))?;
        report.add_count("pairs", timing, (FLOW[0] * (FLOW[1] - 1)) as f64);
        report.loss = Some(mean_step(&phase));
        return Ok(report);
    }
    let generalized = || GeneralizedPhase::default().apply(&transform.apply(&series)?, TIME);
    if case == "generalized_phase" {
        let (timing, result) = time(arguments.repeats, generalized)?;
        report.add_count("samples", timing, samples);
        report.loss = Some(mean_of(&result.signals, |value| value.re.abs()));
        return Ok(report);
    }
    let generalized = generalized()?;
    if case == "patterns" {
        let frames = frames_of(&generalized.signals, TIME)?;
        let (timing, coherence) = time(arguments.repeats, || patterns(&frames))?;
        report.add_count("frames", timing, (TRIALS * TIME) as f64);
        report.loss = Some(coherence);
    } else {
        let (timing, coherence) = time(arguments.repeats, || summary(&series, &generalized))?;
        report.add_count("frames", timing, (TRIALS * TIME) as f64);
        report.loss = Some(coherence);
    }
    Ok(report)
}

/// The phases of the trials and frames whose flow is found, `[trial, time, row, column]`.
fn phases(signals: &[Complex<f32>]) -> nwm_analysis::Result<Vec<f32>> {
    let [trials, frames] = FLOW;
    let mut phases = Vec::with_capacity(trials * frames * SITES);
    for trial in signals.chunks_exact(TIME * SITES).take(trials) {
        let signals = frames_of(trial, TIME)?;
        phases.extend(signals[..frames * SITES].iter().map(|signal| signal.arg()));
    }
    Ok(phases)
}

/// The flow of each trial.
fn flows(phases: &[f32]) -> nwm_analysis::Result<Vec<VectorField<f32>>> {
    let shape = [FLOW[1], SIZE[0], SIZE[1]];
    let flow = |trial| optical_flow(trial, shape, Grid::Open, OpticalFlowOptions::default());
    phases.chunks_exact(FLOW[1] * SITES).map(flow).collect()
}

/// The mean size of the steps of phases from frame to frame.
fn mean_step(phases: &[f32]) -> f64 {
    let trials = phases.chunks_exact(FLOW[1] * SITES);
    let steps = trials.flat_map(|trial| trial.iter().zip(&trial[SITES..]));
    let sizes = steps.map(|(&from, &to)| wrapped(f64::from(to) - f64::from(from)).abs());
    sizes.sum::<f64>() / (FLOW[0] * (FLOW[1] - 1) * SITES) as f64
}

/// Gradient, critical points and pattern of every frame; the mean plane wave order.
fn patterns(frames: &[Complex<f32>]) -> nwm_analysis::Result<f64> {
    let mut sum = 0.0;
    for trial in frames.chunks_exact(TIME * SITES) {
        let shape = [TIME, SIZE[0], SIZE[1]];
        let smooth = smoothed(trial, shape, Grid::Open, 1.0)?;
        let found = frame_patterns(&smooth, shape, Grid::Open, PatternOptions::default())?;
        sum += found.iter().map(|frame| frame.measures.plane_wave_order).sum::<f64>();
    }
    Ok(sum / (TRIALS * TIME) as f64)
}

/// The summary of all trials; its local coherence.
fn summary(series: &[f32], generalized: &GeneralizedSignal<f32>) -> nwm_analysis::Result<f64> {
    let mut statistics = WaveStatistics::new(SIZE, Grid::Open, TRIALS, SummaryOptions::default())?;
    let length = TIME * SITES;
    for trial in 0..TRIALS {
        let range = trial * length..(trial + 1) * length;
        statistics.add(&Trial {
            time: TIME,
            signals: &frames_of(&generalized.signals[range.clone()], TIME)?,
            filtered: &frames_of(&series[range.clone()], TIME)?,
            frequencies: &frames_of(&generalized.frequencies[range], TIME)?,
        })?;
    }
    Ok(statistics.summary().local_coherence.observed)
}

/// The samples `[trial, site, time]`.
fn recording() -> nwm_analysis::Result<Vec<f32>> {
    let noise = uniform(0, TRIALS * TIME * SITES, 0.5_f64.sqrt());
    let (frequency, wave_number) = (TAU * 17.0 / SAMPLING_RATE, TAU / 15.0);
    let (down, right) = 0.6_f64.sin_cos();
    let mut series = Vec::with_capacity(noise.len());
    for (trial, noise) in noise.chunks_exact(TIME * SITES).enumerate() {
        let mut frames = Vec::with_capacity(noise.len());
        for (index, noise) in noise.iter().enumerate() {
            let (t, site) = (index / SITES, index % SITES);
            let place = down * (site / SIZE[1]) as f64 + right * (site % SIZE[1]) as f64;
            let phase = frequency * t as f64 - wave_number * place + trial as f64;
            frames.push(phase.cos() as f32 + noise);
        }
        series.extend(series_of(&frames, TIME)?);
    }
    Ok(series)
}

fn mean_of<T>(values: &[T], of: impl Fn(&T) -> f32) -> f64 {
    values.iter().map(|value| f64::from(of(value))).sum::<f64>() / values.len() as f64
}
