//! The plan of a figure: which runs and products it is drawn of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::super::run_files::read_json;
use super::kinds::{FigureKind, KINDS};

/// What `cargo xtask reproduce FIGURE` plans.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FigurePlan {
    pub(super) figure: String,
    pub(super) title: String,
    pub(super) preset: String,
    /// Whether the runs are smaller than the published ones.
    pub(super) reduced: bool,
    /// What differs from the published figure.
    #[serde(default)]
    pub(super) note: String,
    pub(super) commit: String,
    pub(super) runs: Vec<PlannedFigureRun>,
    /// The folder that paths are relative to: the one above the plan's own.
    #[serde(skip)]
    root: PathBuf,
}

/// One run of a figure. Paths are relative to the folder above the plan's own.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PlannedFigureRun {
    pub(super) name: String,
    pub(super) data: String,
    pub(super) model: String,
    pub(super) seed: u64,
    pub(super) run_dir: String,
    /// The folder of each product by its name.
    #[serde(default)]
    pub(super) products: BTreeMap<String, String>,
}

impl FigurePlan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    ///
    /// When the file is missing, broken, of another version, or plans a figure that this program does not know.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let plan: Self = read_json(path)?.with_context(|| {
            format!("read {}: not found; cargo xtask reproduce plans a figure", path.display())
        })?;
        plan.check().with_context(|| format!("read {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let root = match folder.file_name() {
            Some(_) => folder.parent().unwrap_or(Path::new("")).to_owned(),
            None => folder.join(".."),
        };
        Ok(Self { root, ..plan })
    }

    fn check(&self) -> Result<()> {
        self.kind()?;
        ensure!(!self.runs.is_empty(), "runs: found none, expected at least one");
        let mut names = BTreeSet::new();
        for (position, run) in self.runs.iter().enumerate() {
            // Names become those of files.
            let plain = |text: &str| {
                !text.is_empty()
                    && text.chars().all(|it| it.is_ascii_alphanumeric() || "_-".contains(it))
            };
            for name in std::iter::once(&run.name).chain(run.products.keys()) {
                ensure!(
                    plain(name),
                    "runs[{position}]: found the name {name:?}, expected letters, digits, _ and -"
                );
            }
            if !names.insert(&run.name) {
                bail!("runs[{position}].name: found {:?} a second time", run.name);
            }
        }
        Ok(())
    }

    /// What the figure is about.
    pub(super) fn kind(&self) -> Result<&'static FigureKind> {
        KINDS.iter().find(|kind| kind.name == self.figure).with_context(|| {
            let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            format!("figure: found {:?}, expected one of {}", self.figure, names.join(", "))
        })
    }

    /// A path of the plan.
    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }
}
