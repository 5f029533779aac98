//! Couplings by local kernels on a torus or on rings, one sample per task.

use crate::config::CellConfig;
use crate::imex::coupling::{Coupling, FieldGradients, Fields};
use crate::imex::stencil::Stencil;
use crate::parameters::{PackedLayout, Parameters};
use crate::state::Real;
use crate::topology::Topology;

/// The kernels of a local cell and their adjoints.
pub(crate) struct LocalCoupling<'a, R> {
    stencil: Stencil,
    /// Coupling, damping, and the drive's kernel if there is one.
    kernels: Vec<&'a [R]>,
    adjoint_kernels: Vec<Vec<R>>,
}

impl<'a, R: Real> LocalCoupling<'a, R> {
    /// The kernels of `parameters` on `[rows, columns]` sites; rings are rows with one-row kernels.
    pub(crate) fn new(config: &CellConfig, parameters: &Parameters<'a, R>) -> Self {
        let size = config.kernel_size;
        let (rows, columns, tap_rows) = match config.topology {
            Topology::Torus { rows, columns } => (rows, columns, size),
            Topology::Rings { rings, sites } => (rings, sites, 1),
            Topology::Dense { units } => (1, units, 1),
        };
        let channels = config.channels;
        let stencil = Stencil { channels, rows, columns, tap_rows, tap_columns: size };
        let kernels = parameters.kernels();
        let adjoint_kernels = kernels.iter().map(|kernel| stencil.adjoint_kernel(kernel)).collect();
        Self { stencil, kernels, adjoint_kernels }
    }

    fn load_fields(&self, fields: Fields<'_, R>, planes: &mut [Vec<R>]) {
        for (field, planes) in fields.in_kernel_order().into_iter().zip(planes) {
            self.stencil.load_halo(field, planes);
        }
    }
}

/// Scratch space of a forward task.
pub(crate) struct ForwardSpace<R> {
    /// Halo planes of position, velocity and, if coupled, drive.
    planes: Vec<Vec<R>>,
    wide: Vec<R>,
}

/// Scratch space of a backward task.
pub(crate) struct AdjointSpace<R> {
    planes: Vec<Vec<R>>,
    grad_planes: Vec<R>,
    grad_wide: Vec<R>,
    wide: Vec<R>,
    /// Gradients of the kernels, in the order of `LocalCoupling::kernels`.
    grad_kernels: Vec<Vec<f64>>,
}

impl<R: Real> Coupling<R> for LocalCoupling<'_, R> {
    type Forward = ForwardSpace<R>;
    type Adjoint = AdjointSpace<R>;

    fn samples_per_task(&self) -> usize {
        1
    }

    fn forward_space(&self, _samples: usize) -> Self::Forward {
        ForwardSpace {
            planes: vec![vec![R::zero(); self.stencil.halo_len()]; self.kernels.len()],
            wide: vec![R::zero(); self.stencil.wide_len()],
        }
    }

    fn add_coupled(&self, space: &mut Self::Forward, fields: Fields<'_, R>, pre: &mut [R]) {
        self.load_fields(fields, &mut space.planes);
        space.wide.fill(R::zero());
        for (kernel, planes) in self.kernels.iter().zip(&space.planes) {
            self.stencil.correlate(kernel, planes, &mut space.wide);
        }
        self.stencil.add_wide_to(&space.wide, pre);
    }

    fn adjoint_space(&self, _samples: usize) -> Self::Adjoint {
        let halo = || vec![R::zero(); self.stencil.halo_len()];
        let wide = || vec![R::zero(); self.stencil.wide_len()];
        AdjointSpace {
            planes: vec![halo(); self.kernels.len()],
            grad_planes: halo(),
            grad_wide: wide(),
            wide: wide(),
            grad_kernels: self.kernels.iter().map(|kernel| vec![0.0; kernel.len()]).collect(),
        }
    }

    fn pull_back(
        &self,
        space: &mut Self::Adjoint,
        fields: Fields<'_, R>,
        grad_pre: &[R],
        gradients: FieldGradients<'_, R>,
    ) {
        let stencil = &self.stencil;
        self.load_fields(fields, &mut space.planes);
        stencil.load_halo(grad_pre, &mut space.grad_planes);
        stencil.load_wide(grad_pre, &mut space.grad_wide);
        for (planes, gradient) in space.planes.iter().zip(&mut space.grad_kernels) {
            stencil.add_kernel_gradient(&space.grad_wide, planes, gradient);
        }
        for (kernel, gradient) in self.adjoint_kernels.iter().zip(gradients.in_kernel_order()) {
            if let Some(gradient) = gradient {
                space.wide.fill(R::zero());
                stencil.correlate(kernel, &space.grad_planes, &mut space.wide);
                stencil.add_wide_to(&space.wide, gradient);
            }
        }
    }

    fn finish(&self, space: Self::Adjoint, layout: &PackedLayout, packed: &mut [f64]) {
        for (range, gradient) in layout.kernels().zip(&space.grad_kernels) {
            for (total, value) in packed[range.clone()].iter_mut().zip(gradient) {
                *total += value;
            }
        }
    }
}
