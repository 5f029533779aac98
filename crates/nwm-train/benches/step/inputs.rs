//! The frames a training step sees, and the files from which a peer takes the same ones.

use std::error::Error;
use std::path::Path;

use candle_core::{Device, Tensor};
use nwm_models::Model;
use safetensors::tensor::{Dtype, TensorView};

/// Side of a frame in pixels.
const SIDE: usize = 32;
/// Colours of the disc and of what is behind it.
const COLOURS: [[f64; 3]; 2] = [[1.0, 0.2, 0.1], [0.3, 0.35, 0.4]];
/// Radius of the disc, in sides of a frame.
const RADIUS: f64 = 0.14;
/// How fast the colours change across its edge, per side of a frame.
const SHARPNESS: f64 = 80.0;

/// A disc that swings from top to bottom, each sample in another phase:
/// `[time, batch, row, column, channel]`, values in 0..=1.
pub(crate) fn frames(steps: usize, batch: usize) -> candle_core::Result<Tensor> {
    let place = |index: usize| index as f64 / (SIDE - 1) as f64;
    let mut values = Vec::with_capacity(steps * batch * SIDE * SIDE * 3);
    for step in 0..steps {
        for sample in 0..batch {
            let centre = 0.5 + 0.3 * (0.1 * step as f64 + sample as f64).cos();
            for row in 0..SIDE {
                for column in 0..SIDE {
                    let distance = (place(column) - 0.5).hypot(place(row) - centre);
                    let inside = 1.0 / (1.0 + (SHARPNESS * (distance - RADIUS)).exp());
                    let [disc, behind] = COLOURS;
                    let mix = |(disc, behind)| inside * disc + (1.0 - inside) * behind;
                    values.extend(disc.into_iter().zip(behind).map(|pair| mix(pair) as f32));
                }
            }
        }
    }
    Tensor::from_vec(values, (steps, batch, SIDE, SIDE, 3), &Device::Cpu)
}

/// Writes `CASE-parameters.safetensors`, as a checkpoint has it, and `CASE-inputs.safetensors` with the other tensors, of
/// which those without numbers are left out.
pub(crate) fn write<const N: usize>(
    folder: &Path,
    case: &str,
    model: &Model,
    inputs: [(&str, &Tensor); N],
) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let write = |what: &str, bytes: Vec<u8>| {
        let path = folder.join(format!("{case}-{what}.safetensors"));
        let written = std::fs::write(&path, bytes);
        written.map_err(|source| nwm_bench::Error::Write { path, source })?;
        Ok::<_, Box<dyn Error>>(())
    };
    write("parameters", model.to_bytes()?)?;
    let mut contents = Vec::new();
    for (name, tensor) in inputs {
        if tensor.elem_count() > 0 {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            contents.push((name, tensor.dims().to_vec(), bytes));
        }
    }
    let views = contents
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    write("inputs", safetensors::serialize(views, None)?)
}
