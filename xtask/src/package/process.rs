//! Tools of cargo's that may not be installed.

use std::process::{Command, Stdio};

use crate::stage::Verdict;
use crate::workspace::Workspace;

/// A program that extends cargo: `cargo NAME`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool {
    pub(super) name: &'static str,
}

impl Tool {
    /// A call of it.
    pub(super) fn call(self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let mut command = workspace.cargo();
        command.arg(self.name).args(arguments);
        command
    }

    /// Why it cannot be called, and what to do; none if it can.
    pub(super) fn absence(self, workspace: &Workspace) -> Option<Verdict> {
        let mut probe = self.call(workspace, &["--version"]);
        let status = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let name = self.name;
        (!status.is_ok_and(|status| status.success())).then(|| {
            Verdict::Skipped(format!(
                "cargo-{name} is not installed; `cargo install cargo-{name} --locked` installs it"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Tool;
    use crate::stage::Verdict;
    use crate::workspace::Workspace;

    #[test]
    fn an_absent_tool_is_skipped_with_the_command_that_installs_it() {
        let workspace = Workspace::locate().unwrap();
        let Some(Verdict::Skipped(why)) = (Tool { name: "no-such-tool" }).absence(&workspace)
        else {
            panic!("not skipped")
        };
        assert!(why.contains("cargo install cargo-no-such-tool --locked"), "{why}");
        // Part of the toolchain.
        assert_eq!((Tool { name: "clippy" }).absence(&workspace), None);
    }
}
