//! Rock, paper, scissors: paper beats rock, scissors beat paper, rock beats scissors.

use super::replicator::Game;

/// The game of rock, paper, scissors, a state of six numbers.
pub(super) const ROCK_PAPER_SCISSORS: Game<3, 6> =
    Game { payoffs: [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]] };
