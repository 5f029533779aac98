//! The loss and its gradient in one pass, so that a benchmark of the cell times little else.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Storage, Tensor, bail};
use nwm_simd::Unwritten;
use rayon::prelude::*;

/// Numbers that one task sums up: the order of the sum does not depend on the number of threads.
const CHUNK: usize = 1 << 14;

/// Numbers that are summed in single precision, and scaled before they are written.
const PIECE: usize = 512;

/// The mean of the squares of the positions, `[time, batch, units]`: a scalar.
pub(crate) fn mean_square(positions: &Tensor) -> Result<Tensor> {
    positions.apply_op1(MeanSquare)
}

struct MeanSquare;

impl CustomOp1 for MeanSquare {
    fn name(&self) -> &'static str {
        "mean-square"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let positions = values(storage, layout)?;
        let sums: Vec<f64> = positions.par_chunks(CHUNK).map(squares).collect();
        let mean = sums.iter().sum::<f64>() / positions.len() as f64;
        Ok((CpuStorage::F32(vec![mean as f32]), Shape::from(())))
    }

    fn bwd(&self, positions: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (_, of_positions) = mean_square_with_gradient(positions)?;
        of_positions.affine(f64::from(gradient.to_scalar::<f32>()?), 0.0).map(Some)
    }
}

/// [`mean_square`] and its gradient.
pub(crate) fn mean_square_with_gradient(positions: &Tensor) -> Result<(f32, Tensor)> {
    let (storage, layout) = positions.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { bail!("expected positions on the cpu") };
    let values = values(storage, layout)?;
    let factor = 2.0 / values.len() as f32;
    let mut gradient = Unwritten::new(values.len());
    let rows = gradient.chunks(CHUNK).into_par_iter().zip(values.par_chunks(CHUNK));
    let sums: Vec<f64> = rows
        .map(|(row, values)| {
            let mut scaled = [0.0_f32; PIECE];
            for (row, values) in row.chunks(PIECE).zip(values.chunks(PIECE)) {
                let scaled = &mut scaled[..values.len()];
                for (scaled, value) in scaled.iter_mut().zip(values) {
                    *scaled = factor * value;
                }
                row.write(std::iter::once(&*scaled));
            }
            squares(values)
        })
        .collect();
    let gradient = Tensor::from_vec(gradient.finish(), positions.shape(), positions.device())?;
    Ok(((sums.iter().sum::<f64>() / values.len() as f64) as f32, gradient))
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!("expected contiguous f32 positions"),
    }
}

/// The sum of squares: sixteen partial sums at a time, a row of which is added up in double precision.
fn squares(values: &[f32]) -> f64 {
    values.chunks(PIECE).map(|values| f64::from(row_squares(values))).sum()
}

fn row_squares(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let chunks = values.chunks_exact(16);
    let rest: f32 = chunks.remainder().iter().map(|value| value * value).sum();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value * value;
        }
    }
    rest + sums.iter().sum::<f32>()
}
