//! Draws the pictures of docs/guides/waves.md:
//! `cargo run --release -p nwm-analysis --example 03_waves_guide -- docs/images/waves`.

use std::error::Error;
use std::f64::consts::PI;
use std::path::PathBuf;

use nwm_analysis::figures::{FilmStrip, LineChart, phase_map};
use nwm_analysis::signal::{Padding, ZeroPhase, band_pass};
use nwm_analysis::waves::{Grid, SyntheticWave, phase_distance_correlation};

const SIZE: [usize; 2] = [16, 16];
const CENTRE: [f64; 2] = [7.0, 7.0];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let pictures =
        [("patterns.svg", patterns()?), ("ringing.svg", ringing()?), ("distance.svg", distance()?)];
    for (name, svg) in pictures {
        std::fs::write(folder.join(name), svg)?;
    }
    Ok(())
}

/// What waves look like: their phase over half a period.
fn patterns() -> nwm_analysis::Result<String> {
    let (frequency, wavelength, phase, centre) = (0.05, 12.0, 0.0, CENTRE);
    let waves = [
        ("plane", SyntheticWave::Plane { frequency, wavelength, direction: PI / 6.0, phase }),
        ("source", SyntheticWave::Target { frequency, wavelength, centre, phase }),
        ("rotating", SyntheticWave::Rotating { frequency, arms: 1, centre, phase }),
        ("spiral out", SyntheticWave::Spiral { frequency, wavelength, arms: 1, centre, phase }),
    ];
    let shape = [10, SIZE[0], SIZE[1]];
    let mut strip = FilmStrip::new((0..10).step_by(2));
    for (name, wave) in waves {
        let phases = wave.phases(shape);
        let frames = phases.chunks_exact(SIZE[0] * SIZE[1]).step_by(2);
        let frames = frames.map(|frame| phase_map(frame, SIZE));
        strip = strip.strip(name, &frames.collect::<Result<Vec<_>, _>>()?);
    }
    strip.svg()
}

/// What a band-pass makes of a jump.
fn ringing() -> nwm_analysis::Result<String> {
    let jump: Vec<f64> = (0..200).map(|t| f64::from(u8::from(t >= 100))).collect();
    let mut filtered = jump.clone();
    ZeroPhase::new(band_pass(4, [0.05, 0.2])?, Padding::Matlab).filter(&mut filtered, 200)?;
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        (0..).map(f64::from).zip(values.iter().copied()).collect()
    };
    LineChart::new("step", "signal")
        .reference("a jump", points(&jump))
        .series("filtered, 0.05 to 0.2 cycles per step", points(&filtered))
        .svg()
}

/// How well the phase of perfect waves correlates with the distance from their source.
fn distance() -> nwm_analysis::Result<String> {
    let lengths: Vec<f64> = (4..=48).map(f64::from).collect();
    let correlations = |wave: &dyn Fn(f64) -> SyntheticWave, source| {
        let correlation = |&wavelength: &f64| {
            let phase = wave(wavelength).phases([1, SIZE[0], SIZE[1]]);
            let found = phase_distance_correlation(&phase, SIZE, Grid::Open, source)?;
            Ok((wavelength, found.coefficient))
        };
        lengths.iter().map(correlation).collect::<nwm_analysis::Result<Vec<_>>>()
    };
    let (frequency, phase, centre) = (0.05, 0.0, CENTRE);
    let target = |wavelength| SyntheticWave::Target { frequency, wavelength, centre, phase };
    let plane = |wavelength| SyntheticWave::Plane { frequency, wavelength, direction: 0.0, phase };
    LineChart::new("wavelength (sites)", "correlation")
        .series("target wave, from its centre", correlations(&target, CENTRE)?)
        .series("plane wave, from the edge", correlations(&plane, [7.0, 0.0])?)
        .vertical_limits(0.0, 1.0)
        .marker(16.0, "side of the grid")
        .svg()
}
