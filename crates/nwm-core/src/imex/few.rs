//! Couplings of a few maps by local kernels, one sample per task, map by map.

use nwm_simd::{Real, Vector};

use crate::imex::coupling::{Coupling, FieldGradients, Fields};
use crate::imex::planes::Planes;
use crate::imex::sums::StepSums;
use crate::parameters::{PackedLayout, Parameters};

/// The kernels of a local cell, each `[out, in, tap row, tap column]`.
pub(crate) struct FewChannels<'a, R> {
    planes: Planes,
    channels: usize,
    /// Coupling, damping, and the drive's kernel if there is one.
    kernels: Vec<&'a [R]>,
    lanes: usize,
}

impl<'a, R: Real> FewChannels<'a, R> {
    /// The kernels of `parameters` between `channels` maps; `lanes` is the length of the vectors
    /// that the task will run on.
    pub(crate) fn new(
        planes: Planes,
        channels: usize,
        parameters: &Parameters<'a, R>,
        lanes: usize,
    ) -> Self {
        Self { planes, channels, kernels: parameters.kernels(), lanes }
    }

    /// The weights from map `from` to map `to`.
    fn block(&self, kernel: &'a [R], to: usize, from: usize) -> &'a [R] {
        let taps = self.planes.taps();
        &kernel[(to * self.channels + from) * taps..][..taps]
    }

    /// Copies the maps of a field into their planes.
    #[inline(always)]
    fn load<V: Vector<Element = R>>(&self, field: &[R], planes: &mut [R]) {
        let maps = field.chunks_exact(self.planes.sites());
        for (map, plane) in maps.zip(planes.chunks_exact_mut(self.planes.plane_len())) {
            self.planes.load::<V>(map, plane);
        }
    }

    /// The plane of one map of a field.
    fn plane<'f>(&self, planes: &'f [R], channel: usize) -> &'f [R] {
        let length = self.planes.plane_len();
        &planes[channel * length..][..length]
    }
}

/// Scratch space of a backward task.
pub(crate) struct AdjointSpace<R> {
    grad_planes: Vec<R>,
    /// Gradients of all kernels, one after the other.
    grad_kernels: StepSums<R>,
}

impl<R: Real> Coupling<R> for FewChannels<'_, R> {
    /// Planes of position, velocity and, if coupled, drive.
    type Forward = Vec<Vec<R>>;
    type Adjoint = AdjointSpace<R>;

    fn samples_per_task(&self) -> usize {
        1
    }

    fn forward_space(&self, _samples: usize) -> Self::Forward {
        let planes = vec![R::zero(); self.channels * self.planes.plane_len()];
        vec![planes; self.kernels.len()]
    }

    #[inline(always)]
    fn add_coupled<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Forward,
        fields: Fields<'_, R>,
        pre: &mut [R],
    ) {
        for (field, planes) in fields.in_kernel_order().into_iter().zip(&mut *space) {
            self.load::<V>(field, planes);
        }
        for (to, pre) in pre.chunks_exact_mut(self.planes.sites()).enumerate() {
            for (kernel, planes) in self.kernels.iter().zip(&*space) {
                for from in 0..self.channels {
                    let plane = self.plane(planes, from);
                    self.planes.correlate::<V>(self.block(kernel, to, from), plane, pre);
                }
            }
        }
    }

    fn adjoint_space(&self, _samples: usize) -> Self::Adjoint {
        let weights = self.kernels.iter().map(|kernel| kernel.len()).sum();
        AdjointSpace {
            grad_planes: vec![R::zero(); self.channels * self.planes.plane_len()],
            grad_kernels: StepSums::new(weights, self.lanes),
        }
    }

    #[inline(always)]
    fn pull_back<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Adjoint,
        fields: Fields<'_, R>,
        grad_pre: &[R],
        gradients: FieldGradients<'_, R>,
    ) {
        self.load::<V>(grad_pre, &mut space.grad_planes);
        let mut grad_blocks =
            space.grad_kernels.recent().chunks_exact_mut(self.planes.taps() * V::LANES);
        let sites = self.planes.sites();
        let fields = fields.in_kernel_order().into_iter().zip(gradients.in_kernel_order());
        for (kernel, (field, mut gradient)) in self.kernels.iter().zip(fields) {
            for to in 0..self.channels {
                let grad = self.plane(&space.grad_planes, to);
                for (from, map) in field.chunks_exact(sites).enumerate() {
                    if let Some(gradient) = &mut gradient {
                        let of_map = &mut gradient[from * sites..][..sites];
                        let block = self.block(kernel, to, from);
                        self.planes.correlate_back::<V>(block, grad, of_map);
                    }
                    if let Some(grad_block) = grad_blocks.next() {
                        self.planes.add_kernel_gradient::<V>(grad, map, grad_block);
                    }
                }
            }
        }
        space.grad_kernels.end_step();
    }

    fn finish<V: Vector<Element = R>>(
        &self,
        space: Self::Adjoint,
        layout: &PackedLayout,
        packed: &mut [f64],
    ) {
        let gradients = space.grad_kernels.finish();
        let mut start = 0;
        for range in layout.kernels() {
            let gradients = &gradients[start..start + range.len()];
            start += range.len();
            for (total, value) in packed[range.clone()].iter_mut().zip(gradients) {
                *total += value;
            }
        }
    }
}
