//! What cargo says about the crates that are published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

use super::order::in_order;
use crate::workspace::Workspace;

/// A crate of the workspace, as its manifest describes it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) readme: Option<PathBuf>,
    pub(super) documentation: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) rust_version: Option<String>,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    #[serde(default)]
    pub(super) features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    metadata: Option<serde_json::Value>,
    /// The registries it may go to: none in the list means nowhere, no list means anywhere.
    publish: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Dependency {
    name: String,
    req: String,
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
}

impl Crate {
    /// The crates that are published, each after those that it needs.
    pub(super) fn published(workspace: &Workspace) -> Result<Vec<Self>> {
        let metadata: Metadata = workspace.metadata()?;
        in_order(metadata.packages.into_iter().filter(Self::is_published).collect())
    }

    fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }

    /// The crates of the workspace that have to be on crates.io first. A development dependency without a version
    /// is not: cargo leaves it out of the package.
    pub(super) fn needs(&self) -> BTreeSet<&str> {
        let siblings = self.dependencies.iter().filter(|it| it.path.is_some() && it.req != "*");
        siblings.map(|it| it.name.as_str()).collect()
    }

    /// Name and version, as folders and archives are called.
    pub(super) fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// Whether there is an interface to document.
    pub(super) fn has_library(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }

    /// What docs.rs is told, under this key.
    fn docs_rs(&self, key: &str) -> Option<&serde_json::Value> {
        self.metadata.as_ref()?.get("docs")?.get("rs")?.get(key)
    }

    /// The features with which docs.rs documents it.
    pub(super) fn documented_features(&self) -> Vec<&str> {
        let all = self.docs_rs("all-features").and_then(serde_json::Value::as_bool);
        if all == Some(true) {
            return self.features.keys().map(String::as_str).collect();
        }
        let listed = self.docs_rs("features").and_then(serde_json::Value::as_array);
        listed.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Crate;
    use crate::workspace::Workspace;

    /// A crate with these siblings, and whatever else is given as JSON.
    pub(in crate::package) fn example(name: &str, siblings: &[&str], more: &str) -> Crate {
        let dependencies: Vec<String> = siblings
            .iter()
            .map(|it| format!(r#"{{"name":"{it}","req":"^0.1.0","path":"crates/{it}"}}"#))
            .collect();
        let dependencies = dependencies.join(",");
        let text = format!(
            r#"{{"name":"{name}","version":"0.1.0","dependencies":[{dependencies}]{more}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_dependency_that_cargo_leaves_out_is_not_needed() {
        let mut one = example("one", &["two", "bench"], "");
        one.dependencies[1].req = "*".to_owned();
        assert_eq!(one.needs().into_iter().collect::<Vec<_>>(), ["two"]);
    }

    #[test]
    fn docs_rs_documents_listed_features_or_all() {
        let features = r#","features":{"cuda":[],"download":[]}"#;
        let with = |metadata: &str| {
            example("one", &[], &format!(r#"{features},"metadata":{metadata}"#))
                .documented_features()
                .join(" ")
        };
        assert_eq!(with("null"), "");
        assert_eq!(with(r#"{"docs":{"rs":{"features":["download"]}}}"#), "download");
        assert_eq!(with(r#"{"docs":{"rs":{"all-features":true}}}"#), "cuda download");
    }

    #[test]
    fn the_harness_of_the_benchmarks_and_the_tasks_are_not_published() {
        let crates = Crate::published(&Workspace::locate().unwrap()).unwrap();
        let names: Vec<&str> = crates.iter().map(|it| it.name.as_str()).collect();
        assert!(names.contains(&"nwm-core") && names.last() == Some(&"nwm"), "{names:?}");
        assert!(!names.contains(&"nwm-bench") && !names.contains(&"xtask"), "{names:?}");
        assert!(crates.iter().all(|it| it.has_library() != (it.name == "nwm")));
    }
}
