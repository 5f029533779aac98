//! Which cells are simulated, and what sets them in motion.

/// A cell that is known to show waves, or known to show none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SimulationPreset {
    /// Oscillators that are pulled toward the mean of their neighbours, and hardly damped: what disturbs them runs
    /// away to all sides.
    Pulse,
    /// Sites that listen to those on their right alone: waves travel to the left, and grow until the tanh is
    /// saturated.
    OneWay,
    /// Oscillators that swing by themselves, started as two spirals. Only on a torus.
    Spiral,
    /// The published initial values of the rotating digits, which show no wave.
    Published,
}

/// What drives a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SimulationDrive {
    /// Some swings in one place at the beginning: the middle of the first map, a random place of every other.
    Pulse,
    /// Smooth random numbers at all sites, new ones in every step.
    Noise,
    /// None. Unless the preset begins with a pattern, it begins with smooth random numbers.
    None,
}

impl SimulationPreset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pulse, Self::OneWay, Self::Spiral, Self::Published];

    /// What commands and files call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pulse => "pulse",
            Self::OneWay => "one-way",
            Self::Spiral => "spiral",
            Self::Published => "published",
        }
    }

    /// What drives it unless something else is asked for.
    pub fn default_drive(self) -> SimulationDrive {
        match self {
            Self::Spiral => SimulationDrive::None,
            Self::Pulse | Self::OneWay | Self::Published => SimulationDrive::Pulse,
        }
    }
}

impl SimulationDrive {
    /// What commands and files call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pulse => "pulse",
            Self::Noise => "noise",
            Self::None => "none",
        }
    }
}
