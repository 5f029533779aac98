//! The kernels compile, and PTX and table are theirs.

use anyhow::{Context, Result, bail, ensure};

use crate::console;
use crate::kernels::{Mode, NONE, Nvcc, Toolkit, examine, find_nvcc, kernel_folders};
use crate::stage::Verdict;
use crate::workspace::Workspace;

/// Set where a machine without a compiler must not pass: then the stage fails instead of being skipped.
const REQUIRED: &str = "NWM_REQUIRE_CUDA_TOOLKIT";

/// Checks the kernels, with a compiler that is fetched into the build folder if the machine has none.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    let folders = kernel_folders(workspace.root())?;
    if folders.is_empty() {
        console::progress(NONE);
        return Ok(Verdict::Ok);
    }
    let program = match find_nvcc(workspace)? {
        Some(program) => program,
        None => {
            let toolkit = Toolkit::new(workspace);
            if let Err(error) = install(&toolkit) {
                let required = std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty());
                return without_compiler(&error, required);
            }
            toolkit.nvcc()
        }
    };
    let outcome = examine(workspace, &Nvcc::open(program)?, &folders, Mode::Compare)?;
    Ok(match outcome.differences.len() {
        0 => Verdict::Ok,
        count => Verdict::Failed(format!("{count} differences")),
    })
}

/// Fetches the compiler.
fn install(toolkit: &Toolkit) -> Result<()> {
    let status =
        toolkit.installation(false).status().context("failed to run bash, for the CUDA toolkit")?;
    ensure!(status.success(), "no nvcc, and {} ended with {status}", Toolkit::SCRIPT);
    Ok(())
}

/// Nothing is known about the kernels of a machine that cannot compile them.
fn without_compiler(error: &anyhow::Error, required: bool) -> Result<Verdict> {
    if required {
        bail!("{error:#} ({REQUIRED} is set)");
    }
    Ok(Verdict::Skipped(format!("{error:#}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{install, without_compiler};
    use crate::kernels::Toolkit;
    use crate::stage::Verdict;

    #[test]
    fn a_machine_without_a_compiler_skips_the_stage_unless_it_must_not() {
        let folder = tempfile::tempdir().unwrap();
        // A repository without the script.
        let error = install(&Toolkit::at(folder.path(), Path::new("cuda"))).unwrap_err();
        let Verdict::Skipped(why) = without_compiler(&error, false).unwrap() else {
            panic!("not skipped")
        };
        assert!(why.contains("setup-toolkit.sh"), "{why}");
        let failure = without_compiler(&error, true).unwrap_err().to_string();
        assert!(failure.contains("NWM_REQUIRE_CUDA_TOOLKIT"), "{failure}");
    }
}
