//! Pushes one oscillator of a sheet and draws what runs away from it: `cargo run -p nwm-core --example 01_pulse`.

use std::io::Write;

use candle_core::{DType, Device, Tensor};
use nwm_core::{Bias, Cell, CellConfig, Record, Result, Scalar, Topology};

const ROWS: usize = 21;
const COLUMNS: usize = 41;
const STEPS: usize = 60;

fn main() -> Result<()> {
    let mut config = CellConfig::new(Topology::Torus { rows: ROWS, columns: COLUMNS });
    (config.bias, config.drive_coupling) = (Bias::None, false);
    (config.dt, config.gamma, config.alpha) =
        (Scalar::Fixed(0.25), Scalar::Fixed(0.1), Scalar::Fixed(0.01));
    let cell = Cell::new(config)?;

    // A site is pulled towards the mean of its neighbours, and its velocity is not coupled.
    let (corner, edge, centre) = (1.0 / 6.0, 2.0 / 3.0, -10.0 / 3.0);
    let laplacian = [corner, edge, corner, edge, centre, edge, corner, edge, corner];
    let coupling =
        Tensor::from_slice(&laplacian.map(|tap| tap as f32), (1, 1, 3, 3), &Device::Cpu)?;
    let parameters = cell.pack(&[coupling.clone(), coupling.zeros_like()?])?;

    // Axes: time, batch, unit; of the state: position and velocity, batch, unit.
    let drive = Tensor::zeros((STEPS, 1, cell.units()), DType::F32, &Device::Cpu)?;
    let mut start = vec![0.0_f32; 2 * cell.units()];
    start[ROWS / 2 * COLUMNS + COLUMNS / 2] = 1.0;
    let start = Tensor::from_vec(start, (2, 1, cell.units()), &Device::Cpu)?;
    let positions = cell.forward(&drive, &start, &parameters, Record::Positions)?;

    let mut text = String::new();
    for step in [9, 29, 49] {
        let position = positions.get(step)?.reshape((ROWS, COLUMNS))?.to_vec2::<f32>()?;
        text += &format!("after {} steps\n", step + 1);
        for row in position {
            text.extend(row.into_iter().map(shade));
            text.push('\n');
        }
    }
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Crests, troughs, and what is nearly still.
fn shade(position: f32) -> char {
    match position {
        it if it > 0.03 => '#',
        it if it > 0.005 => '+',
        it if it < -0.03 => 'o',
        it if it < -0.005 => '.',
        _ => ' ',
    }
}
