//! Two bodies that attract each other: the suite's choice of masses and orbits for [`n_body`].

use super::equations::{Ball, Equations, OffsetLaw, Picture};
use super::n_body;
use super::random::Range;
use super::system::fixed;
use crate::error::Result;
use crate::integrators::DormandPrince;
use crate::spec::Variant;
use crate::stream::Stream;

/// The two bodies.
pub(super) struct TwoBody;

/// Coordinates of the first body's start.
const START: Range = Range::new(0.5, 1.5);

/// Both masses, gravity.
fn parameter_ranges(variant: Variant) -> [Range; 3] {
    match variant {
        Variant::Plain => [Range::fixed(1.0); 3],
        Variant::Colors | Variant::ColorsFriction => [Range::new(0.5, 1.5); 3],
    }
}

impl Equations for TwoBody {
    fn parameter_names(&self) -> &'static [&'static str] {
        &["m_1", "m_2", "g"]
    }

    fn state_dimension(&self) -> usize {
        8
    }

    fn variants(&self) -> &'static [Variant] {
        &[Variant::Plain, Variant::Colors]
    }

    fn invariant(&self, parameters: &[f64], state: &[f64]) -> f64 {
        n_body::energy(&parameters[..2], parameters[2], state)
    }

    fn derivative(&self, parameters: &[f64], state: &[f64], out: &mut [f64]) {
        n_body::derivative(&parameters[..2], parameters[2], state, out);
    }

    fn solve(
        &self,
        parameters: &[f64],
        friction: f64,
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        let [m1, m2, gravity] = fixed(parameters);
        let slope = |state: &[f64; 8], out: &mut [f64; 8]| {
            n_body::derivative(&[m1, m2], gravity, state, out);
            for axis in 0..4 {
                out[axis + 4] -= friction * out[axis];
            }
        };
        DormandPrince::default().solve(slope, fixed(initial), dt, states)?;
        Ok(())
    }

    fn draw_parameters(&self, variant: Variant, stream: &mut Stream, parameters: &mut [f64]) {
        for (parameter, range) in parameters.iter_mut().zip(parameter_ranges(variant)) {
            *parameter = range.draw(stream);
        }
    }

    /// The momenta are those of a circular orbit of two unit masses under unit gravity, whatever masses and gravity
    /// are.
    fn draw_state(&self, _: Variant, _: &[f64], stream: &mut Stream, state: &mut [f64]) {
        let (x, y) = (START.draw(stream), START.draw(stream));
        let radius = (x * x + y * y).sqrt();
        let scale = 2.0 * radius * radius.sqrt();
        let (momentum_x, momentum_y) = (y / scale, -x / scale);
        state.copy_from_slice(&[x, y, -x, -y, momentum_x, momentum_y, -momentum_x, -momentum_y]);
    }

    fn picture(&self, variant: Variant) -> Picture {
        match variant {
            Variant::Plain => Picture::centred(2, 2.75, 2),
            Variant::Colors | Variant::ColorsFriction => Picture::Balls {
                count: 2,
                half_width: 5.0,
                colours: 6,
                offset: OffsetLaw::None,
                rejects: true,
            },
        }
    }

    fn balls(&self, parameters: &[f64], state: &[f64], balls: &mut [Ball]) {
        balls[0] = Ball { position: [state[0], state[1]], mass: parameters[0] };
        balls[1] = Ball { position: [state[2], state[3]], mass: parameters[1] };
    }
}
