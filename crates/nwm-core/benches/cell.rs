//! The cell over a whole sequence, f32: forward alone, and forward and backward.
//!
//! The loss is the mean of the squared positions of all steps. The cell's own backward pass goes from that loss
//! to drive, kernels, bias and initial state; with `--backward graph` the tensor library's graph does, which adds its
//! zero-filled sums of gradients. The drive enters as it is; the scalars
//! are fixed. Inputs are those of `nwm_bench::uniform`, so that a peer starts from the same bits.
//!
//! `--shape "torus BATCH CHANNELS ROWS COLUMNS STEPS"` runs one case of that shape instead.
//! `--mode forward` or `--mode backward` leaves the other time out; `--once` with one of the two runs that once
//! and times nothing, for tools that count.

#[path = "cell/case.rs"]
mod case;
#[path = "cell/loss.rs"]
mod loss;

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use candle_core::{Device, Tensor, Var};
use nwm_bench::{Arguments, Report, time, uniform};
use nwm_core::{Cell, CellGradients, InstructionSet, Record, Topology};

use crate::case::{CASES, Case};
use crate::loss::{mean_square, mean_square_with_gradient};

/// Streams of the inputs, in the order in which the peers number them.
mod stream {
    pub(super) const DRIVE: u64 = 0;
    pub(super) const INITIAL: u64 = 1;
    pub(super) const PARAMETERS: u64 = 2;
}

/// Options of this program alone.
const OPTIONS: &[&str] = &["--instruction-set", "--shape", "--mode", "--once", "--backward"];

/// All but the one that needs minutes and gigabytes.
const DEFAULT_CASES: [&str; 6] =
    ["hamiltonian", "rotating", "gratings", "rings", "dense", "smnist_b16"];

/// Standard deviation of drive and initial state.
const INPUT_SCALE: f64 = 0.5;

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(OPTIONS, benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    let cases = match arguments.option("--shape") {
        Some(_) if !arguments.cases.is_empty() => {
            return Err("choose between --shape and --case; expected one of them".into());
        }
        Some(shape) => vec![parse_shape(shape)?],
        None => {
            let known = CASES.map(|case| case.name);
            let names = arguments.select(&known, &DEFAULT_CASES)?;
            CASES.into_iter().filter(|case| names.contains(&case.name)).collect()
        }
    };
    if arguments.lists(&cases.iter().map(|case| case.name).collect::<Vec<_>>())? {
        return Ok(());
    }
    for case in cases {
        if let Some(mode) = arguments.choice("--once", &["forward", "backward"])? {
            once(&case, arguments, mode)?;
            continue;
        }
        measure(&case, arguments, threads)?.print(arguments.json)?;
    }
    Ok(())
}

/// A case from `torus BATCH CHANNELS ROWS COLUMNS STEPS`.
fn parse_shape(shape: &str) -> Result<Case, String> {
    let wrong =
        || format!("read --shape `{shape}`; expected `torus BATCH CHANNELS ROWS COLUMNS STEPS`");
    let numbers = shape.strip_prefix("torus ").ok_or_else(wrong)?.split_whitespace();
    let numbers: Result<Vec<usize>, _> = numbers.map(str::parse).collect();
    match numbers.ok().as_deref() {
        Some(&[batch, channels, rows, columns, steps]) if batch > 0 && steps > 0 => {
            let topology = Topology::Torus { rows, columns };
            Ok(Case { name: "shape", batch, channels, topology, steps })
        }
        _ => Err(wrong()),
    }
}

/// The cell of a case, on the instruction set that was asked for.
fn cell_of(case: &Case, arguments: &Arguments) -> Result<Cell, Box<dyn Error>> {
    let cell = Cell::new(case.config())?;
    let Some(name) = arguments.option("--instruction-set") else { return Ok(cell) };
    let set = InstructionSet::ALL.into_iter().find(|set| set.name() == name);
    let known = InstructionSet::ALL.map(InstructionSet::name).join(", ");
    let set = set.ok_or_else(|| format!("find the instruction set `{name}`; there are {known}"))?;
    Ok(cell.with_instruction_set(set)?)
}

fn measure(case: &Case, arguments: &Arguments, threads: usize) -> Result<Report, Box<dyn Error>> {
    let cell = cell_of(case, arguments)?;
    let inputs = Inputs::new(case, &cell)?;
    let (forward_flop, both_flop) = case.flop();
    let mut report = Report::new("cell", case.name, cell.instruction_set().name(), threads);
    let mode = arguments.choice("--mode", &["forward", "backward"])?;
    let by_graph = arguments.choice("--backward", &["graph", "own"])? == Some("graph");
    if mode != Some("backward") {
        let detached = inputs.detached();
        let (timing, _) = time(arguments.repeats, || detached.loss(&cell))?;
        report.add("forward", timing, forward_flop);
    }
    if mode != Some("forward") {
        let (timing, (loss, gradients)) = if by_graph {
            time(arguments.repeats, || inputs.gradients_by_graph(&cell))?
        } else {
            time(arguments.repeats, || inputs.gradients(&cell))?
        };
        report.add("forward + backward", timing, both_flop);
        report.loss = Some(f64::from(loss));
        report.gradient_norms = norms_of(&gradients)?;
    }
    Ok(report)
}

