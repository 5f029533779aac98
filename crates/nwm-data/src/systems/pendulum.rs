//! A pendulum: `H = m g l (1 - cos q) + p^2/(2 m l^2)`.

use super::equations::{Ball, Equations, OffsetLaw, Picture, ball_radius};
use super::random::{RadiusLaw, Range, annulus};
use super::system::fixed;
use crate::error::Result;
use crate::integrators::DormandPrince;
use crate::spec::Variant;
use crate::stream::Stream;

/// The pendulum.
pub(super) struct Pendulum;

/// Radii of the annulus of initial states, angle and momentum in their own units.
const RADII: Range = Range::new(1.3, 2.3);

/// Mass, gravity, length.
fn parameter_ranges(variant: Variant) -> [Range; 3] {
    match variant {
        Variant::Plain => [Range::fixed(0.5), Range::fixed(3.0), Range::fixed(1.0)],
        Variant::Colors | Variant::ColorsFriction => {
            [Range::new(0.5, 1.5), Range::new(3.0, 4.0), Range::new(0.5, 1.0)]
        }
    }
}

/// `(dH/dp, -dH/dq - c dH/dp)` with friction `c`.
fn slope([mass, gravity, length]: [f64; 3], friction: f64, [q, p]: [f64; 2]) -> [f64; 2] {
    let velocity = p / (mass * length * length);
    [velocity, -mass * gravity * length * libm::sin(q) - friction * velocity]
}

impl Equations for Pendulum {
    fn parameter_names(&self) -> &'static [&'static str] {
        &["m", "g", "l"]
    }

    fn state_dimension(&self) -> usize {
        2
    }

    fn variants(&self) -> &'static [Variant] {
        &[Variant::Plain, Variant::Colors, Variant::ColorsFriction]
    }

    fn invariant(&self, parameters: &[f64], state: &[f64]) -> f64 {
        let ([mass, gravity, length], [q, p]) = (fixed(parameters), fixed(state));
        mass * gravity * length * (1.0 - libm::cos(q)) + p * p / (2.0 * mass * length * length)
    }

    fn derivative(&self, parameters: &[f64], state: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&slope(fixed(parameters), 0.0, fixed(state)));
    }

    fn solve(
        &self,
        parameters: &[f64],
        friction: f64,
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        let parameters = fixed(parameters);
        let slope =
            |state: &[f64; 2], out: &mut [f64; 2]| *out = slope(parameters, friction, *state);
        DormandPrince::default().solve(slope, fixed(initial), dt, states)?;
        Ok(())
    }

    fn draw_parameters(&self, variant: Variant, stream: &mut Stream, parameters: &mut [f64]) {
        for (parameter, range) in parameters.iter_mut().zip(parameter_ranges(variant)) {
            *parameter = range.draw(stream);
        }
    }

    fn draw_state(&self, variant: Variant, _: &[f64], stream: &mut Stream, state: &mut [f64]) {
        state.copy_from_slice(&annulus(RADII, RadiusLaw::of(variant), stream));
    }

    fn picture(&self, variant: Variant) -> Picture {
        let [mass, _, length] = parameter_ranges(variant);
        let half_width = length.high + ball_radius(mass.high);
        match variant {
            Variant::Plain => Picture::centred(1, half_width, 1),
            Variant::Colors | Variant::ColorsFriction => Picture::Balls {
                count: 1,
                half_width: OffsetLaw::ROOM * half_width,
                colours: 6,
                offset: OffsetLaw::independent(half_width),
                rejects: false,
            },
        }
    }

    fn balls(&self, parameters: &[f64], state: &[f64], balls: &mut [Ball]) {
        let ([mass, _, length], [q, _]) = (fixed(parameters), fixed(state));
        // The pivot is the origin, the second axis points upwards.
        balls[0] = Ball { position: [length * libm::sin(q), -length * libm::cos(q)], mass };
    }
}
