//! Two players who learn a zero-sum game: each choice's share grows by as much as it pays more than the average.
//!
//! With payoffs `A` to the first player, `x_i' = x_i ((A y)_i - x A y)` and `y_j' = y_j (x A y - (A' x)_j)`.

use super::equations::{Equations, Picture};
use super::random::simplex;
use super::system::fixed;
use crate::error::Result;
use crate::integrators::DormandPrince;
use crate::spec::Variant;
use crate::stream::Stream;

/// As the suite integrates its games.
const TOLERANCE: f64 = 1e-12;

/// A game of two players; `DIMENSION` is twice the number of choices.
pub(super) struct Game<const CHOICES: usize, const DIMENSION: usize> {
    /// Payoffs to the first player, `[own choice][other's choice]`; the second player loses as much.
    pub(super) payoffs: [[f64; CHOICES]; CHOICES],
}

impl<const CHOICES: usize, const DIMENSION: usize> Equations for Game<CHOICES, DIMENSION> {
    fn parameter_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn state_dimension(&self) -> usize {
        DIMENSION
    }

    fn variants(&self) -> &'static [Variant] {
        &[Variant::Plain]
    }

    fn dt(&self) -> f64 {
        0.1
    }

    fn invariant_name(&self) -> &'static str {
        "product of shares"
    }

    fn invariant(&self, _: &[f64], state: &[f64]) -> f64 {
        state.iter().product()
    }

    fn derivative(&self, _: &[f64], state: &[f64], slope: &mut [f64]) {
        let (x, y) = state.split_at(CHOICES);
        let (x_slope, y_slope) = slope.split_at_mut(CHOICES);
        let mut average = 0.0;
        for (choice, row) in self.payoffs.iter().enumerate() {
            x_slope[choice] = row.iter().zip(y).map(|(payoff, share)| payoff * share).sum();
            let column = self.payoffs.iter().map(|row| row[choice]);
            y_slope[choice] = column.zip(x).map(|(payoff, share)| payoff * share).sum();
            average += x[choice] * x_slope[choice];
        }
        for choice in 0..CHOICES {
            x_slope[choice] = x[choice] * (x_slope[choice] - average);
            y_slope[choice] = y[choice] * (average - y_slope[choice]);
        }
    }

    /// There is no friction in a game.
    fn solve(
        &self,
        parameters: &[f64],
        _friction: f64,
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        let slope = |state: &[f64; DIMENSION], slope: &mut [f64; DIMENSION]| {
            self.derivative(parameters, state, slope);
        };
        DormandPrince::with_tolerance(TOLERANCE).solve(slope, fixed(initial), dt, states)?;
        Ok(())
    }

    fn draw_parameters(&self, _: Variant, _: &mut Stream, _: &mut [f64]) {}

    fn draw_state(&self, _: Variant, _: &[f64], stream: &mut Stream, state: &mut [f64]) {
        for strategy in state.chunks_exact_mut(CHOICES) {
            simplex(stream, strategy);
        }
    }

    fn picture(&self, _: Variant) -> Picture {
        Picture::Strategies { choices: CHOICES }
    }
}
