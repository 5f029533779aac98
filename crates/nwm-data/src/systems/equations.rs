//! What one system has to say about itself.

use crate::error::Result;
use crate::spec::Variant;
use crate::stream::Stream;

/// Balls of the largest system.
pub(crate) const MOST_BALLS: usize = 2;

/// A system of the suite. Slices have the lengths that the system names; [`System`](super::System) checks them.
pub(super) trait Equations: Sync {
    /// Names of the parameters, in the order in which they are stored.
    fn parameter_names(&self) -> &'static [&'static str];

    /// Numbers in a state.
    fn state_dimension(&self) -> usize;

    /// What varies in the suite's sets of this system.
    fn variants(&self) -> &'static [Variant];

    /// Time between two frames in the published sets.
    fn dt(&self) -> f64 {
        0.05
    }

    /// What [`Equations::invariant`] is called.
    fn invariant_name(&self) -> &'static str {
        "energy"
    }

    /// The quantity that motion without friction keeps.
    fn invariant(&self, parameters: &[f64], state: &[f64]) -> f64;

    /// Time derivative of a state without friction, written to `slope`.
    fn derivative(&self, parameters: &[f64], state: &[f64], slope: &mut [f64]);

    /// The motion with friction at the times `k * dt`; `states` has the axes `[time, dimension]`.
    fn solve(
        &self,
        parameters: &[f64],
        friction: f64,
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()>;

    /// Random parameters.
    fn draw_parameters(&self, variant: Variant, stream: &mut Stream, parameters: &mut [f64]);

    /// A random initial state.
    fn draw_state(
        &self,
        variant: Variant,
        parameters: &[f64],
        stream: &mut Stream,
        state: &mut [f64],
    );

    /// What is drawn.
    fn picture(&self, variant: Variant) -> Picture;

    /// Writes position and mass of every ball.
    fn balls(&self, _parameters: &[f64], _state: &[f64], _balls: &mut [Ball]) {}
}

/// What the pictures of a system show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Picture {
    /// Soft discs on a square with the middle at the origin.
    Balls {
        /// How many.
        count: usize,
        /// Half the width of the square, world units.
        half_width: f64,
        /// Hues around the colour circle.
        colours: u32,
        /// Where the origin is displaced to.
        offset: OffsetLaw,
        /// Whether a trajectory is drawn anew if a centre leaves the square: nowhere else can one.
        rejects: bool,
    },
    /// The outer product of the two players' strategies, in grey blocks.
    Strategies {
        /// Choices of each player.
        choices: usize,
    },
}

impl Picture {
    /// Balls around the origin, where no centre can leave.
    pub(super) const fn centred(count: usize, half_width: f64, colours: u32) -> Self {
        Self::Balls { count, half_width, colours, offset: OffsetLaw::None, rejects: false }
    }

    /// Number of balls.
    pub(crate) const fn ball_count(self) -> usize {
        match self {
            Self::Balls { count, .. } => count,
            Self::Strategies { .. } => 0,
        }
    }
}

/// How the displacement of a trajectory's pictures is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum OffsetLaw {
    /// Not displaced.
    None,
    /// Both axes uniform within `limit` of 0.
    Independent {
        /// Farthest displacement, world units.
        limit: f64,
    },
    /// One number within `limit` of 0 for both axes, and one in 0..1 for the first axis: a quirk of the suite's springs.
    Diagonal {
        /// Farthest displacement of the second axis, world units.
        limit: f64,
    },
}

impl OffsetLaw {
    /// Part of the half-width (without room for the displacement) by which pictures are displaced at most.
    const LIMIT: f64 = 0.4;
    /// Factor of the half-width that makes room for the displacement.
    pub(super) const ROOM: f64 = 1.4;

    /// Both axes drawn for themselves; the pictures need `half_width` without displacement.
    pub(super) const fn independent(half_width: f64) -> Self {
        Self::Independent { limit: Self::LIMIT * half_width }
    }

    /// The displacement of springs; the pictures need `half_width` without displacement.
    pub(super) const fn diagonal(half_width: f64) -> Self {
        Self::Diagonal { limit: Self::LIMIT * half_width }
    }

    /// Draws a displacement, world units, `[x, y]`.
    pub(crate) fn draw(self, stream: &mut Stream) -> [f64; 2] {
        match self {
            Self::None => [0.0; 2],
            Self::Independent { limit } => [(); 2].map(|()| stream.uniform(-limit, limit)),
            Self::Diagonal { limit } => {
                let shift = stream.unit();
                let both = stream.uniform(-limit, limit);
                [shift + both, both]
            }
        }
    }
}

/// A ball of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Ball {
    /// World position, `[x, y]`, before the displacement.
    pub(crate) position: [f64; 2],
    /// Mass, which is its area.
    pub(crate) mass: f64,
}

/// World radius of a ball: its area is its mass.
pub(crate) fn ball_radius(mass: f64) -> f64 {
    (mass / std::f64::consts::PI).sqrt()
}
