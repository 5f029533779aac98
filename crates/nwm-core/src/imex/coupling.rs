//! What the forward and backward drivers ask of a coupling, whatever its topology.

use nwm_simd::{Real, Vector};

use crate::parameters::PackedLayout;

/// The fields that enter the pre-activation, each `[samples of the task, units]`.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a, R> {
    pub(crate) position: &'a [R],
    pub(crate) velocity: &'a [R],
    /// The raw drive; of a cell with a projection the inputs, `[samples of the task, inputs]`, which no coupling reads.
    pub(crate) drive: &'a [R],
}

impl<'a, R> Fields<'a, R> {
    /// The fields in the order of [`Parameters::kernels`](crate::Parameters::kernels).
    pub(crate) fn in_kernel_order(self) -> [&'a [R]; 3] {
        [self.position, self.velocity, self.drive]
    }
}

/// What a coupling is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// [`Coupling::add_coupled`].
    Forward,
    /// [`Coupling::pull_back`].
    Backward,
}

/// Where the gradients of [`Fields`] are added.
pub(crate) struct FieldGradients<'a, R> {
    pub(crate) position: &'a mut [R],
    pub(crate) velocity: &'a mut [R],
    /// Only if the drive is coupled and its gradient is wanted.
    pub(crate) drive: Option<&'a mut [R]>,
}

impl<'a, R> FieldGradients<'a, R> {
    /// The gradients in the order of [`Parameters::kernels`](crate::Parameters::kernels).
    pub(crate) fn in_kernel_order(self) -> [Option<&'a mut [R]>; 3] {
        [Some(self.position), Some(self.velocity), self.drive]
    }
}

/// The three couplings of a cell, ready to be applied to some samples at a time.
///
/// Everything that takes a vector type is inlined into the driver's kernel.
pub(crate) trait Coupling<R: Real>: Sync {
    /// Scratch space of one forward task.
    type Forward;
    /// Scratch space of one backward task, with its sums of kernel gradients.
    type Adjoint;

    /// How many samples one task carries through the whole sequence. Fixed by the topology, never
    /// by the number of threads, so that results do not depend on it.
    fn samples_per_task(&self) -> usize;

    fn forward_space(&self, samples: usize) -> Self::Forward;

    /// `pre += Kx(position) + Kv(velocity) + Kd(drive)`, the last one only if the drive is coupled.
    fn add_coupled<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Forward,
        fields: Fields<'_, R>,
        pre: &mut [R],
    );

    fn adjoint_space(&self, samples: usize) -> Self::Adjoint;

    /// Adds the gradient of the pre-activation, pulled back, to those of the fields and kernels.
    fn pull_back<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Adjoint,
        fields: Fields<'_, R>,
        grad_pre: &[R],
        gradients: FieldGradients<'_, R>,
    );

    /// Adds the task's kernel gradients to `packed`, which is laid out as `layout` says.
    fn finish<V: Vector<Element = R>>(
        &self,
        space: Self::Adjoint,
        layout: &PackedLayout,
        packed: &mut [f64],
    );
}
