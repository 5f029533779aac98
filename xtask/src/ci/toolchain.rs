//! The oldest version of Rust that the crates promise is the one that they are tested with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What differs between the version promised in Cargo.toml and the one of rust-toolchain.toml.
pub(super) fn disagreement(root: &Path) -> Result<Option<String>> {
    let read = |name: &str| -> Result<toml::Table> {
        let path = root.join(name);
        let context = || format!("failed to read {}", path.display());
        toml::from_str(&fs::read_to_string(&path).with_context(context)?).with_context(context)
    };
    Ok(difference(&read("Cargo.toml")?, &read("rust-toolchain.toml")?))
}

fn difference(workspace: &toml::Table, toolchain: &toml::Table) -> Option<String> {
    let text = |value: Option<&toml::Value>| {
        value.and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    };
    let package = workspace.get("workspace").and_then(|it| it.get("package"));
    let promised = text(package.and_then(|it| it.get("rust-version")));
    let tested = text(toolchain.get("toolchain").and_then(|it| it.get("channel")));
    let agree =
        !promised.is_empty() && (tested == promised || tested.starts_with(&format!("{promised}.")));
    (!agree).then(|| {
        format!(
            "Cargo.toml: rust-version is {promised:?}, but rust-toolchain.toml tests {tested:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::difference;

    fn agree(promised: &str, tested: &str) -> bool {
        let workspace = format!("[workspace.package]\nrust-version = {promised:?}");
        let toolchain = format!("[toolchain]\nchannel = {tested:?}");
        difference(&toml::from_str(&workspace).unwrap(), &toml::from_str(&toolchain).unwrap())
            .is_none()
    }

    #[test]
    fn a_promise_is_the_tested_version_or_its_beginning() {
        assert!(agree("1.95", "1.95.0") && agree("1.95.0", "1.95.0"));
        assert!(!agree("1.9", "1.95.0") && !agree("1.94", "1.95.0") && !agree("1.95", "stable"));
        assert!(!agree("", "1.95.0"));
    }
}
