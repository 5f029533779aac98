//! What a figure needs of a run beyond its result: a folder that further `nwm` commands fill.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::arguments::{self, Arguments};

/// The file that a command writes last into the folder of its product.
const SUMMARY: &str = "summary.json";

/// Kinds of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProductKind {
    /// Orientation maps and the images that activate units most.
    Selectivity,
    /// Decoded waves that were induced in the hidden state.
    Induce,
    /// The waves of the hidden state, by themselves.
    Waves,
}

impl ProductKind {
    /// The name in data/experiments, plans and folders.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Selectivity => "selectivity",
            Self::Induce => "induce",
            Self::Waves => "waves",
        }
    }
}

/// One product of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) kind: ProductKind,
    /// Whether it is there, and made of the run's present result.
    pub(crate) done: bool,
    run_dir: PathBuf,
    /// Folder of all products of this run.
    folder: PathBuf,
    /// Which sites of the run's sheet are neighbours.
    grid: &'static str,
}

impl Product {
    /// A product of a run of this model, as it is found in the folder of the run's products.
    pub(crate) fn find(kind: ProductKind, run_dir: &Path, model: &str, folder: &Path) -> Self {
        let grid = match model {
            "nwm_1d" => "rings",
            "nwm_2d" => "torus",
            _ => "open",
        };
        Self { kind, done: false, run_dir: run_dir.to_owned(), folder: folder.to_owned(), grid }
            .looked_at_again()
    }

    /// The same product with what is found of it now.
    pub(crate) fn looked_at_again(&self) -> Self {
        let made = modified(&self.folder.join(self.kind.name()).join(SUMMARY));
        let evaluated = modified(&self.run_dir.join("result.json"));
        let done = matches!((made, evaluated), (Some(made), Some(evaluated)) if made >= evaluated);
        Self { done, ..self.clone() }
    }

    /// Folder of all products of the run.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder of the run's products, which its first command writes into.
    pub(crate) fn make_folder(&self) -> Result<()> {
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("failed to make {}", self.folder.display()))
    }

    /// The `nwm` commands that make it, in order.
    pub(crate) fn commands(&self) -> Vec<Arguments> {
        let out = self.folder.join(self.kind.name());
        match self.kind {
            ProductKind::Selectivity => vec![arguments::selectivity(&self.run_dir, &out)],
            ProductKind::Induce => vec![arguments::induce(&self.run_dir, &out)],
            ProductKind::Waves => {
                let states = self.folder.join("states.h5");
                vec![
                    arguments::unroll(&self.run_dir, &states),
                    arguments::waves(&states, self.grid, &out),
                ]
            }
        }
    }
}

/// When a file was written, if it is there.
fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{Product, ProductKind};
    use crate::runs::arguments::command_line;

    fn write_at(path: &Path, seconds: u64) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::create(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_product_is_done_if_it_is_not_older_than_the_result() {
        let folder = tempfile::tempdir().unwrap();
        let (run_dir, products) = (folder.path().join("run"), folder.path().join("products/run"));
        let done = || Product::find(ProductKind::Induce, &run_dir, "nwm_1d", &products).done;
        assert!(!done());
        write_at(&products.join("induce/summary.json"), 2_000_000_000);
        assert!(!done(), "there is no result that it could be of");
        write_at(&run_dir.join("result.json"), 1_900_000_000);
        assert!(done());
        write_at(&run_dir.join("result.json"), 2_000_000_001);
        assert!(!done(), "the run was repeated");
    }

    #[test]
    fn waves_take_two_commands_and_the_grid_of_the_model() {
        let product = |model| {
            Product::find(ProductKind::Waves, Path::new("r"), model, Path::new("products/r"))
        };
        let verbs: Vec<_> = product("nwm_2d").commands().iter().map(|it| it[0].clone()).collect();
        assert_eq!(verbs, ["unroll", "waves"]);
        let line = |model| command_line(&product(model).commands()[1]);
        assert!(line("nwm_2d").contains("--grid torus"), "{}", line("nwm_2d"));
        assert!(line("nwm_1d").contains("--grid rings"), "{}", line("nwm_1d"));
    }

    #[test]
    fn names_in_files_and_in_folders_agree() {
        #[derive(serde::Deserialize)]
        struct Named {
            products: Vec<ProductKind>,
        }
        let names = ["selectivity", "induce", "waves"];
        let Named { products } = toml::from_str(&format!("products = {names:?}")).unwrap();
        assert_eq!(products.iter().map(|kind| kind.name()).collect::<Vec<_>>(), names);
    }
}
