//! SyMetric: is what a model has learnt the phase space of the system, up to a change of
//! coordinates that Hamilton's equations allow?
//!
//! A sparse polynomial is fitted that leads from the latents of a model to the true states. If it
//! explains the states, its Jacobian `J` must be symplectic at every point: `J S J^T = S` with
//! `S = [[0, -I], [I, 0]]`, up to one factor for standardised variables.
//!
//! Source: I. Higgins et al., SyMetric: Measuring the Quality of Learnt Hamiltonian Dynamics
//! Inferred from Vision, arXiv:2111.05986, 2021, in the variant with polynomials of its published
//! code. Where that code chose something the paper leaves open, its choice is followed.
//!
//! # What a value means
//!
//! The test looks at `(J S J^T)^2 = -I`, which any orthogonal `J` fulfils: latents that are shuffled
//! or rotated among positions and momenta pass, and so does every map of one degree of freedom whose
//! Jacobian has the same determinant everywhere. It detects scales that differ between degrees of
//! freedom or from place to place. A polynomial of first order that explains nine tenths of the
//! variance ends the search, so that weak distortions pass as well.

mod columns;
mod lasso;
mod mask;
mod metric;
mod monomials;
mod options;
mod polynomial;
mod scores;
mod symplecticity;

pub use mask::informative_latents;
pub use metric::{Symetric, symetric};
pub use options::SymetricOptions;
