//! Random problems and comparisons shared by the integration tests.

#![allow(dead_code, reason = "every test binary uses its own part of this module")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic")]

pub(crate) mod case;

use candle_core::{DType, Device, Tensor, Var};
use nwm_core::imex::reference;
use nwm_core::{Bias, Cell, CellConfig, InstructionSet, Real, Record, Scalar, State, Topology};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A cell with parameters, drive and initial state, all of it reproducible from a seed.
pub(crate) struct Problem {
    pub(crate) cell: Cell,
    pub(crate) parameters: Vec<Var>,
    /// `[time, batch, inputs]`.
    pub(crate) drive: Var,
    /// `[2, batch, units]`.
    pub(crate) initial: Var,
    pub(crate) steps: usize,
    pub(crate) samples: usize,
}

impl Problem {
    /// Random values of moderate size; scalars keep the start that the configuration names.
    pub(crate) fn random(config: CellConfig, steps: usize, samples: usize, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut uniform = |shape: &[usize], scale: f64| {
            let count = shape.iter().product();
            let values: Vec<f64> =
                (0..count).map(|_| scale * generator.random_range(-1.0..1.0)).collect();
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        let cell = Cell::new(config).unwrap();
        let units = cell.units();
        let parameters = cell
            .parameter_shapes()
            .into_iter()
            .map(|parameter| match parameter.name {
                "dt_raw" => raw(&cell.config().dt),
                "gamma_raw" => raw(&cell.config().gamma),
                "alpha_raw" => raw(&cell.config().alpha),
                "norm_gain" => (uniform(&parameter.shape, 0.3) + 1.0).unwrap(),
                _ => {
                    // Keep the summed weight per unit moderate, whatever the fan-in.
                    let fan_in: usize = parameter.shape.iter().skip(1).product();
                    uniform(&parameter.shape, 1.5 / (fan_in as f64).sqrt())
                }
            })
            .map(|tensor| Var::from_tensor(&tensor).unwrap())
            .collect();
        let inputs = cell.config().inputs();
        let drive = Var::from_tensor(&uniform(&[steps, samples, inputs], 1.0)).unwrap();
        let initial = Var::from_tensor(&uniform(&[2, samples, units], 0.7)).unwrap();
        Self { cell, parameters, drive, initial, steps, samples }
    }

    /// The same problem on a given instruction set, if the processor has it.
    pub(crate) fn on(&self, instruction_set: InstructionSet) -> Option<Self> {
        let cell = self.cell.clone().with_instruction_set(instruction_set).ok()?;
        Some(Self {
            cell,
            parameters: self.parameters.clone(),
            drive: self.drive.clone(),
            initial: self.initial.clone(),
            ..*self
        })
    }

    /// All differentiable inputs with their names: parameters, drive, initial state.
    pub(crate) fn inputs(&self) -> Vec<(&'static str, Var)> {
        let names = self.cell.parameter_shapes().into_iter().map(|parameter| parameter.name);
        let mut inputs: Vec<_> = names.zip(self.parameters.iter().cloned()).collect();
        inputs.push(("drive input", self.drive.clone()));
        inputs.push(("initial", self.initial.clone()));
        inputs
    }

    /// The op's result with inputs rounded to `dtype`.
    pub(crate) fn forward(&self, record: Record, dtype: DType) -> Tensor {
        let round = |var: &Var| var.as_tensor().to_dtype(dtype).unwrap();
        let parameters: Vec<_> = self.parameters.iter().map(round).collect();
        let packed = self.cell.pack(&parameters).unwrap();
        self.cell.forward(&round(&self.drive), &round(&self.initial), &packed, record).unwrap()
    }

    /// The reference's states in f64, arranged as the op's result.
    pub(crate) fn reference(&self, record: Record) -> Vec<f64> {
        let parameters: Vec<_> = self.parameters.iter().map(|v| v.as_tensor().clone()).collect();
        let packed: Vec<f64> = values(&self.cell.pack(&parameters).unwrap());
        let parameters = self.cell.layout().parameters(&packed).unwrap();
        let (drive, initial) = (values(&self.drive), values(&self.initial));
        let runs: Vec<Vec<State<f64>>> = (0..self.samples)
            .map(|sample| {
                let row = |array: &[f64], row: usize, width: usize| {
                    array[(row * self.samples + sample) * width..][..width].to_vec()
                };
                let (units, inputs) = (self.cell.units(), self.cell.config().inputs());
                let state =
                    State { position: row(&initial, 0, units), velocity: row(&initial, 1, units) };
                let drive: Vec<f64> =
                    (0..self.steps).flat_map(|time| row(&drive, time, inputs)).collect();
                reference::run(self.cell.config(), &parameters, &drive, &state).unwrap()
            })
            .collect();
        let mut tape = Vec::new();
        if record == Record::Last {
            runs.iter().for_each(|run| tape.extend(&run[self.steps - 1].position));
            runs.iter().for_each(|run| tape.extend(&run[self.steps - 1].velocity));
            return tape;
        }
        for time in 0..self.steps {
            for run in &runs {
                if record != Record::Velocities {
                    tape.extend(&run[time].position);
                }
                if record != Record::Positions {
                    tape.extend(&run[time].velocity);
                }
            }
        }
        if record == Record::Velocities {
            runs.iter().for_each(|run| tape.extend(&run[self.steps - 1].position));
        }
        tape
    }
}

fn raw(scalar: &Scalar) -> Tensor {
    match *scalar {
        Scalar::Learned { raw } => Tensor::new(raw, &Device::Cpu).unwrap(),
        Scalar::Fixed(_) => panic!("a fixed scalar is no parameter"),
    }
}

/// All values of a tensor in row-major order, in double precision.
pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// `|found - expected| / |expected|` in the Euclidean norm.
pub(crate) fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |terms: &mut dyn Iterator<Item = f64>| terms.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    let size = norm(&mut expected.iter().copied());
    if difference == 0.0 { 0.0 } else { difference / size }
}

