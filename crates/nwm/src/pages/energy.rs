//! The energy of a movie, where the state of the system can be read off its pictures.
//!
//! Positions are the centroids of the balls; velocities are their central differences over two
//! frames, `(q[t + 1] - q[t - 1]) / (2 dt)`, so the first and the last frame have none, nor has a
//! frame beside one without a ball. The Hamiltonian is that of the system with the parameters of
//! the plain data sets.

use std::f64::consts::PI;

use anyhow::Result;
use nwm_data::{Renderer, System, Variant};

use super::{forecast::ForecastSamples, tracking::Balls};

/// A system whose pictures show its whole configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed {
    system: System,
    /// Time between frames.
    dt: f64,
    balls: Balls,
    /// In the order of [`System::parameter_names`].
    parameters: &'static [f64],
    /// How far the energies of true frames are from the exact ones, as a share of the largest
    /// energy in a test set. Bodies that move a fifth of a pixel in two frames are the least exact.
    pub(super) precision: f64,
}

impl Observed {
    /// The system with this name, `dt` between two frames (its default if that is not known); `None` if its energy cannot be
    /// read off its pictures.
    pub(super) fn of(data: &str, dt: Option<f64>) -> Option<Self> {
        let system = System::parse(data).ok()?;
        let (parameters, precision): (&[f64], f64) = match system {
            System::MassSpring => (&[0.5, 2.0], 0.01),
            System::Pendulum => (&[0.5, 3.0, 1.0], 0.01),
            System::TwoBody => (&[1.0, 1.0, 1.0], 0.07),
            _ => return None,
        };
        let half_width = Renderer::new(system, Variant::Plain).half_width()?;
        // The area of a ball is its mass, which is the first parameter.
        let radius = (parameters[0] / PI).sqrt();
        let balls = Balls { half_width, radius, count: system.ball_count() };
        let dt = dt.unwrap_or_else(|| system.default_dt());
        Some(Self { system, dt, balls, parameters, precision })
    }

    /// Energy of every frame of one trajectory's movie, `[frame, row, column, channel]` bytes of the
    /// shape of `samples`; `None` where it cannot be told.
    pub(super) fn energies(
        &self,
        samples: &ForecastSamples,
        movie: &[u8],
    ) -> Result<Vec<Option<f64>>> {
        let size = [samples.rows, samples.columns];
        let positions: Vec<Option<Vec<f64>>> = movie
            .chunks_exact(samples.rows * samples.columns * 3)
            .map(|picture| self.positions(self.balls.find(picture, size)))
            .collect();
        let around = |frame: usize| Some([frame.checked_sub(1)?, frame, frame + 1]);
        let energy = |frame: usize| {
            let frames = around(frame)?;
            let [before, now, after] = frames.map(|frame| positions.get(frame)?.as_ref());
            Some(self.state(before?, now?, after?))
        };
        (0..positions.len())
            .map(|frame| match energy(frame) {
                Some(state) => Ok(Some(self.system.invariant(self.parameters, &state)?)),
                None => Ok(None),
            })
            .collect()
    }

    /// Generalized positions from the places of the balls.
    fn positions(&self, [first, second]: [Option<[f64; 2]>; 2]) -> Option<Vec<f64>> {
        let [x, y] = first?;
        Some(match self.system {
            System::MassSpring => vec![y],
            // From hanging down, counter-clockwise.
            System::Pendulum => vec![x.atan2(-y)],
            _ => [[x, y], second?].concat(),
        })
    }

    /// Positions and momenta from three successive frames.
    fn state(&self, before: &[f64], now: &[f64], after: &[f64]) -> Vec<f64> {
        let duration = 2.0 * self.dt;
        // Mass, or moment of inertia of a pendulum of length 1: the first parameter of each. The
        // two bodies have the same.
        let inertia = self.parameters[0];
        let momenta = before.iter().zip(after).map(|(before, after)| {
            let moved = match self.system {
                System::Pendulum => (after - before + PI).rem_euclid(2.0 * PI) - PI,
                _ => after - before,
            };
            inertia * moved / duration
        });
        now.iter().copied().chain(momenta).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures::true_movies;

    const FRAMES: usize = 60;

    #[test]
    fn energies_of_true_frames_are_the_exact_ones() {
        for system in [System::MassSpring, System::Pendulum, System::TwoBody] {
            let observed = Observed::of(system.name(), None).unwrap();
            let set = true_movies(system, 12, FRAMES);
            let largest = set.iter().map(|(_, exact)| exact.abs()).fold(0.0, f64::max);
            for (samples, exact) in &set {
                let energies = observed.energies(samples, &samples.truth[0]).unwrap();
                assert!(energies[0].is_none() && energies[FRAMES - 1].is_none());
                for (frame, energy) in energies[1..FRAMES - 1].iter().enumerate() {
                    let error = (energy.unwrap() - exact).abs() / largest;
                    assert!(error < observed.precision, "{system} frame {frame}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_frame_without_a_ball_leaves_a_gap_of_three() {
        let (mut samples, _) = true_movies(System::Pendulum, 1, FRAMES).remove(0);
        let size = 32 * 32 * 3;
        samples.prediction[0][20 * size..21 * size].copy_from_slice(&[81, 88, 93].repeat(32 * 32));
        let observed = Observed::of("pendulum", None).unwrap();
        let energies = observed.energies(&samples, &samples.prediction[0]).unwrap();
        let gaps: Vec<usize> = (1..FRAMES - 1).filter(|frame| energies[*frame].is_none()).collect();
        assert_eq!(gaps, [19, 20, 21]);
    }

    #[test]
    fn other_systems_have_no_energy_to_read() {
        assert!(Observed::of("spring", None).is_some(), "rows of tables have names of their own");
        for data in ["double_pendulum", "matching_pennies", "rock_paper_scissors", "file"] {
            assert!(Observed::of(data, None).is_none(), "{data}");
        }
    }
}
