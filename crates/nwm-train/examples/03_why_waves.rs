//! Draws the pictures of docs/theory.md, by the cell in twenty lines:
//! `cargo run --release -p nwm-train --example 03_why_waves -- docs/images/theory`.

use std::error::Error;
use std::f64::consts::TAU;
use std::path::PathBuf;

use num_complex::Complex64;
use nwm_analysis::figures::{ColourMap, FilmStrip, HeatMap, LineChart};
use nwm_models::simulation::{Simulation, SimulationOptions, SimulationPreset};

/// Sites along each side of the torus.
const SIDE: usize = 48;
/// The steps that are shown.
const SHOWN: [usize; 6] = [1, 20, 50, 80, 110, 140];
/// Amplitude of a wave that is measured: small enough for tanh z to be z.
const SMALL: f64 = 1e-6;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&folder)?;
    let media = SimulationPreset::ALL.map(medium);
    let media = media.into_iter().collect::<Result<Vec<_>, _>>()?;
    let pictures = [
        ("media.svg", film(&media)?),
        ("frequency.svg", chart(&media, "cycles per step", frequency)?),
        ("growth.svg", chart(&media, "factor per step", growth)?),
    ];
    for (name, svg) in pictures {
        std::fs::write(folder.join(name), svg)?;
    }
    Ok(())
}

/// A preset of `nwm simulate` on a torus.
fn medium(preset: SimulationPreset) -> Result<Simulation, Box<dyn Error>> {
    let mut options = SimulationOptions::default();
    options.preset = preset;
    options.topology = format!("torus:{SIDE}x{SIDE}").parse()?;
    Ok(Simulation::new(options)?)
}

/// One step of the cell: positions and velocities, `[row, column]`.
fn step(medium: &Simulation, x: &mut [f64], v: &mut [f64]) {
    let cell = medium.oscillator();
    let before = x.to_vec();
    let coupled = couple(medium, medium.coupling(), &before);
    let damped = couple(medium, medium.damping(), v);
    for site in 0..x.len() {
        let force = (coupled[site] + damped[site]).tanh();
        v[site] += cell.dt * (force - cell.gamma * before[site] - cell.alpha * v[site]);
        x[site] += cell.dt * v[site];
    }
}

/// The sum over the neighbours of each site, weighted by a kernel.
fn couple(medium: &Simulation, kernel: &[f64], field: &[f64]) -> Vec<f64> {
    let [rows, columns] = medium.kernel_size();
    let neighbour = |site: usize, tap: usize, taps: usize| (site + tap + SIDE - taps / 2) % SIDE;
    (0..SIDE * SIDE)
        .map(|site| {
            let taps = kernel.iter().enumerate().map(|(tap, weight)| {
                let row = neighbour(site / SIDE, tap / columns, rows);
                weight * field[row * SIDE + neighbour(site % SIDE, tap % columns, columns)]
            });
            taps.sum()
        })
        .collect()
}

/// What becomes of a bump in each medium, every picture from its own lowest to its highest colours.
fn film(media: &[Simulation]) -> nwm_analysis::Result<String> {
    let mut strips = FilmStrip::new(SHOWN).counted("step");
    for medium in media {
        let distance = |site: usize| site as f64 - (SIDE / 2) as f64;
        let bump = |site: usize| {
            let squared = distance(site / SIDE).powi(2) + distance(site % SIDE).powi(2);
            0.5 * (-squared / 8.0).exp()
        };
        let mut x: Vec<f64> = (0..SIDE * SIDE).map(bump).collect();
        let mut v = vec![0.0; x.len()];
        let mut frames = Vec::new();
        for number in 1..=SHOWN[SHOWN.len() - 1] {
            step(medium, &mut x, &mut v);
            if SHOWN.contains(&number) {
                let most = x.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
                let map = HeatMap::new(&x, [SIDE, SIDE])?.range(-most, most);
                frames.push(map.colours(ColourMap::Diverging).frame()?);
            }
        }
        strips = strips.strip(medium.options().preset.as_str(), &frames);
    }
    strips.svg()
}

/// A property of waves against their length, as the steps of the cell have it and, dashed, as linear theory does.
fn chart(
    media: &[Simulation],
    property: &str,
    of: fn(Complex64) -> f64,
) -> Result<String, Box<dyn Error>> {
    let mut chart = LineChart::new("cycles per site", property);
    for medium in media {
        let measured =
            (1..=SIDE / 2).map(|waves| (waves as f64 / SIDE as f64, of(multiplier(medium, waves))));
        chart = chart.series(medium.options().preset.as_str(), measured);
    }
    let mut theory = Vec::new();
    for medium in media {
        for waves in 1..=SIDE / 2 {
            let number = waves as f64 / SIDE as f64;
            // To the left, the way of one-way waves.
            let wave = medium.plane_wave([0.0, -number])?;
            theory.push((number, of(Complex64::from_polar(wave.growth, -TAU * wave.frequency))));
        }
        // What is not finite interrupts a line.
        theory.push((f64::NAN, f64::NAN));
    }
    let chart = chart.reference("linear theory", theory);
    Ok(chart.svg()?)
}

fn frequency(multiplier: Complex64) -> f64 {
    (-multiplier.arg() / TAU).max(0.0)
}

fn growth(multiplier: Complex64) -> f64 {
    multiplier.norm()
}

/// The factor by which a step multiplies the wave of so many cycles per row that travels to the left, or does not travel: of
/// the two with `z(t + 2) = p z(t + 1) - q z(t)`, the one that turns backward.
fn multiplier(medium: &Simulation, waves: usize) -> Complex64 {
    let phase = |site: usize| -TAU * (waves * (site % SIDE)) as f64 / SIDE as f64;
    let mut x: Vec<f64> = (0..SIDE * SIDE).map(|site| SMALL * phase(site).cos()).collect();
    let mut v = vec![0.0; x.len()];
    let mut z = [Complex64::default(); 4];
    for value in &mut z {
        let terms = x.iter().enumerate();
        *value = terms.map(|(site, x)| Complex64::from_polar(*x, -phase(site))).sum();
        step(medium, &mut x, &mut v);
    }
    let determinant = z[1] * z[1] - z[0] * z[2];
    let p = (z[1] * z[2] - z[0] * z[3]) / determinant;
    let q = (z[2] * z[2] - z[1] * z[3]) / determinant;
    let root = (p * p - 4.0 * q).sqrt();
    let [one, other] = [(p + root) / 2.0, (p - root) / 2.0];
    if one.arg() < other.arg() { one } else { other }
}
