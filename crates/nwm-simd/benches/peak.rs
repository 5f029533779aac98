//! The most f32 arithmetic that this processor does: independent chains of fused multiply-adds in registers.
//!
//! A case is an instruction set. Floors of other benchmarks are their operations divided by this rate.
//! Without fused multiply-add (`portable`) a step is a product and a sum, and still counts as two operations.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::thread;

use nwm_bench::{Arguments, Report, time};
use nwm_simd::{InstructionSet, Kernel, Simd, Vector};

/// Chains: above latency times issue width (4 × 2), and with two operands still within 16 registers.
const CHAINS: usize = 12;
/// Where fewer registers can be had: what is kept in memory instead is no peak.
const FEW_CHAINS: usize = 6;
/// Steps of every chain; tens of milliseconds, which hides the start of threads.
const STEPS: usize = 10_000_000;

/// Chains of `x <- 0.5 x + 1`.
struct Chains;

impl Kernel<f32> for Chains {
    /// Sum of the last values, and how many operations it took.
    type Output = (f32, f64);

    #[inline(always)]
    fn run<V: Vector<Element = f32>>(self) -> (f32, f64) {
        if V::REGISTERS > CHAINS { chains::<V, CHAINS>() } else { chains::<V, FEW_CHAINS>() }
    }
}

#[inline(always)]
fn chains<V: Vector<Element = f32>, const COUNT: usize>() -> (f32, f64) {
    let (factor, addend) = (V::splat(black_box(0.5)), V::splat(black_box(1.0)));
    let mut chains = [V::splat(black_box(0.0)); COUNT];
    for _ in 0..STEPS {
        for chain in &mut chains {
            *chain = chain.mul_add(factor, addend);
        }
    }
    let sum = chains.into_iter().map(V::sum).sum();
    (sum, 2.0 * (COUNT * STEPS * V::LANES) as f64)
}

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(&[], benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    let known = InstructionSet::ALL.map(InstructionSet::name);
    let available: Vec<&str> = Simd::available().map(|it| it.instruction_set().name()).collect();
    let cases = arguments.select(&known, &available)?;
    if arguments.lists(&cases)? {
        return Ok(());
    }
    for case in cases {
        let set = InstructionSet::ALL.into_iter().find(|set| set.name() == case);
        let simd = Simd::new(set.unwrap_or(InstructionSet::Portable))?;
        for threads in if threads > 1 { vec![1, threads] } else { vec![1] } {
            let (timing, flop) =
                time(arguments.repeats, || Ok::<f64, Box<dyn Error>>(on_threads(simd, threads)))?;
            let mut report = Report::new("peak", case, "fused multiply-add", threads);
            report.add("arithmetic", timing, flop);
            report.print(arguments.json)?;
        }
    }
    Ok(())
}

/// Runs the chains on so many threads at once, and returns the operations of all.
fn on_threads(simd: Simd, threads: usize) -> f64 {
    thread::scope(|scope| {
        let run = || {
            let (sum, flop) = simd.run(Chains);
            black_box(sum);
            flop
        };
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let own = run();
        // A worker that failed did no arithmetic.
        workers.into_iter().map(|worker| worker.join().unwrap_or(0.0)).fold(own, |a, b| a + b)
    })
}
