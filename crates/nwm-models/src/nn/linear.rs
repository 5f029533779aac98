//! Fully connected layers.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};

use super::initialiser::Initialiser;
use super::matrix::{Matrix, Write, column_sums, multiply_in_parallel};
use super::parameters::ParameterBuilder;
use super::plain;
use super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use crate::error::{Error, Result};

const NAME: &str = "affine-map";

/// `y = x W^T + b`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

/// Initial values of a [`Linear`] layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearOptions {
    /// Of the weight.
    pub weight: Initialiser,
    /// Of the bias; without them there is no bias.
    pub bias: Option<Initialiser>,
}

impl LinearOptions {
    /// Weight and bias uniform on plus and minus `1 / sqrt(inputs)`, the habit of other libraries.
    pub fn uniform(inputs: usize) -> Self {
        let start = Initialiser::uniform_fan_in(inputs);
        Self { weight: start, bias: Some(start) }
    }
}

impl Linear {
    /// Registers `NAME.weight` `[outputs, inputs]`, truncated normal with standard deviation `1 / sqrt(inputs)`,
    /// and `NAME.bias` `[outputs]`, zero (docs/theory.md, section 3).
    ///
    /// # Errors
    /// [`Error::Parameter`] if one of the names is taken or a size is 0.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self> {
        let start = LinearOptions {
            weight: Initialiser::fan_in(inputs),
            bias: Some(Initialiser::Constant(0.0)),
        };
        Self::with_options(builder, name, [inputs, outputs], start)
    }

    /// As [`Linear::new`], with other initial values: from `inputs` to `outputs` numbers.
    ///
    /// # Errors
    /// As [`Linear::new`].
    pub fn with_options(
        builder: &mut ParameterBuilder,
        name: &str,
        [inputs, outputs]: [usize; 2],
        options: LinearOptions,
    ) -> Result<Self> {
        let weight = builder.add(&format!("{name}.weight"), &[outputs, inputs], options.weight)?;
        let bias = match options.bias {
            Some(start) => builder.add(&format!("{name}.bias"), &[outputs], start)?,
            None => Tensor::zeros(outputs, weight.dtype(), weight.device())?,
        };
        Ok(Self { weight, bias })
    }

    /// The same layer, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        Self { weight: self.weight.detach(), bias: self.bias.detach() }
    }

    /// The weight, `[outputs, inputs]`.
    pub(super) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[outputs]`.
    pub(super) fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// `[.., inputs]` to `[.., outputs]`; the leading axes are kept.
    ///
    /// # Errors
    /// [`Error::Shape`] if the last axis is not the layer's inputs; [`Error::Tensor`] for another number type or
    /// device than the parameters'.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        affine_map("input of a linear layer", x, &self.weight.t()?, &self.bias)
    }
}

/// `x w + b` over the last axis of `x`: weight `[inputs, outputs]`, of which either axis may be the contiguous
/// one, and bias `[outputs]`. All three have gradients.
pub(super) fn affine_map(what: &str, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (inputs, outputs) = weight.dims2()?;
    let Some((&last, leading)) = x.dims().split_last() else {
        return Err(Error::shape(what, format!("[.., {inputs}]"), x.dims()));
    };
    if last != inputs {
        return Err(Error::shape(what, format!("[.., {inputs}]"), x.dims()));
    }
    if plain::is_needed(x) {
        return Ok(plain::affine_map(x, weight, bias)?);
    }
    let mut shape = leading.to_vec();
    shape.push(outputs);
    Ok(x.contiguous()?.apply_op3(weight, bias, AffineMap { shape })?)
}

struct AffineMap {
    /// Shape of the result.
    shape: Vec<usize>,
}

/// The weight as a matrix `[inputs, outputs]`.
fn weight_matrix<'a, T: Real>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<Matrix<'a, T>> {
    let (inputs, outputs) = layout.shape().dims2()?;
    if layout.is_contiguous() {
        return Ok(Matrix::new(contiguous_slice(NAME, storage, layout)?, inputs, outputs));
    }
    let transposed = layout.transpose(0, 1)?;
    Ok(Matrix::new(contiguous_slice(NAME, storage, &transposed)?, outputs, inputs).transposed())
}

fn forward<T: Real>(
    shape: &[usize],
    (x, x_layout): (&CpuStorage, &Layout),
    (weight, weight_layout): (&CpuStorage, &Layout),
    (bias, bias_layout): (&CpuStorage, &Layout),
) -> candle_core::Result<(CpuStorage, Shape)> {
    let (inputs, outputs) = weight_layout.shape().dims2()?;
    let x = contiguous_slice::<T>(NAME, x, x_layout)?;
    let bias = contiguous_slice::<T>(NAME, bias, bias_layout)?;
    let samples: usize = shape[..shape.len() - 1].iter().product();
    let mut y = Vec::with_capacity(samples * outputs);
    for _ in 0..samples {
        y.extend_from_slice(bias);
    }
    let x = Matrix::new(x, samples, inputs);
    multiply_in_parallel(x, weight_matrix(weight, weight_layout)?, &mut y, Write::Add);
    Ok((T::to_cpu_storage_owned(y), Shape::from(shape)))
}

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

fn backward<T: Real>(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    gradient: &Tensor,
) -> candle_core::Result<Gradients> {
    let (inputs, outputs) = weight.dims2()?;
    // The weight in the orientation of its memory, so that nothing is copied.
    let row_major = weight.is_contiguous();
    let stored = if row_major { weight.clone() } else { weight.t()? };
    with_slice::<T, _>(NAME, gradient, |gradient| {
        let samples = gradient.len() / outputs.max(1);
        let gradient_rows = Matrix::new(gradient, samples, outputs);
        let of_x = if x.track_op() {
            let values = with_slice::<T, _>(NAME, &stored, |weight| {
                let transposed = if row_major {
                    Matrix::new(weight, inputs, outputs).transposed()
                } else {
                    Matrix::new(weight, outputs, inputs)
                };
                let mut values = vec![T::zero(); samples * inputs];
                multiply_in_parallel(gradient_rows, transposed, &mut values, Write::Replace);
                Ok(values)
            })?;
            Some(tensor_of(values, x.shape())?)
        } else {
            None
        };
        let of_weight = if weight.track_op() {
            let values = with_slice::<T, _>(NAME, x, |x| {
                let x = Matrix::new(x, samples, inputs);
                let mut values = vec![T::zero(); inputs * outputs];
                let (lhs, rhs) = if row_major { (x, gradient_rows) } else { (gradient_rows, x) };
                multiply_in_parallel(lhs.transposed(), rhs, &mut values, Write::Replace);
                Ok(values)
            })?;
            let of_stored = tensor_of(values, stored.shape())?;
            Some(if row_major { of_stored } else { of_stored.t()? })
        } else {
            None
        };
        let of_bias = if bias.track_op() {
            Some(tensor_of(column_sums(gradient, outputs), bias.shape())?)
        } else {
            None
        };
        Ok((of_x, of_weight, of_bias))
    })
}

impl CustomOp3 for AffineMap {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(
            NAME,
            x.dtype(),
            forward(&self.shape, (x, x_layout), (weight, weight_layout), (bias, bias_layout))
        )
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Gradients> {
        dispatch!(NAME, x.dtype(), backward(x, weight, bias, gradient))
    }
}
