//! Sweeps by engines that really run: HyperQueue's Python package, and a Slurm of one node.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::stage::{Stage, Verdict};
use crate::workspace::Workspace;

/// The package as it was tested.
const HYPERQUEUE: &str = "hyperqueue==0.27.0";
/// What a Slurm of one node consists of.
const SLURM_PROGRAMS: [&str; 4] = ["munged", "slurmctld", "slurmd", "sbatch"];
/// Debian's packages of them.
const SLURM_PACKAGES: [&str; 2] = ["slurm-wlm", "munge"];

/// The stages, which need the optimised `nwm`.
pub(super) fn stages(workspace: &Workspace) -> [Stage<'_>; 3] {
    [
        Stage::new("hyperqueue", || hyperqueue(workspace)),
        Stage::new("slurm", || slurm(workspace)),
        Stage::new("scale", || {
            workspace.build_nwm()?;
            test(workspace, "scale", "NWM_PROGRAM", &workspace.nwm_program())
        }),
    ]
}

/// The smoke preset of Table 1 under kills.
fn hyperqueue(workspace: &Workspace) -> Result<Verdict> {
    let folder = workspace.target().join("hyperqueue");
    let python = folder.join("bin/python");
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&folder);
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", HYPERQUEUE]);
    if !(succeeds(&mut make) && succeeds(&mut install)) {
        return Ok(Verdict::Skipped(format!("{HYPERQUEUE} cannot be installed with python3")));
    }
    workspace.build_nwm()?;
    test(workspace, "hyperqueue", "NWM_PYTHON", &python)
}

/// A job array that is warned and put back.
fn slurm(workspace: &Workspace) -> Result<Verdict> {
    if !has_slurm() {
        let mut install = Command::new("apt-get");
        install.args(["install", "--yes", "--no-install-recommends"]).args(SLURM_PACKAGES);
        install.env("DEBIAN_FRONTEND", "noninteractive");
        if !succeeds(&mut install) || !has_slurm() {
            let packages = SLURM_PACKAGES.join(" and ");
            return Ok(Verdict::Skipped(format!(
                "{packages} are not here and cannot be installed"
            )));
        }
    }
    let folder = workspace.target().join("slurm");
    if !cluster(workspace, "start", &folder)? {
        // It takes root, and a machine whose name it can find.
        return Ok(Verdict::Skipped(format!("no Slurm can be started; see {}", folder.display())));
    }
    let verdict = test(workspace, "slurm", "SLURM_CONF", &folder.join("slurm.conf"));
    cluster(workspace, "stop", &folder)?;
    verdict
}

fn has_slurm() -> bool {
    SLURM_PROGRAMS.iter().all(|program| {
        let mut probe = Command::new("sh");
        succeeds(probe.args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()))
    })
}

fn cluster(workspace: &Workspace, action: &str, folder: &Path) -> Result<bool> {
    let script: PathBuf = workspace.root().join("xtask/slurm/cluster.sh");
    let status = Command::new("bash").arg(&script).arg(action).arg(folder).status();
    Ok(status.with_context(|| format!("failed to run {}", script.display()))?.success())
}

/// Runs a test file whose tests are left out elsewhere, with a variable that it needs.
fn test(workspace: &Workspace, name: &str, variable: &str, value: &Path) -> Result<Verdict> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--package", "xtask", "--test", name, "--", "--ignored", "--nocapture"]);
    cargo.env(variable, value);
    Verdict::of(cargo)
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}
