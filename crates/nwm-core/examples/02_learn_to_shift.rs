//! Trains a ring of oscillators to carry a bump a quarter of the way around: `cargo run -p nwm-core --example 02_learn_to_shift`.
//!
//! The cell is one differentiable operation, so that it can be a part of any model in the tensor library. Here it is the
//! whole model: its couplings are the parameters, and plain gradient descent with momentum moves them.

use std::io::Write;

use candle_core::{DType, Device, Tensor, Var};
use nwm_core::{Bias, Cell, CellConfig, Record, Result, Topology};

const SITES: usize = 24;
const STEPS: usize = 24;
/// Where bumps start, and how far they are to be carried.
const STARTS: [usize; 4] = [3, 9, 15, 21];
const SHIFT: usize = 6;

fn main() -> Result<()> {
    let mut config = CellConfig::new(Topology::Rings { rings: 1, sites: SITES });
    (config.bias, config.drive_coupling) = (Bias::None, false);
    let cell = Cell::new(config)?;
    // In the order of `Cell::parameter_shapes`: two kernels, then the raw values of dt, gamma and alpha. Strong damping, and
    // an ear for the left neighbour: a bump creeps to the right, and fades.
    let start = |values: &[f32], shape: &[usize]| Var::from_slice(values, shape, &Device::Cpu);
    let kernel = [1, 1, 3];
    let parameters = [
        start(&[0.6, 0.3, 0.0], &kernel)?,
        start(&[0.0; 3], &kernel)?,
        start(&[0.0], &[])?,
        start(&[0.9], &[])?,
        start(&[1.5], &[])?,
    ];

    let bumps = |shift: usize| -> Result<Tensor> {
        let bump = |start: usize| (0..SITES).map(move |site| bump(site, start + shift));
        let values: Vec<f32> = STARTS.into_iter().flat_map(bump).collect();
        Ok(Tensor::from_vec(values, (STARTS.len(), SITES), &Device::Cpu)?)
    };
    let (first, target) = (bumps(0)?, bumps(SHIFT)?);
    let state = Tensor::stack(&[&first, &first.zeros_like()?], 0)?;
    let drive = Tensor::zeros((STEPS, STARTS.len(), SITES), DType::F32, &Device::Cpu)?;

    let mut momenta: Vec<Tensor> =
        parameters.iter().map(|it| it.zeros_like()).collect::<candle_core::Result<_>>()?;
    let mut text = String::new();
    for round in 0..=600 {
        let tensors: Vec<Tensor> = parameters.iter().map(|it| it.as_tensor().clone()).collect();
        let last = cell.forward(&drive, &state, &cell.pack(&tensors)?, Record::Last)?.get(0)?;
        let error = (&last - &target)?.sqr()?.mean_all()?;
        if round % 100 == 0 {
            text += &format!(
                "{round:>4}  {:.4}  {}\n",
                error.to_scalar::<f32>()?,
                drawn(&last.get(0)?)?
            );
        }
        let gradients = error.backward()?;
        for (parameter, momentum) in parameters.iter().zip(&mut momenta) {
            if let Some(gradient) = gradients.get(parameter) {
                *momentum = ((&*momentum * 0.9)? + gradient)?;
                parameter.set(&(parameter.as_tensor() - (&*momentum * 0.1)?)?)?;
            }
        }
    }
    text += &format!("target        {}\n", drawn(&target.get(0)?)?);
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Height at a site of a bump around another.
fn bump(site: usize, middle: usize) -> f32 {
    let distance = (site + SITES - middle % SITES) % SITES;
    let distance = distance.min(SITES - distance) as f32;
    (-distance * distance / 8.0).exp()
}

/// One character a site.
fn drawn(positions: &Tensor) -> Result<String> {
    let shades = [' ', '.', ':', '-', '=', '+', '*', '#'];
    let shade = |it: f32| shades[(it.clamp(0.0, 0.99) * shades.len() as f32) as usize];
    Ok(positions.to_vec1::<f32>()?.into_iter().map(shade).collect())
}
