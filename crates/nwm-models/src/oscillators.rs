//! An oscillatory cell with its parameters.

use candle_core::Tensor;
use nwm_core::{Cell, CellConfig, Record};

use crate::cell_section::{BiasScope, CellSection, KernelStart, TopologyName};
use crate::error::Result;
use crate::nn::{Initialiser, ParameterBuilder};

/// A sheet of oscillators: the cell, and its parameters `cell.*`.
#[derive(Clone)]
pub(crate) struct Oscillators {
    cell: Cell,
    /// In the cell's order; the bias is that of the sites alone.
    parameters: Vec<Tensor>,
    /// Where the bias is among them, and what is added to it: one number for every channel, of each coupling.
    added_biases: Option<(usize, [Tensor; 2])>,
}

impl Oscillators {
    /// Adds the parameters of the cell that `section` describes to `builder`, driven by `features` numbers through a
    /// projection, or by as many as there are units.
    pub(crate) fn new(
        builder: &mut ParameterBuilder,
        section: &CellSection,
        features: Option<usize>,
    ) -> Result<Self> {
        let mut config = section.to_cell_config();
        if features.is_some() {
            config.input_features = features;
        }
        let starts = Starts::new(section, &config);
        let cell = Cell::new(config)?;
        let mut parameters = Vec::new();
        let mut place_of_bias = None;
        for (place, parameter) in cell.parameter_shapes().iter().enumerate() {
            let name = format!("cell.{}", parameter.name);
            parameters.push(builder.add(&name, &parameter.shape, starts.of(parameter.name))?);
            if parameter.name == "bias" {
                place_of_bias = Some(place);
            }
        }
        let added_biases = match (section.bias, place_of_bias) {
            (BiasScope::Separate, Some(place)) => {
                let mut add = |name| builder.add(name, &[section.channels], starts.of("coupling"));
                Some((place, [add("cell.coupling_bias")?, add("cell.damping_bias")?]))
            }
            _ => None,
        };
        Ok(Self { cell, parameters, added_biases })
    }

    /// The same sheet, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub(crate) fn detached(&self) -> Self {
        let detach = |tensors: &[Tensor]| tensors.iter().map(Tensor::detach).collect();
        Self {
            cell: self.cell.clone(),
            parameters: detach(&self.parameters),
            added_biases: self
                .added_biases
                .as_ref()
                .map(|(place, biases)| (*place, biases.each_ref().map(Tensor::detach))),
        }
    }

    /// Units of one sample.
    pub(crate) fn units(&self) -> usize {
        self.cell.units()
    }

    /// Runs all steps: what [`Cell::forward`] returns.
    pub(crate) fn forward(
        &self,
        drive: &Tensor,
        initial: &Tensor,
        record: Record,
    ) -> Result<Tensor> {
        let packed = match &self.added_biases {
            None => self.cell.pack(&self.parameters)?,
            Some((place, added)) => {
                let mut parameters = self.parameters.clone();
                let channels = added[0].elem_count();
                let of_sites = parameters[*place].reshape((channels, ()))?;
                let of_channels = (&added[0] + &added[1])?.reshape((channels, 1))?;
                parameters[*place] = of_sites.broadcast_add(&of_channels)?.flatten_all()?;
                self.cell.pack(&parameters)?
            }
        };
        Ok(self.cell.forward(drive, initial, &packed, record)?)
    }
}

/// Where each parameter of a cell starts (docs/theory.md, sections 4 and 8).
struct Starts {
    kernel: Initialiser,
    projection: Initialiser,
    bias: Initialiser,
    section: CellSection,
}

impl Starts {
    fn new(section: &CellSection, config: &CellConfig) -> Self {
        let section = section.clone();
        let features = config.input_features.unwrap_or(0);
        let units = config.units();
        let dense = section.topology == TopologyName::Dense;
        let (kernel, projection, bias) = match section.kernel_start {
            KernelStart::Uniform if dense => {
                // One matrix over input, velocity and position in the published code.
                let joint = Initialiser::uniform_fan_in(features + 2 * units);
                (joint, joint, joint)
            }
            KernelStart::Uniform => {
                let taps = match section.topology {
                    TopologyName::Torus => section.kernel_size * section.kernel_size,
                    _ => section.kernel_size,
                };
                let input = Initialiser::uniform_fan_in(features);
                (Initialiser::uniform_fan_in(section.channels * taps), input, input)
            }
            KernelStart::TruncatedNormal => {
                let kernel = if dense {
                    Initialiser::fan_in(units)
                } else {
                    Initialiser::TruncatedNormal {
                        mean: section.kernel_mean,
                        standard_deviation: section.kernel_std,
                    }
                };
                (kernel, Initialiser::fan_in(features), Initialiser::Constant(0.0))
            }
        };
        Self { kernel, projection, bias, section }
    }

    fn of(&self, parameter: &str) -> Initialiser {
        match parameter {
            "coupling" | "damping" | "drive" => self.kernel,
            "projection" => self.projection,
            "bias" => self.bias,
            "dt_raw" => Initialiser::Constant(self.section.dt_raw),
            "gamma_raw" => Initialiser::Constant(self.section.gamma_raw),
            "alpha_raw" => Initialiser::Constant(self.section.alpha_raw),
            "norm_gain" => Initialiser::Constant(1.0),
            _ => Initialiser::Constant(0.0),
        }
    }
}
