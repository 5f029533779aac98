//! Which data set: system, variant, split, seed and size.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::systems::System;

/// Version of the way in which random numbers become trajectories. It is part of every key, and
/// rises with any change that alters the bytes of a data set.
pub const GENERATOR_VERSION: u32 = 1;

/// Which part of a data set. The splits are independent draws from the same distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// For fitting.
    Train,
    /// For choosing among models and for early stopping.
    Validation,
    /// For the reported numbers.
    Test,
}

impl Split {
    /// Every split.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The split with this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], which lists the known names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|split| split.name() == name).ok_or_else(|| Error::UnknownName {
            what: "split",
            found: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Split {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::parse(name)
    }
}

/// How much of a system varies from trajectory to trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Variant {
    /// Fixed parameters, as many colours as balls, a centred picture, no friction: the sets of the paper.
    #[default]
    Plain,
    /// Random parameters, six colours, and (but for two bodies) a displaced picture.
    Colors,
    /// The same with friction.
    ColorsFriction,
}

impl Variant {
    /// Every variant; [`System::variants`] says which ones a system has.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Colors, Self::ColorsFriction];

    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Colors => "colors",
            Self::ColorsFriction => "colors_friction",
        }
    }

    /// Friction `c` of the equations of motion: momenta lose `c dH/dp` per unit of time.
    #[must_use]
    pub const fn friction(self) -> f64 {
        match self {
            Self::Plain | Self::Colors => 0.0,
            Self::ColorsFriction => 0.05,
        }
    }

    /// The variant with this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], which lists the known names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name).ok_or_else(|| {
            Error::UnknownName {
                what: "variant",
                found: name.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            }
        })
    }

    /// This variant, if the system has it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], which lists the variants of the system.
    pub fn of(self, system: System) -> Result<Self> {
        if system.variants().contains(&self) {
            return Ok(self);
        }
        let known: Vec<&str> = system.variants().iter().map(|variant| variant.name()).collect();
        Err(Error::UnknownName {
            what: "variant of the system",
            found: format!("{} of {system}", self.name()),
            known: known.join(", "),
        })
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Variant {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::parse(name)
    }
}

/// Everything that fixes the bytes of a data set.
///
/// ```
/// use nwm_data::{DatasetSpec, Split, System};
///
/// let spec = DatasetSpec { frames: 128, ..DatasetSpec::new(System::Pendulum, Split::Test, 100) };
/// assert_eq!((spec.seed, spec.dt), (0, 0.05));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// The equations.
    pub system: System,
    /// What varies.
    pub variant: Variant,
    /// The part of the set.
    pub split: Split,
    /// The seed; any value.
    pub seed: u64,
    /// Number of trajectories. A larger set starts with the trajectories of a smaller one.
    pub trajectories: usize,
    /// States per trajectory, the initial one included. A longer trajectory starts with the
    /// shorter one, except for two bodies with random parameters: there one that leaves the picture is
    /// drawn anew, and a longer one has more time to leave.
    pub frames: usize,
    /// Time between two states, in the units of the equations.
    pub dt: f64,
}

impl DatasetSpec {
    /// States per trajectory in the published sets.
    pub const PUBLISHED_FRAMES: usize = 512;

    /// States per trajectory, at most: one trajectory with its pictures is in memory at a time.
    pub const MOST_FRAMES: usize = 100_000;

    /// The plain set with seed 0, the published time step and the published 512 frames.
    #[must_use]
    pub fn new(system: System, split: Split, trajectories: usize) -> Self {
        Self {
            system,
            variant: Variant::Plain,
            split,
            seed: 0,
            trajectories,
            frames: Self::PUBLISHED_FRAMES,
            dt: system.default_dt(),
        }
    }

    /// Checks the ranges, and that the states can be counted.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the key, the value and the range; [`Error::UnknownName`] if the system does not
    /// have the variant.
    pub fn validate(&self) -> Result<()> {
        self.variant.of(self.system)?;
        let refuse =
            |key, found: String, expected| Err(Error::InvalidSetting { key, found, expected });
        if self.trajectories == 0 {
            return refuse("data.trajectories", "0".to_owned(), "at least 1");
        }
        if self.frames == 0 {
            return refuse("data.frames", "0".to_owned(), "at least 1");
        }
        if self.frames > Self::MOST_FRAMES {
            return refuse("data.frames", self.frames.to_string(), "at most 100000");
        }
        if !(self.dt > 0.0 && self.dt.is_finite()) {
            return refuse("data.dt", self.dt.to_string(), "a positive number");
        }
        // Largest bytes of states that an address can reach.
        let bytes = [self.frames, self.system.state_dimension(), size_of::<f64>()]
            .iter()
            .try_fold(self.trajectories, |product, &factor| product.checked_mul(factor));
        if bytes.is_none_or(|bytes| bytes > isize::MAX as usize) {
            return refuse(
                "data.trajectories x data.frames",
                format!("{} x {}", self.trajectories, self.frames),
                "fewer states than the memory can address",
            );
        }
        Ok(())
    }

    /// Time of a frame in the units of the equations.
    #[must_use]
    pub fn time(&self, frame: usize) -> f64 {
        frame as f64 * self.dt
    }

    /// Text that separates the random numbers of this set from those of other sets.
    pub(crate) fn domain(&self) -> String {
        format!("nwm-data/{}/{}/{}", self.system.name(), self.variant.name(), self.split.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for split in Split::ALL {
            assert_eq!(Split::parse(split.name()).unwrap(), split);
        }
        for variant in Variant::ALL {
            assert_eq!(Variant::parse(variant.name()).unwrap(), variant);
        }
        assert_eq!(
            Variant::ColorsFriction.of(System::TwoBody).unwrap_err().to_string(),
            "unknown variant of the system \"colors_friction of two_body\": expected one of plain, colors"
        );
        assert!(Variant::parse("colours").is_err());
        assert!(Split::parse("dev").unwrap_err().to_string().contains("train, validation, test"));
    }

    #[test]
    fn ranges_are_checked() {
        let good = DatasetSpec::new(System::MassSpring, Split::Train, 2);
        assert!(good.validate().is_ok());
        let message = |spec: DatasetSpec| spec.validate().unwrap_err().to_string();
        assert!(message(DatasetSpec { trajectories: 0, ..good.clone() }).contains("trajectories"));
        assert!(message(DatasetSpec { frames: 0, ..good.clone() }).contains("data.frames"));
        let longest = DatasetSpec { frames: DatasetSpec::MOST_FRAMES, ..good.clone() };
        assert!(longest.validate().is_ok());
        let longer = DatasetSpec { frames: DatasetSpec::MOST_FRAMES + 1, ..good.clone() };
        assert!(message(longer).contains("found 100001, expected at most 100000"));
        assert!(
            message(DatasetSpec { dt: f64::NAN, ..good.clone() }).contains("data.dt: found NaN")
        );
        assert!(message(DatasetSpec { trajectories: usize::MAX, ..good }).contains("512"));
    }
}
