//! The parts of a machine that are looked at: its environment and its files. Nothing is started or loaded.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The values of variables by their names.
type Variables = Box<dyn Fn(&str) -> Option<OsString>>;

/// A machine, or what a test has for one.
pub(super) struct Machine {
    /// Where `/` is.
    root: PathBuf,
    variable: Variables,
}

impl Machine {
    /// The one that this program runs on.
    pub(super) fn here() -> Self {
        Self { root: "/".into(), variable: Box::new(|name| std::env::var_os(name)) }
    }

    /// A folder that stands for `/`, with an environment in which folders are absolute, too.
    #[cfg(test)]
    pub(super) fn fake(root: &Path, variables: &'static [(&'static str, &'static str)]) -> Self {
        let variable = move |name: &str| {
            variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).into())
        };
        Self { root: root.to_owned(), variable: Box::new(variable) }
    }

    /// A variable that is not empty.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// The folders of a variable that lists some.
    pub(super) fn folders(&self, name: &str) -> Vec<PathBuf> {
        self.variable(name).map_or_else(Vec::new, |list| std::env::split_paths(&list).collect())
    }

    /// Whether there is a file.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.place(path).is_file()
    }

    /// The text of a file, if it is there.
    pub(super) fn read(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(self.place(path)).ok()
    }

    /// The first of these folders that has a file of this name: the file.
    pub(super) fn find(&self, folders: &[PathBuf], name: &str) -> Option<PathBuf> {
        folders.iter().map(|folder| folder.join(name)).find(|path| self.is_file(path))
    }

    fn place(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}
