//! The loss as one operation, so that a benchmark of the cell times little else.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// States that one task sums up: the order of the sum does not depend on the number of threads.
const CHUNK: usize = 16;

/// The mean of the squares of the positions in `states` `[time, batch, 2, units]`, a scalar.
pub(crate) fn mean_squared_position(states: &Tensor) -> Result<Tensor> {
    states.apply_op1(MeanSquaredPosition)
}

struct MeanSquaredPosition;

impl CustomOp1 for MeanSquaredPosition {
    fn name(&self) -> &'static str {
        "mean-squared-position"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (steps, batch, _, units) = layout.shape().dims4()?;
        let (CpuStorage::F32(states), true) = (storage, layout.is_contiguous()) else {
            bail!("expected contiguous f32 states")
        };
        let states = &states[layout.start_offset()..][..steps * batch * 2 * units];
        let sums: Vec<f64> = states
            .par_chunks(CHUNK * 2 * units)
            .map(|states| states.chunks(2 * units).map(|state| squares(&state[..units])).sum())
            .collect();
        let mean = sums.iter().sum::<f64>() / (steps * batch * units) as f64;
        Ok((CpuStorage::F32(vec![mean as f32]), Shape::from(())))
    }

    fn bwd(&self, states: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        mean_squared_position_gradient(states, gradient.to_scalar::<f32>()?).map(Some)
    }
}

/// `scale` times the gradient of [`mean_squared_position`].
pub(crate) fn mean_squared_position_gradient(states: &Tensor, scale: f32) -> Result<Tensor> {
    let (steps, batch, _, units) = states.dims4()?;
    let factor = 2.0 * scale / (steps * batch * units) as f32;
    let (storage, layout) = states.storage_and_layout();
    let candle_core::Storage::Cpu(CpuStorage::F32(values)) = &*storage else {
        bail!("expected f32 states on the cpu")
    };
    let mut gradients = vec![0.0_f32; states.elem_count()];
    let values = &values[layout.start_offset()..][..gradients.len()];
    gradients.par_chunks_mut(CHUNK * 2 * units).zip(values.par_chunks(CHUNK * 2 * units)).for_each(
        |(gradients, states)| {
            for (gradient, state) in gradients.chunks_mut(2 * units).zip(states.chunks(2 * units)) {
                for (gradient, position) in gradient[..units].iter_mut().zip(state) {
                    *gradient = factor * position;
                }
            }
        },
    );
    Tensor::from_vec(gradients, states.shape(), states.device())
}

/// The sum of squares, eight partial sums at a time.
fn squares(values: &[f32]) -> f64 {
    let mut sums = [0.0_f32; 8];
    let chunks = values.chunks_exact(8);
    let rest: f32 = chunks.remainder().iter().map(|value| value * value).sum();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value * value;
        }
    }
    f64::from(rest) + sums.iter().map(|&sum| f64::from(sum)).sum::<f64>()
}
