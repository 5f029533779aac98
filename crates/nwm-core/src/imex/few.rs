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

    /// The values of one map of a field.
    fn map<'f>(&self, field: &'f [R], channel: usize) -> &'f [R] {
        let sites = self.planes.sites();
        &field[channel * sites..][..sites]
    }

    /// The plane of one map of a field.
    fn plane<'f>(&self, planes: &'f [R], channel: usize) -> &'f [R] {
        let length = self.planes.plane_len();
        &planes[channel * length..][..length]
    }

    #[inline(always)]
    fn add_coupled_fields<V: Vector<Element = R>, const FIELDS: usize>(
        &self,
        planes: [&[R]; FIELDS],
        pre: &mut [R],
    ) {
        for (to, pre) in pre.chunks_exact_mut(self.planes.sites()).enumerate() {
            for from in 0..self.channels {
                let kernels = std::array::from_fn(|f| self.block(self.kernels[f], to, from));
                let planes = planes.map(|planes| self.plane(planes, from));
                self.planes.correlate::<V, FIELDS>(kernels, planes, pre);
            }
        }
    }

    #[inline(always)]
    fn pull_back_fields<V: Vector<Element = R>, const FIELDS: usize>(
        &self,
        grad_planes: &[R],
        fields: [&[R]; FIELDS],
        mut gradients: [&mut [R]; FIELDS],
        grad_kernels: &mut [R],
    ) {
        let sites = self.planes.sites();
        let block = self.planes.taps() * V::LANES;
        let per_kernel = self.channels * self.channels * block;
        for to in 0..self.channels {
            let grad = self.plane(grad_planes, to);
            for from in 0..self.channels {
                let kernels = std::array::from_fn(|f| self.block(self.kernels[f], to, from));
                let maps = fields.map(|field| self.map(field, from));
                let mut of_maps =
                    gradients.each_mut().map(|field| &mut field[from * sites..][..sites]);
                let mut parts = grad_kernels.chunks_exact_mut(per_kernel);
                let mut of_kernels: [&mut [R]; FIELDS] = std::array::from_fn(|_| {
                    let part = parts.next().unwrap_or_default();
                    &mut part[(to * self.channels + from) * block..][..block]
                });
                self.planes.pull_back::<V, FIELDS>(
                    kernels,
                    grad,
                    maps,
                    &mut of_maps,
                    &mut of_kernels,
                );
            }
        }
    }
}

/// Scratch space of a backward task.
pub(crate) struct AdjointSpace<R> {
    grad_planes: Vec<R>,
    /// Takes the gradient of a drive that nobody asks for.
    unwanted: Vec<R>,
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
            let maps = field.chunks_exact(self.planes.sites());
            for (map, plane) in maps.zip(planes.chunks_exact_mut(self.planes.plane_len())) {
                self.planes.load::<V>(map, plane);
            }
        }
        match &space[..] {
            [position, velocity] => self.add_coupled_fields::<V, 2>([position, velocity], pre),
            [position, velocity, drive] => {
                self.add_coupled_fields::<V, 3>([position, velocity, drive], pre);
            }
            _ => {}
        }
    }

    fn adjoint_space(&self, _samples: usize) -> Self::Adjoint {
        let weights = self.kernels.iter().map(|kernel| kernel.len()).sum();
        AdjointSpace {
            grad_planes: vec![R::zero(); self.channels * self.planes.plane_len()],
            unwanted: vec![R::zero(); self.channels * self.planes.sites()],
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
        let maps = grad_pre.chunks_exact(self.planes.sites());
        let planes = space.grad_planes.chunks_exact_mut(self.planes.plane_len());
        for (map, plane) in maps.zip(planes) {
            self.planes.load::<V>(map, plane);
        }
        let grad_kernels = space.grad_kernels.recent();
        let Fields { position, velocity, drive } = fields;
        let FieldGradients { position: of_position, velocity: of_velocity, drive: of_drive } =
            gradients;
        if self.kernels.len() == 2 {
            self.pull_back_fields::<V, 2>(
                &space.grad_planes,
                [position, velocity],
                [of_position, of_velocity],
                grad_kernels,
            );
        } else {
            self.pull_back_fields::<V, 3>(
                &space.grad_planes,
                [position, velocity, drive],
                [of_position, of_velocity, of_drive.unwrap_or(&mut space.unwanted)],
                grad_kernels,
            );
        }
        space.grad_kernels.end_step();
    }

    fn finish(&self, space: Self::Adjoint, layout: &PackedLayout, packed: &mut [f64]) {
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
