//! The definition of the cell, one sample at a time, written for clarity.
//!
//! With position `x`, velocity `v`, drive `d` and bias `b`, one step is
//!
//! ```text
//! pre = Kx(x) + Kv(v) + Kd(d) + b
//! v'  = v + dt (tanh(pre) - gamma x - alpha v)
//! x'  = x + dt v'
//! ```
//!
//! All terms of `pre`, the restoring term and the damping use the old state; the position uses the
//! new velocity, hence semi-implicit (IMEX). A cell whose drive is not coupled has `d` in place of
//! `Kd(d)`; one that projects its input `u` has `sum over f of u[f] P[f]` there. A cell with a state norm then replaces `x'` by
//! `gain (x' - mean) / sqrt(variance + 1e-5) + offset`, with the mean and the biased variance over
//! all units of the sample; the velocity is left alone.
//!
//! A local coupling is a circular cross-correlation, without a flip:
//!
//! ```text
//! K(x)[o, r, c] = sum over i, a, b of  w[o, i, a, b] x[i, (r + a - h) mod rows, (c + b - h) mod columns]
//! ```
//!
//! where `h = (kernel_size - 1) / 2`; on rings there is no `a`, and rings do not mix. A dense
//! coupling multiplies from the right: `K(x)[o] = sum over i of x[i] w[i, o]`.

use crate::config::CellConfig;
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::state::State;
use crate::topology::Topology;
use nwm_simd::Real;

/// Added to the variance by the state norm.
pub const NORM_EPSILON: f64 = 1e-5;

/// The state after one step from `state` under `drive` (`[units]`, or `[features]` of an input that
/// the cell projects).
///
/// # Errors
/// Those of [`CellConfig::validate`], and [`Error::Shape`] if an array does not have one value per
/// unit or feature, or a kernel not its taps.
pub fn step<R: Real>(
    config: &CellConfig,
    parameters: &Parameters<'_, R>,
    drive: &[R],
    state: &State<R>,
) -> Result<State<R>> {
    config.validate()?;
    let units = config.units();
    check_length("the drive", drive.len(), config.inputs(), "inputs")?;
    check_units("the position", &state.position, units)?;
    check_units("the velocity", &state.velocity, units)?;
    if let Some(bias) = parameters.bias {
        check_units("the bias", bias, units)?;
    }
    if let Some(norm) = parameters.norm {
        check_units("the gain of the norm", norm.gain, units)?;
        check_units("the offset of the norm", norm.offset, units)?;
    }

    let coupled_position = couple(config, parameters.coupling, &state.position)?;
    let coupled_velocity = couple(config, parameters.damping, &state.velocity)?;
    let coupled_drive = match (parameters.drive, parameters.projection) {
        (Some(kernel), _) => couple(config, kernel, drive)?,
        (None, Some(projection)) => project(drive, projection, units)?,
        (None, None) => drive.to_vec(),
    };
    let Parameters { dt, gamma, alpha, .. } = *parameters;
    let mut next = State::zeros(units);
    for unit in 0..units {
        let (x, v) = (state.position[unit], state.velocity[unit]);
        let bias = parameters.bias.map_or(R::zero(), |bias| bias[unit]);
        let pre = coupled_position[unit] + coupled_velocity[unit] + coupled_drive[unit] + bias;
        next.velocity[unit] = v + dt * (pre.tanh() - gamma * x - alpha * v);
        next.position[unit] = x + dt * next.velocity[unit];
    }
    if let Some(norm) = parameters.norm {
        let normalised = layer_norm(&next.position);
        for unit in 0..units {
            next.position[unit] = norm.gain[unit] * normalised[unit] + norm.offset[unit];
        }
    }
    Ok(next)
}

/// The states after each of the steps driven by `drive` (`[time, inputs]`), starting from `initial`.
///
/// # Errors
/// As [`step`]; also if `drive` does not hold a whole number of steps.
pub fn run<R: Real>(
    config: &CellConfig,
    parameters: &Parameters<'_, R>,
    drive: &[R],
    initial: &State<R>,
) -> Result<Vec<State<R>>> {
    config.validate()?;
    let mut states: Vec<State<R>> = Vec::new();
    for drive in drive.chunks(config.inputs()) {
        let state = states.last().unwrap_or(initial);
        states.push(step(config, parameters, drive, state)?);
    }
    Ok(states)
}

