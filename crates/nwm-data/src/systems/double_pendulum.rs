//! Two pendulums, the second one hanging from the first one's mass; both angles are measured from hanging down.
//!
//! With `d = q1 - q2` and `s = m1 + m2 sin(d)^2` the kinetic energy is
//! `(m2 l2^2 p1^2 + (m1 + m2) l1^2 p2^2 - 2 m2 l1 l2 p1 p2 cos d) / (2 m2 l1^2 l2^2 s)`,
//! the potential energy `-(m1 + m2) g l1 cos q1 - m2 g l2 cos q2`.

use super::equations::{Ball, Equations, OffsetLaw, Picture, ball_radius};
use super::random::{RadiusLaw, Range, annulus};
use super::system::fixed;
use crate::error::Result;
use crate::integrators::DormandPrince;
use crate::spec::Variant;
use crate::stream::Stream;

/// The double pendulum.
pub(super) struct DoublePendulum;

/// Radii of the annulus of the initial angle and momentum of each mass.
fn radii(variant: Variant) -> Range {
    match variant {
        Variant::Plain => Range::new(1.3, 2.3),
        Variant::Colors | Variant::ColorsFriction => Range::new(1.0, 2.5),
    }
}

/// Both masses, both lengths, gravity.
fn parameter_ranges(variant: Variant) -> [Range; 5] {
    let (mass, length, gravity) = match variant {
        Variant::Plain => (Range::fixed(0.5), Range::fixed(1.0), Range::fixed(3.0)),
        Variant::Colors | Variant::ColorsFriction => {
            (Range::new(0.4, 0.6), Range::new(0.75, 1.0), Range::new(2.5, 4.0))
        }
    };
    [mass, mass, length, length, gravity]
}

/// `(dH/dp, -dH/dq - c dH/dp)` with friction `c`.
fn slope([m1, m2, l1, l2, g]: [f64; 5], friction: f64, [q1, q2, p1, p2]: [f64; 4]) -> [f64; 4] {
    let (sine, cosine) = (libm::sin(q1 - q2), libm::cos(q1 - q2));
    let s = m1 + m2 * sine * sine;
    let velocity1 = (l2 * p1 - l1 * p2 * cosine) / (l1 * l1 * l2 * s);
    let velocity2 = ((m1 + m2) * l1 * p2 - m2 * l2 * p1 * cosine) / (m2 * l1 * l2 * l2 * s);
    // H is quadratic in the momenta, so that the kinetic energy is half of p dH/dp; s also depends on d.
    let kinetic = 0.5 * (p1 * velocity1 + p2 * velocity2);
    let coupling = (p1 * p2 / (l1 * l2) - 2.0 * m2 * kinetic * cosine) * sine / s;
    let force1 = -coupling - (m1 + m2) * g * l1 * libm::sin(q1);
    let force2 = coupling - m2 * g * l2 * libm::sin(q2);
    [velocity1, velocity2, force1 - friction * velocity1, force2 - friction * velocity2]
}

impl Equations for DoublePendulum {
    fn parameter_names(&self) -> &'static [&'static str] {
        &["m_1", "m_2", "l_1", "l_2", "g"]
    }

    fn state_dimension(&self) -> usize {
        4
    }

    fn variants(&self) -> &'static [Variant] {
        &[Variant::Plain, Variant::Colors, Variant::ColorsFriction]
    }

    fn invariant(&self, parameters: &[f64], state: &[f64]) -> f64 {
        let [m1, m2, l1, l2, g] = fixed(parameters);
        let state = fixed(state);
        let [q1, q2, p1, p2] = state;
        let [velocity1, velocity2, ..] = slope(fixed(parameters), 0.0, state);
        0.5 * (p1 * velocity1 + p2 * velocity2)
            - (m1 + m2) * g * l1 * libm::cos(q1)
            - m2 * g * l2 * libm::cos(q2)
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
            |state: &[f64; 4], out: &mut [f64; 4]| *out = slope(parameters, friction, *state);
        DormandPrince::default().solve(slope, fixed(initial), dt, states)?;
        Ok(())
    }

    fn draw_parameters(&self, variant: Variant, stream: &mut Stream, parameters: &mut [f64]) {
        for (parameter, range) in parameters.iter_mut().zip(parameter_ranges(variant)) {
            *parameter = range.draw(stream);
        }
    }

    fn draw_state(&self, variant: Variant, _: &[f64], stream: &mut Stream, state: &mut [f64]) {
        let [q1, p1] = annulus(radii(variant), RadiusLaw::of(variant), stream);
        let [q2, p2] = annulus(radii(variant), RadiusLaw::of(variant), stream);
        state.copy_from_slice(&[q1, q2, p1, p2]);
    }

    fn picture(&self, variant: Variant) -> Picture {
        let [mass, _, length, ..] = parameter_ranges(variant);
        let half_width = 2.0 * length.high + ball_radius(mass.high);
        match variant {
            Variant::Plain => Picture::centred(2, half_width, 2),
            Variant::Colors | Variant::ColorsFriction => Picture::Balls {
                count: 2,
                half_width: OffsetLaw::ROOM * half_width,
                colours: 6,
                offset: OffsetLaw::independent(half_width),
                rejects: false,
            },
        }
    }

    fn balls(&self, parameters: &[f64], state: &[f64], balls: &mut [Ball]) {
        let ([m1, m2, l1, l2, _], [q1, q2, _, _]) = (fixed(parameters), fixed(state));
        let (x1, y1) = (l1 * libm::sin(q1), -l1 * libm::cos(q1));
        balls[0] = Ball { position: [x1, y1], mass: m1 };
        balls[1] = Ball { position: [x1 + l2 * libm::sin(q2), y1 - l2 * libm::cos(q2)], mass: m2 };
    }
}
