//! A mass on a spring: `H = k q^2/2 + p^2/(2 m)`.

use super::equations::{Ball, Equations, OffsetLaw, Picture, ball_radius};
use super::random::{RadiusLaw, Range, annulus};
use super::system::fixed;
use crate::error::Result;
use crate::integrators::DormandPrince;
use crate::spec::Variant;
use crate::stream::Stream;

/// The mass on a spring.
pub(super) struct MassSpring;

/// Radii of the annulus of initial states, the momentum in units of `sqrt(k m)`: amplitudes.
const AMPLITUDES: Range = Range::new(0.1, 1.0);

const SPRING_CONSTANT: f64 = 2.0;

fn masses(variant: Variant) -> Range {
    match variant {
        Variant::Plain => Range::fixed(0.5),
        Variant::Colors | Variant::ColorsFriction => Range::new(0.2, 1.0),
    }
}

impl Equations for MassSpring {
    fn parameter_names(&self) -> &'static [&'static str] {
        &["m", "k"]
    }

    fn state_dimension(&self) -> usize {
        2
    }

    fn variants(&self) -> &'static [Variant] {
        &[Variant::Plain, Variant::Colors, Variant::ColorsFriction]
    }

    fn invariant(&self, parameters: &[f64], state: &[f64]) -> f64 {
        let ([mass, spring_constant], [q, p]) = (fixed(parameters), fixed(state));
        0.5 * spring_constant * q * q + p * p / (2.0 * mass)
    }

    fn derivative(&self, parameters: &[f64], state: &[f64], slope: &mut [f64]) {
        let ([mass, spring_constant], [q, p]) = (fixed(parameters), fixed(state));
        slope.copy_from_slice(&[p / mass, -spring_constant * q]);
    }

    fn solve(
        &self,
        parameters: &[f64],
        friction: f64,
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        if friction == 0.0 {
            swing(fixed(parameters), fixed(initial), dt, states);
            return Ok(());
        }
        let [mass, spring_constant] = fixed(parameters);
        let slope = |[q, p]: &[f64; 2], slope: &mut [f64; 2]| {
            let velocity = p / mass;
            *slope = [velocity, -spring_constant * q - friction * velocity];
        };
        DormandPrince::default().solve(slope, fixed(initial), dt, states)?;
        Ok(())
    }

    fn draw_parameters(&self, variant: Variant, stream: &mut Stream, parameters: &mut [f64]) {
        parameters.copy_from_slice(&[masses(variant).draw(stream), SPRING_CONSTANT]);
    }

    fn draw_state(
        &self,
        variant: Variant,
        parameters: &[f64],
        stream: &mut Stream,
        state: &mut [f64],
    ) {
        let [mass, spring_constant] = fixed(parameters);
        let [q, scaled_momentum] = annulus(AMPLITUDES, RadiusLaw::of(variant), stream);
        state.copy_from_slice(&[q, scaled_momentum * (spring_constant * mass).sqrt()]);
    }

    fn picture(&self, variant: Variant) -> Picture {
        let half_width = AMPLITUDES.high + ball_radius(masses(variant).high);
        match variant {
            Variant::Plain => Picture::centred(1, half_width, 1),
            Variant::Colors | Variant::ColorsFriction => Picture::Balls {
                count: 1,
                half_width: OffsetLaw::ROOM * half_width,
                colours: 6,
                offset: OffsetLaw::diagonal(half_width),
                rejects: false,
            },
        }
    }

    fn balls(&self, parameters: &[f64], state: &[f64], balls: &mut [Ball]) {
        let ([mass, _], [q, _]) = (fixed(parameters), fixed(state));
        // The spring hangs along the second axis.
        balls[0] = Ball { position: [0.0, q], mass };
    }
}

/// The motion without friction, in closed form. The suite rounds the frequency to single precision, which moves a spring
/// of its sets with random masses by some 1e-6 within 512 frames.
fn swing([mass, spring_constant]: [f64; 2], [q, p]: [f64; 2], dt: f64, states: &mut [f64]) {
    let angular_frequency = f64::from((spring_constant / mass).sqrt() as f32);
    let momentum_scale = mass * angular_frequency;
    let amplitude = (q * q + p * p / (spring_constant * mass)).sqrt();
    let phase = libm::atan2(-p, q * momentum_scale);
    for (frame, state) in states.chunks_exact_mut(2).enumerate() {
        let angle = angular_frequency * (frame as f64 * dt) + phase;
        state[0] = amplitude * libm::cos(angle);
        state[1] = -amplitude * momentum_scale * libm::sin(angle);
    }
}