/// A kernel applied to one sample (`[units]`): circular cross-correlation or vector × matrix.
///
/// # Errors
/// Those of [`CellConfig::validate`], and [`Error::Shape`] if `input` or `kernel` has the wrong
/// length.
pub fn couple<R: Real>(config: &CellConfig, kernel: &[R], input: &[R]) -> Result<Vec<R>> {
    config.validate()?;
    check_units("the coupled field", input, config.units())?;
    match config.topology {
        Topology::Torus { rows, columns } => {
            let size = config.kernel_size;
            correlate(config.channels, [rows, columns], [size, size], kernel, input)
        }
        Topology::Rings { rings, sites } => {
            correlate(config.channels, [rings, sites], [1, config.kernel_size], kernel, input)
        }
        Topology::Dense { units } => {
            check_kernel(kernel, units * units)?;
            let column = |out: usize| (0..units).map(move |unit| kernel[unit * units + out]);
            let product =
                |out| column(out).zip(input).fold(R::zero(), |sum, (weight, &x)| sum + weight * x);
            Ok((0..units).map(product).collect())
        }
    }
}

/// `sum over f of input[f] projection[f]`.
fn project<R: Real>(input: &[R], projection: &[R], units: usize) -> Result<Vec<R>> {
    check_length("the projection", projection.len(), input.len() * units, "weights")?;
    let row = |feature: usize| &projection[feature * units..][..units];
    let sum = |unit| {
        (0..input.len()).fold(R::zero(), |sum, feature| sum + input[feature] * row(feature)[unit])
    };
    Ok((0..units).map(sum).collect())
}

/// Circular cross-correlation of `[channels, rows, columns]` with `[out, in, tap row, tap column]`.
fn correlate<R: Real>(
    channels: usize,
    [rows, columns]: [usize; 2],
    [tap_rows, tap_columns]: [usize; 2],
    kernel: &[R],
    input: &[R],
) -> Result<Vec<R>> {
    check_kernel(kernel, channels * channels * tap_rows * tap_columns)?;
    let mut output = vec![R::zero(); input.len()];
    for o in 0..channels {
        for r in 0..rows {
            for c in 0..columns {
                let mut sum = R::zero();
                for i in 0..channels {
                    for a in 0..tap_rows {
                        for b in 0..tap_columns {
                            // Adding the axis length keeps the index positive before the modulo.
                            let row = (r + a + rows - tap_rows / 2) % rows;
                            let column = (c + b + columns - tap_columns / 2) % columns;
                            let weight =
                                kernel[((o * channels + i) * tap_rows + a) * tap_columns + b];
                            sum += weight * input[(i * rows + row) * columns + column];
                        }
                    }
                }
                output[(o * rows + r) * columns + c] = sum;
            }
        }
    }
    Ok(output)
}

/// `(x - mean) / sqrt(variance + 1e-5)` over the whole slice, with the biased variance.
pub fn layer_norm<R: Real>(values: &[R]) -> Vec<R> {
    let count = R::nearest(values.len() as f64);
    let sum = |terms: &mut dyn Iterator<Item = R>| terms.fold(R::zero(), |sum, term| sum + term);
    let mean = sum(&mut values.iter().copied()) / count;
    let variance = sum(&mut values.iter().map(|&x| (x - mean) * (x - mean))) / count;
    let scale = (variance + R::nearest(NORM_EPSILON)).sqrt();
    values.iter().map(|&x| (x - mean) / scale).collect()
}

fn check_units<R>(what: &'static str, values: &[R], units: usize) -> Result<()> {
    check_length(what, values.len(), units, "units")
}

fn check_kernel<R>(kernel: &[R], taps: usize) -> Result<()> {
    check_length("the kernel", kernel.len(), taps, "weights")
}

fn check_length(what: &'static str, found: usize, expected: usize, axis: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape {
        action: "step the reference cell",
        what,
        expected: format!("[{expected}] ({axis})"),
        found: vec![found],
    })
}
