//! Runs a CUDA kernel without a GPU, and finds its mistake: `cargo run -p nwm-cuda --example 01_emulate`. Needs g++.

use std::error::Error;
use std::io::Write;

use nwm_cuda::{Argument, Grid, Kernel, Limits, Module, Order, Program, Queue, Sources};

/// Every number of a block in reverse. Without FORGOTTEN_BARRIER, threads wait until all numbers are in shared memory.
const SOURCE: &str = r#"
#include "nwm.cuh"
extern "C" __global__ void reverse(float *values) {
    NWM_SHARED_MEMORY(copy);
    float *block = values + blockIdx.x * blockDim.x;
    copy[threadIdx.x] = block[threadIdx.x];
#ifndef FORGOTTEN_BARRIER
    __syncthreads();
#endif
    block[threadIdx.x] = copy[blockDim.x - 1 - threadIdx.x];
}
"#;

const REVERSING: Module = Module { name: "reversing", kernels: &["reverse"], ptx: &[] };
const THREADS: usize = 64;

/// The same for a GPU and for its emulation.
fn reverse<Q: Queue>(queue: &Q, values: &Q::Array) -> Result<(), nwm_cuda::Error> {
    let kernel = Kernel { module: &REVERSING, name: "reverse" };
    let blocks = [queue.length(values) / THREADS, 1, 1];
    let grid = Grid { blocks, threads: THREADS, shared_words: THREADS };
    queue.launch(kernel, grid, &[Argument::array(values, 0)])
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("nwm-cuda-example-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("reversing.cu"), SOURCE)?;
    let mut text = String::new();
    for defines in [&[][..], &["FORGOTTEN_BARRIER"]] {
        let (name, modules) = ("example", &[&REVERSING][..]);
        let sources = Sources { name, folder: &folder, modules, checked: true, defines };
        let queue = Program::build(&sources, &folder)?.start(Order::Forward, Limits::AMPERE)?;
        let values = queue.upload(&(0..128).map(|it| it as f32).collect::<Vec<_>>())?;
        let outcome = reverse(&queue, &values).and_then(|()| queue.download(&values));
        text += &match outcome {
            Ok(values) => format!("reversed: {:?} ...\n", &values[..4]),
            Err(error) => format!("failed to {error}\n"),
        };
    }
    std::fs::remove_dir_all(&folder)?;
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
