//! The command line of `cargo xtask gpu-check`.

use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::gpu_check::Part;

/// Check and time on a GPU what runs there, within minutes, and print one page.
///
/// Agreement with the cpu in double precision, the same bits twice, times of all cases with floors and targets, a training
/// step of Table 1 with its breakdown, compute-sanitizer, the same in PyTorch, torch.compile and JAX, and two minutes of
/// training: in this order, as far as the time allows. What fails or cannot be done, such as peers that are not installed,
/// is a row of the page and not its end; a target that is missed is no failure. All numbers are left as JSON.
///
/// The machine with the GPU needs no compiler and no network: --pack fills a folder on another one, and there
/// `DIR/xtask gpu-check --from DIR` does the rest. docs/performance.md says how to read the page.
///
/// Exit codes: 0 everything that ran passed, 1 something did not, or nothing ran, 2 usage, 4 there is no GPU,
/// 6 file system, 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct GpuCheck {
    /// Build what the parts need, for a GPU, into a folder to be carried, and check nothing. Needs no GPU, but the CUDA
    /// toolkit, which is installed in target/cuda if it is not there.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "emulated", "save", "json"])]
    pub(crate) pack: Option<PathBuf>,

    /// Use the programs of this folder, which --pack filled; cargo is not needed.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,

    /// Check without a GPU what the emulation of the kernels can do: agreement and determinism on small cases.
    #[arg(long, conflicts_with = "from")]
    pub(crate) emulated: bool,

    /// Only these parts. They run in the order of this list's possible values whatever their order here.
    #[arg(long, value_name = "PART,...", value_delimiter = ',')]
    pub(crate) only: Vec<Part>,

    /// Seconds for everything but building. Parts that no longer fit are left out.
    #[arg(long, value_name = "SECONDS", default_value_t = 780, value_parser = value_parser!(u32).range(1..=86_400))]
    pub(crate) limit: u32,

    /// Leave the numbers in this file [default: gpu-check.json in the folder of --from, or in the build folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Keep page and numbers in docs/benchmarks, by date, card and commit; with --from, of the folder in which it is run.
    #[arg(long)]
    pub(crate) save: bool,
}
