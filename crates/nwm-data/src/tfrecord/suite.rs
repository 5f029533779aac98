//! What a record of the suite holds.

use super::example::Example;
use crate::systems::System;

/// Colours of the suite, at most.
const MOST_COLOURS: u32 = 6;

/// One trajectory of the suite, as its files hold it.
///
/// | feature | |
/// |---|---|
/// | `x`, `dx_dt` | states and their derivatives without friction, `[frame, dimension]`, double precision |
/// | `other/NAME` | parameters; two bodies have both masses in `other/m` |
/// | `other/offset` | displacement of the pictures, one number for both axes or two |
/// | `other/color_index` | colour of each ball |
/// | `image` | one PNG: all frames below each other, as stored (row 0 is the smallest `y`) |
///
/// Games have the first two and the last.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteRecord {
    /// `[frame, dimension]`.
    pub states: Vec<f64>,
    /// `[frame, dimension]`.
    pub derivatives: Vec<f64>,
    /// `[parameter]`, as [`System::parameter_names`] lists them.
    pub parameters: Vec<f64>,
    /// Displacement, world units.
    pub offset: [f64; 2],
    /// `[ball]`.
    pub colour_indices: Vec<u32>,
    /// The PNG file.
    pub image: Vec<u8>,
}

impl SuiteRecord {
    /// Takes a trajectory of `system` out of a message.
    ///
    /// # Errors
    ///
    /// A reason, if a feature is missing, holds something else, or has a number of values that does not fit.
    pub fn from_example(example: &Example, system: System) -> Result<Self, String> {
        let dimension = system.state_dimension();
        let states = finite("x", example.doubles("x")?)?;
        if states.is_empty() || !states.len().is_multiple_of(dimension) {
            return Err(format!(
                "feature x holds {} numbers, no multiple of {dimension}, the numbers of a state of {system}",
                states.len()
            ));
        }
        let derivatives = finite("dx_dt", example.doubles("dx_dt")?)?;
        same_count("dx_dt", states.len(), derivatives.len())?;
        let parameters = parameters(example, system)?;
        let balls = system.ball_count();
        let (offset, colours) = if balls == 0 {
            ([0.0; 2], Vec::new())
        } else {
            (offset(example)?, example.integers("other/color_index")?.to_vec())
        };
        same_count("other/color_index", balls, colours.len())?;
        let colour_indices = colours
            .iter()
            .map(|&colour| {
                let known = u32::try_from(colour).ok().filter(|&index| index < MOST_COLOURS);
                known.ok_or_else(|| {
                    format!("colour index {colour} and not 0 to {}", MOST_COLOURS - 1)
                })
            })
            .collect::<Result<_, _>>()?;
        let image = example.bytes("image")?.to_vec();
        Ok(Self { states, derivatives, parameters, offset, colour_indices, image })
    }
}

fn parameters(example: &Example, system: System) -> Result<Vec<f64>, String> {
    system
        .parameter_names()
        .iter()
        .map(|&name| {
            let (feature, place) = match (system, name) {
                (System::TwoBody, "m_1") => ("m", 0),
                (System::TwoBody, "m_2") => ("m", 1),
                _ => (name, 0),
            };
            let values = finite(feature, example.doubles(&format!("other/{feature}"))?)?;
            let value = values.get(place).copied();
            value.ok_or_else(|| format!("feature other/{feature} holds {} numbers", values.len()))
        })
        .collect()
}

fn offset(example: &Example) -> Result<[f64; 2], String> {
    match finite("other/offset", example.doubles("other/offset")?)?.as_slice() {
        &[both] => Ok([both; 2]),
        &[x, y] => Ok([x, y]),
        other => Err(format!("feature other/offset holds {} numbers", other.len())),
    }
}

fn finite(feature: &str, values: Vec<f64>) -> Result<Vec<f64>, String> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(values),
        Some(value) => Err(format!("feature {feature} holds {value}")),
    }
}

fn same_count(feature: &str, expected: usize, found: usize) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("feature {feature} holds {found} numbers and not {expected}"))
    }
}