/// Runs a case once, without timing it.
fn once(case: &Case, arguments: &Arguments, mode: &str) -> Result<(), Box<dyn Error>> {
    let cell = cell_of(case, arguments)?;
    let inputs = Inputs::new(case, &cell)?;
    if mode == "forward" {
        drop(black_box(inputs.detached().loss(&cell)?));
    } else {
        drop(black_box(inputs.gradients(&cell)?));
    }
    Ok(())
}

/// The leaves of one case.
struct Inputs<T> {
    /// `[time, batch, units]`.
    drive: T,
    /// `[2, batch, units]`.
    initial: T,
    /// As `Cell::parameter_shapes` lists them.
    parameters: Vec<(&'static str, T)>,
}

/// Gradients by the name of their leaf.
type Named = Vec<(&'static str, Tensor)>;

impl Inputs<Var> {
    fn new(case: &Case, cell: &Cell) -> candle_core::Result<Self> {
        let leaf = |stream: u64, shape: &[usize], scale: f64| {
            let values = uniform(stream, shape.iter().product(), scale);
            Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
        };
        let (steps, batch, units) = (case.steps, case.batch, cell.units());
        let parameters = cell.parameter_shapes();
        let parameters = (stream::PARAMETERS..).zip(&parameters).map(|(stream, parameter)| {
            let scale = if parameter.name == "bias" { 0.1 } else { case.kernel_scale() };
            Ok((parameter.name, leaf(stream, &parameter.shape, scale)?))
        });
        Ok(Self {
            drive: leaf(stream::DRIVE, &[steps, batch, units], INPUT_SCALE)?,
            initial: leaf(stream::INITIAL, &[2, batch, units], INPUT_SCALE)?,
            parameters: parameters.collect::<candle_core::Result<_>>()?,
        })
    }

    /// The same numbers without gradients.
    fn detached(&self) -> Inputs<Tensor> {
        let parameters = self.parameters.iter().map(|(name, it)| (*name, it.as_detached_tensor()));
        Inputs {
            drive: self.drive.as_detached_tensor(),
            initial: self.initial.as_detached_tensor(),
            parameters: parameters.collect(),
        }
    }

    /// The loss and the gradients of all leaves, by the cell's own backward pass.
    fn gradients(&self, cell: &Cell) -> Result<(f32, Named), Box<dyn Error>> {
        let parameters: Vec<Tensor> =
            self.parameters.iter().map(|(_, it)| it.as_tensor().clone()).collect();
        let packed = cell.pack(&parameters)?;
        let recording = cell.record(&self.drive, &self.initial, &packed, Record::Positions)?;
        let (loss, gradient) = mean_square_with_gradient(recording.result())?;
        let CellGradients { drive, initial, packed: of_packed, .. } =
            recording.pull_back(&gradient)?;
        // From the effective parameters to the leaves they were made of.
        let of_leaves = (packed * of_packed)?.sum_all()?.backward()?;
        let mut named = vec![("drive", drive), ("initial", initial)];
        for ((name, _), leaf) in self.parameters.iter().zip(&parameters) {
            let gradient =
                of_leaves.get(leaf).ok_or_else(|| format!("find the gradient of {name}"))?;
            named.push((*name, gradient.clone()));
        }
        Ok((loss, named))
    }

    /// The same through the tensor library's graph.
    fn gradients_by_graph(&self, cell: &Cell) -> Result<(f32, Named), Box<dyn Error>> {
        let tensors = Inputs {
            drive: self.drive.as_tensor().clone(),
            initial: self.initial.as_tensor().clone(),
            parameters: self
                .parameters
                .iter()
                .map(|(n, it)| (*n, it.as_tensor().clone()))
                .collect(),
        };
        let loss = tensors.loss(cell)?;
        let gradients = loss.backward()?;
        let leaves = [("drive", &tensors.drive), ("initial", &tensors.initial)];
        let parameters = tensors.parameters.iter().map(|(name, it)| (*name, it));
        let named = leaves.into_iter().chain(parameters).map(|(name, leaf)| {
            let gradient =
                gradients.get(leaf).ok_or_else(|| format!("find the gradient of {name}"))?;
            Ok((name, gradient.clone()))
        });
        Ok((loss.to_scalar()?, named.collect::<Result<_, Box<dyn Error>>>()?))
    }
}

impl Inputs<Tensor> {
    /// The mean of the squared positions of all steps.
    fn loss(&self, cell: &Cell) -> Result<Tensor, Box<dyn Error>> {
        let parameters: Vec<Tensor> = self.parameters.iter().map(|(_, it)| it.clone()).collect();
        let packed = cell.pack(&parameters)?;
        let positions = cell.forward(&self.drive, &self.initial, &packed, Record::Positions)?;
        Ok(mean_square(&positions)?)
    }
}

fn norms_of(gradients: &Named) -> candle_core::Result<BTreeMap<String, f64>> {
    gradients
        .iter()
        .map(|(name, gradient)| {
            let values = gradient.flatten_all()?.to_vec1::<f32>()?;
            let squares: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
            Ok(((*name).to_owned(), squares.sqrt()))
        })
        .collect()
}
