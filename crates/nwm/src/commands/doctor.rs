//! `nwm doctor`.

use serde_json::json;

use crate::exit::Ending;
use crate::terminal::Terminal;

/// Says what this machine and this program can do, and what would be missing.
pub(crate) fn run(terminal: &Terminal) -> Ending {
    let threads = rayon::current_num_threads();
    let instructions = instruction_sets();
    let json = json!({
        "format": 1, "version": env!("CARGO_PKG_VERSION"), "commit": env!("NWM_COMMIT"),
        "threads": threads, "instruction_sets": instructions,
        "devices": [{"name": "cpu", "available": true}, {"name": "cuda:0", "available": false}],
    });
    let text = format!(
        "nwm {} ({})\n\
         cpu     ok: {threads} threads, {}; set RAYON_NUM_THREADS to use fewer, results stay the same\n\
         cuda:0  not here: this program was built without CUDA",
        env!("CARGO_PKG_VERSION"),
        env!("NWM_COMMIT"),
        if instructions.is_empty() {
            "no wide instructions".into()
        } else {
            instructions.join(" ")
        },
    );
    terminal.result(&json, &text);
    Ending::Done
}

/// Instruction sets that matter for speed, of those this processor has.
fn instruction_sets() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&'static str, bool); 0] = [];
    found.into_iter().filter(|(_, present)| *present).map(|(name, _)| name).collect()
}
