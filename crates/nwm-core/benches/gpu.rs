//! The cell's kernels on a GPU, or in the emulation as far as that goes.
//!
//! `--device cuda` (feature `cuda`) or `--device emulation`, which has only two samples and three steps of every case. Parts,
//! one with `--part`:
//!
//! - `agreement`: results and gradients against the cpu in double precision, in every precision that the case has;
//! - `determinism`: the same run twice, bit for bit;
//! - `timing`: forward alone, and forward and backward, from velocities to parameter gradients, launches included. A GPU alone.
//!
//! One line of JSON for every check and time; the exit code is 1 if a check fails. Inputs and cases are those of the benchmark
//! `cell`, so that peers compute the same.

#[path = "cell/case.rs"]
mod case;
#[path = "gpu/check.rs"]
mod check;
#[path = "gpu/problem.rs"]
mod problem;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use nwm_bench::{Arguments, Report, time};
use nwm_core::cuda::Precision;
use nwm_core::{Record, Topology};
use nwm_cuda::Queue;

use crate::case::{CASES, Case};
use crate::problem::Problem;

/// Options of this program alone.
const OPTIONS: &[&str] = &["--device", "--part"];

/// Parts, in the order in which they run.
const PARTS: [&str; 3] = ["agreement", "determinism", "timing"];

/// Samples and steps of a case in the emulation.
const EMULATED: [usize; 2] = [2, 3];

/// Runs that are launched one after the other, and timed together.
const RUNS_AT_ONCE: usize = 20;

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(OPTIONS, benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    let known = CASES.map(|case| case.name);
    let names = arguments.select(&known, &known)?;
    if arguments.lists(&names)? {
        return Ok(());
    }
    let cases: Vec<Case> = CASES.into_iter().filter(|case| names.contains(&case.name)).collect();
    match arguments.choice("--device", &["emulation", "cuda"])? {
        Some("cuda") => on_gpu(&cases, arguments, threads),
        _ => in_emulation(&cases, arguments, threads),
    }
}

#[cfg(feature = "cuda")]
fn on_gpu(cases: &[Case], arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    // Not in a stream of its own, for which every argument of a launch would be recorded as an event.
    let device = <candle_core::CudaDevice as candle_core::backend::BackendDevice>::new(0)?;
    let gpu = nwm_cuda::Gpu::new(&device)?;
    let speeds = gpu.speeds()?;
    say(&serde_json::json!({
        "format": 1, "bench": "gpu", "device": gpu.name()?,
        "multiprocessors": speeds.multiprocessors, "clock": speeds.clock, "bandwidth": speeds.bandwidth,
    }))?;
    run(&gpu, cases, arguments, threads)
}

#[cfg(not(feature = "cuda"))]
fn on_gpu(_: &[Case], _: &Arguments, _: usize) -> Result<(), Box<dyn Error>> {
    Err("use a GPU: this program was built without the feature cuda".into())
}

fn in_emulation(
    cases: &[Case],
    arguments: &Arguments,
    threads: usize,
) -> Result<(), Box<dyn Error>> {
    let queue = problem::emulation()?;
    let [batch, steps] = EMULATED;
    let cases: Vec<Case> = cases.iter().map(|case| Case { batch, steps, ..*case }).collect();
    run(&queue, &cases, arguments, threads)
}

fn run<Q: Queue>(
    queue: &Q,
    cases: &[Case],
    arguments: &Arguments,
    threads: usize,
) -> Result<(), Box<dyn Error>> {
    let is_emulated = arguments.option("--device") != Some("cuda");
    let parts = match arguments.choice("--part", &PARTS)? {
        Some(part) => vec![part],
        None => PARTS.into_iter().filter(|&part| !(is_emulated && part == "timing")).collect(),
    };
    let mut failed = Vec::new();
    for case in cases {
        for precision in precisions(case) {
            let problem = Problem::new(case, precision);
            for &part in &parts {
                match part {
                    "agreement" => failed.extend(check::agreement(queue, &problem)?),
                    "determinism" => failed.extend(check::determinism(queue, &problem)?),
                    _ => measure(queue, &problem, arguments, threads)?,
                }
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("pass: {}", failed.join(", ")).into()) }
}

/// The precisions that make a difference to a case.
fn precisions(case: &Case) -> Vec<Precision> {
    match case.topology {
        Topology::Torus { .. } if case.channels >= 8 => {
            vec![Precision::Single, Precision::Tf32x3, Precision::Tf32]
        }
        _ => vec![Precision::Single],
    }
}

fn measure<Q: Queue>(
    queue: &Q,
    problem: &Problem,
    arguments: &Arguments,
    threads: usize,
) -> Result<(), Box<dyn Error>> {
    let arrays = problem.upload(queue)?;
    let (forward_flop, both_flop) = problem.case.flop();
    let mut report = Report::new("gpu", problem.case.name, problem.precision_name(), threads);
    let many = RUNS_AT_ONCE as f64;
    let (timing, ()) = time(arguments.repeats, || {
        for _ in 0..RUNS_AT_ONCE {
            problem.run(queue, &arrays)?.forward(Record::Velocities, false)?;
        }
        queue.synchronise()?;
        Ok::<_, Box<dyn Error>>(())
    })?;
    report.add("forward", timing.divided_by(many), forward_flop);
    let (timing, ()) = time(arguments.repeats, || {
        for _ in 0..RUNS_AT_ONCE {
            problem.gradients(queue, &arrays)?;
        }
        queue.synchronise()?;
        Ok::<_, Box<dyn Error>>(())
    })?;
    report.add("forward + backward", timing.divided_by(many), both_flop);
    report.print(arguments.json)?;
    Ok(())
}

/// Prints one line of JSON.
fn say(line: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}
