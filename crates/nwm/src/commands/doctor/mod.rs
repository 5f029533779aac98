//! `nwm doctor`.

mod driver;
mod gpus;
mod machine;
mod toolkit;

use anyhow::Context as _;
use nwm_simd::Simd;
use serde_json::{Value, json};

use self::driver::Driver;
use self::gpus::Gpus;
use self::machine::Machine;
use self::toolkit::{Toolkit, build_command};
use super::device::{device_choice, features};
use crate::exit::Ending;
use crate::flags::DoctorArguments;
use crate::terminal::Terminal;

/// Says what this machine and this program can do, and what would be missing.
pub(crate) fn run(arguments: &DoctorArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let choice = arguments.device.as_deref().map(device_choice).transpose();
    let choice = choice.context("failed to use the device")?;
    let (cpu_entry, cpu_line) = cpu();
    let gpus = Gpus::find();
    let (cuda, cuda_lines) = cuda(&Machine::here(), &gpus);
    let mut devices = vec![cpu_entry];
    devices.extend(gpus.entries);
    let json = json!({
        "format": 1, "version": env!("CARGO_PKG_VERSION"), "commit": env!("NWM_COMMIT"),
        "features": features(), "threads": rayon::current_num_threads(),
        "instruction_sets": instruction_sets(),
        "instruction_set": Simd::detect().instruction_set().name(),
        "devices": devices, "cuda": cuda,
    });
    let mut lines =
        vec![format!("nwm {} ({})", env!("CARGO_PKG_VERSION"), env!("NWM_COMMIT")), cpu_line];
    lines.extend(gpus.lines);
    lines.extend(cuda_lines);
    terminal.result(&json, &lines.join("\n"));
    if let Some(choice) = choice {
        choice.open().context("failed to use the device")?;
    }
    Ok(Ending::Done)
}

fn instruction_sets() -> Vec<&'static str> {
    Simd::available().map(|simd| simd.instruction_set().name()).collect()
}

/// The CPU as an entry of `devices` and as a line.
fn cpu() -> (Value, String) {
    let (threads, best) = (rayon::current_num_threads(), Simd::detect().instruction_set());
    let line = format!(
        "cpu     ok: {threads} threads, kernels on {best} (of {}); set RAYON_NUM_THREADS to use fewer, results stay the same",
        instruction_sets().join(" ")
    );
    (json!({"name": "cpu", "available": true}), line)
}

/// What is there for GPUs beside the program, what is missing and what to do; of a toolkit only where this program was built
/// without one.
fn cuda(machine: &Machine, gpus: &Gpus) -> (Value, Vec<String>) {
    let built = cfg!(feature = "cuda");
    let driver = Driver::find(machine);
    let mut lines = Vec::new();
    let mut line = |name: &str, text: &str| lines.push(format!("        {name:<9}{text}"));
    let release = gpus.driver_release.as_ref().map(|it| format!(", for CUDA {it}"));
    line("driver", &(driver.text() + &release.unwrap_or_default()));
    let mut missing = Vec::new();
    if !gpus.any {
        missing.extend(driver.problem());
    }
    let (mut found, mut command) = (None, None);
    if !built {
        found = Toolkit::find(machine);
        line("toolkit", &found.as_ref().map_or("not found".into(), Toolkit::text));
        missing.extend(toolkit::problem(found.as_ref()));
        command = Some(build_command(found.as_ref(), driver.nvidia_smi.is_some()));
    }
    for problem in &missing {
        line("missing", problem);
    }
    if let Some(command) = &command {
        line("build", &format!("in the repository: {command}"));
    }
    let json = json!({
        "built": built, "driver": driver, "driver_release": gpus.driver_release, "toolkit": found,
        "missing": missing, "build_command": command,
    });
    (json, lines)
}

#[cfg(all(test, not(feature = "cuda")))]
mod tests {
    use super::*;

    #[test]
    fn a_bare_machine_is_told_what_is_missing_and_how_to_build() {
        let root = tempfile::tempdir().unwrap();
        let (json, lines) = cuda(&Machine::fake(root.path(), &[]), &Gpus::find());
        assert_eq!(json["missing"].as_array().unwrap().len(), 2);
        assert_eq!(json["toolkit"], Value::Null);
        let text = lines.join("\n");
        for part in ["no driver", "no toolkit", "--features cuda -p nwm"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