/// A learned cell, then changed by `adjust`.
pub(crate) fn config(topology: Topology, adjust: impl FnOnce(&mut CellConfig)) -> CellConfig {
    let mut config = CellConfig::new(topology);
    adjust(&mut config);
    config
}

/// Every kind of cell once, on small maps with odd and even sides.
pub(crate) fn variants() -> Vec<(&'static str, CellConfig)> {
    let torus = Topology::Torus { rows: 3, columns: 5 };
    // Longer than one vector of any instruction set, and no multiple of one.
    let long_rows = Topology::Torus { rows: 7, columns: 19 };
    let rings = Topology::Rings { rings: 2, sites: 5 };
    let dense = Topology::Dense { units: 7 };
    vec![
        ("torus", config(torus, |_| {})),
        ("torus with rows longer than a vector", config(long_rows, |_| {})),
        (
            "torus, a bias per map, two channels",
            config(torus, |c| {
                c.channels = 2;
                c.bias = Bias::PerMap;
            }),
        ),
        (
            "torus, nine channels",
            config(torus, |c| {
                c.channels = 9;
                c.bias = Bias::PerMap;
                c.drive_coupling = false;
            }),
        ),
        (
            "torus, no bias, drive as it is",
            config(torus, |c| {
                c.bias = Bias::None;
                c.drive_coupling = false;
            }),
        ),
        (
            "torus, kernel 1, three channels",
            config(torus, |c| {
                c.kernel_size = 1;
                c.channels = 3;
            }),
        ),
        ("torus, kernel 5", config(Topology::Torus { rows: 5, columns: 9 }, |c| c.kernel_size = 5)),
        ("torus, kernel 7", config(Topology::Torus { rows: 7, columns: 8 }, |c| c.kernel_size = 7)),
        ("torus with state norm", config(torus, |c| c.state_norm = true)),
        (
            "torus with fixed scalars",
            config(torus, |c| {
                c.dt = Scalar::Fixed(0.2);
                c.gamma = Scalar::Fixed(1.5);
                c.alpha = Scalar::Fixed(0.7);
            }),
        ),
        ("rings", config(rings, |_| {})),
        ("long rings", config(Topology::Rings { rings: 2, sites: 19 }, |_| {})),
        (
            "rings, a bias per position, kernel 5",
            config(rings, |c| {
                c.bias = Bias::PerRingPosition;
                c.kernel_size = 5;
            }),
        ),
        (
            "rings, two channels, bias per position",
            config(rings, |c| {
                c.bias = Bias::PerRingPosition;
                c.channels = 2;
            }),
        ),
        (
            "rings, sixteen channels, state norm",
            config(rings, |c| {
                c.channels = 16;
                c.state_norm = true;
            }),
        ),
        ("one-way rings", config(rings, |c| c.one_way = true)),
        (
            "one-way rings, two channels, state norm",
            config(rings, |c| {
                c.one_way = true;
                c.channels = 2;
                c.state_norm = true;
                c.bias = Bias::PerRingPosition;
            }),
        ),
        (
            "one-way rings, drive as it is",
            config(rings, |c| {
                c.one_way = true;
                c.drive_coupling = false;
                c.bias = Bias::PerMap;
            }),
        ),
        (
            "torus with a projected input of three features",
            config(torus, |c| {
                c.drive_coupling = false;
                c.input_features = Some(3);
            }),
        ),
        (
            "sixteen channels with a projected input of one feature, state norm",
            config(torus, |c| {
                c.channels = 16;
                c.drive_coupling = false;
                c.input_features = Some(1);
                c.bias = Bias::None;
                c.state_norm = true;
            }),
        ),
        (
            "dense with a projected input of two features",
            config(dense, |c| {
                c.drive_coupling = false;
                c.input_features = Some(2);
            }),
        ),
        ("dense", config(dense, |_| {})),
        ("dense in panels", config(Topology::Dense { units: 33 }, |_| {})),
        (
            "dense, no bias, drive as it is",
            config(dense, |c| {
                c.bias = Bias::None;
                c.drive_coupling = false;
            }),
        ),
        ("dense with state norm", config(dense, |c| c.state_norm = true)),
    ]
}

/// The records that a cell supports.
pub(crate) fn records(config: &CellConfig) -> &'static [Record] {
    if config.state_norm {
        &[Record::States, Record::Positions, Record::Last]
    } else {
        &[Record::States, Record::Velocities, Record::Positions, Record::Last]
    }
}

/// Rounds a slice to another float type.
pub(crate) fn rounded<R: Real>(values: &[f64]) -> Vec<R> {
    values.iter().map(|&value| R::nearest(value)).collect()
}
