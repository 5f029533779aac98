//! The state norm of one sample and its adjoint.

use crate::imex::reference::NORM_EPSILON;
use crate::parameters::Norm;
use nwm_simd::Real;

/// Mean and reciprocal scale of one sample, in double precision.
struct Statistics {
    mean: f64,
    inverse_scale: f64,
}

fn statistics<R: Real>(values: &[R]) -> Statistics {
    let count = values.len() as f64;
    let mean = values.iter().map(|x| x.widen()).sum::<f64>() / count;
    let variance = values.iter().map(|x| (x.widen() - mean).powi(2)).sum::<f64>() / count;
    Statistics { mean, inverse_scale: (variance + NORM_EPSILON).sqrt().recip() }
}

/// Replaces the positions of one sample by their scaled and shifted norm.
pub(crate) fn normalise<R: Real>(position: &mut [R], norm: &Norm<'_, R>) {
    let Statistics { mean, inverse_scale } = statistics(position);
    for ((x, &gain), &offset) in position.iter_mut().zip(norm.gain).zip(norm.offset) {
        *x = gain * R::nearest((x.widen() - mean) * inverse_scale) + offset;
    }
}

/// Pulls `gradient` (of one sample) back through the norm in place, and adds to the gradients of
/// gain and offset. `raw` holds the positions before the norm.
///
/// With y = (x - mean) / scale and h = gain ∘ gradient:
/// `gradient = (h - mean(h) - y mean(h ∘ y)) / scale`.
pub(crate) fn pull_back<R: Real>(
    raw: &[R],
    norm: &Norm<'_, R>,
    gradient: &mut [R],
    grad_gain: &mut [f64],
    grad_offset: &mut [f64],
) {
    let Statistics { mean, inverse_scale } = statistics(raw);
    let count = raw.len() as f64;
    let (mut mean_h, mut mean_hy) = (0.0, 0.0);
    for unit in 0..raw.len() {
        let y = (raw[unit].widen() - mean) * inverse_scale;
        let g = gradient[unit].widen();
        let h = g * norm.gain[unit].widen();
        grad_gain[unit] += g * y;
        grad_offset[unit] += g;
        mean_h += h / count;
        mean_hy += h * y / count;
    }
    for unit in 0..raw.len() {
        let y = (raw[unit].widen() - mean) * inverse_scale;
        let h = gradient[unit].widen() * norm.gain[unit].widen();
        gradient[unit] = R::nearest((h - mean_h - y * mean_hy) * inverse_scale);
    }
}
