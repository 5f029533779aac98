//! Matching pennies: the first player wins if both coins show the same side.

use super::replicator::Game;

/// The game of matching pennies, a state of four numbers.
pub(super) const MATCHING_PENNIES: Game<2, 4> = Game { payoffs: [[1.0, -1.0], [-1.0, 1.0]] };
