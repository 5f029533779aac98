//! The shapes that are measured, and how much arithmetic they are.

use nwm_core::{Bias, CellConfig, Scalar, Topology};

/// One shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What reports call it.
    pub(crate) name: &'static str,
    /// Samples.
    pub(crate) batch: usize,
    /// Maps per sample.
    pub(crate) channels: usize,
    /// Arrangement of the sites.
    pub(crate) topology: Topology,
    /// Length of the sequence.
    pub(crate) steps: usize,
}

/// Every case by name: the cells of Tables 1 and 2 and of Figures 3 to 5 of the paper.
pub(crate) const CASES: [Case; 7] = [
    Case { name: "hamiltonian", batch: 32, channels: 1, topology: torus(23, 23), steps: 60 },
    Case { name: "rotating", batch: 128, channels: 1, topology: torus(36, 36), steps: 18 },
    Case { name: "gratings", batch: 128, channels: 1, topology: torus(72, 72), steps: 36 },
    Case {
        name: "rings",
        batch: 8,
        channels: 1,
        topology: Topology::Rings { rings: 24, sites: 54 },
        steps: 18,
    },
    Case {
        name: "dense",
        batch: 32,
        channels: 1,
        topology: Topology::Dense { units: 529 },
        steps: 60,
    },
    Case { name: "smnist_b16", batch: 16, channels: 16, topology: torus(16, 16), steps: 784 },
    Case { name: "smnist", batch: 120, channels: 16, topology: torus(16, 16), steps: 784 },
];

const fn torus(rows: usize, columns: usize) -> Topology {
    Topology::Torus { rows, columns }
}

impl Case {
    /// The cell of this case: dt 0.125, gamma 1, alpha 0.5.
    pub(crate) fn config(&self) -> CellConfig {
        let mut config = CellConfig::new(self.topology);
        config.channels = self.channels;
        config.drive_coupling = false;
        config.bias = match self.topology {
            Topology::Dense { .. } => Bias::PerSite,
            _ => Bias::PerMap,
        };
        config.dt = Scalar::Fixed(0.125);
        config.gamma = Scalar::Fixed(1.0);
        config.alpha = Scalar::Fixed(0.5);
        config
    }

    /// Units that a unit is coupled to by one kernel.
    fn inputs_per_unit(&self) -> usize {
        match self.topology {
            Topology::Torus { .. } => 9 * self.channels,
            Topology::Rings { .. } => 3 * self.channels,
            Topology::Dense { units } => units,
            _ => 0,
        }
    }

    /// Standard deviation of the kernels: one over the root of the number of inputs.
    pub(crate) fn kernel_scale(&self) -> f64 {
        1.0 / (self.inputs_per_unit() as f64).sqrt()
    }

    /// Operations of forward, and of forward and backward.
    ///
    /// Per unit, step and kernel an input costs a multiply-add forward, and two more backward: to the state and
    /// to the kernel. There are two kernels. The rest of a unit's step is about 20 operations, 37 with its backward pass.
    pub(crate) fn flop(&self) -> (f64, f64) {
        let units = self.channels * self.topology.sites();
        let unit_steps = (self.batch * self.steps * units) as f64;
        let inputs = self.inputs_per_unit() as f64;
        (unit_steps * (4.0 * inputs + 20.0), unit_steps * (12.0 * inputs + 37.0))
    }
}
