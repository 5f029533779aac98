//! `nwm doctor`.

use nwm_simd::Simd;
use serde_json::json;

use crate::exit::Ending;
use crate::terminal::Terminal;

/// Says what this machine and this program can do, and what would be missing.
pub(crate) fn run(terminal: &Terminal) -> Ending {
    let threads = rayon::current_num_threads();
    let available: Vec<&str> =
        Simd::available().map(|simd| simd.instruction_set().name()).collect();
    let best = Simd::detect().instruction_set();
    let json = json!({
        "format": 1, "version": env!("CARGO_PKG_VERSION"), "commit": env!("NWM_COMMIT"),
        "threads": threads, "instruction_sets": available, "instruction_set": best.name(),
        "devices": [{"name": "cpu", "available": true}, {"name": "cuda:0", "available": false}],
    });
    let text = format!(
        "nwm {} ({})\n\
         cpu     ok: {threads} threads, kernels on {best} (of {}); set RAYON_NUM_THREADS to use fewer, results stay the same\n\
         cuda:0  not here: this program was built without CUDA",
        env!("CARGO_PKG_VERSION"),
        env!("NWM_COMMIT"),
        available.join(" "),
    );
    terminal.result(&json, &text);
    Ending::Done
}
