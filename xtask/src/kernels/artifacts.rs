//! The files that are checked in beside kernels, compared with what the sources compile to or written from it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use super::compile::Built;
use super::{ptx, resources};
use crate::files;

/// Every difference between the files of a folder and its sources, a line each.
pub(super) fn differences(root: &Path, built: &Built) -> Result<Vec<String>> {
    let mut differences = table_differences(root, built)?;
    for (path, text) in &built.ptx {
        match read(root, path)? {
            None => differences.push(format!("{path}: missing")),
            Some(found) => differences.extend(ptx::difference(&found, text).map(|difference| {
                format!("{path}: not what its source compiles to; {difference}")
            })),
        }
    }
    differences.extend(
        leftovers(root, built)?.into_iter().map(|path| format!("{path}: its source is not there")),
    );
    Ok(differences)
}

/// Writes the files of a folder that differ, and removes those without a source. Returns their paths.
pub(super) fn update(root: &Path, built: &Built) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    let table = built.folder.table();
    if !table_differences(root, built)?.is_empty() {
        if built.rows.is_empty() {
            remove(root, &table)?;
        } else {
            files::write(&root.join(&table), &resources::text(&built.rows))?;
        }
        changed.push(table);
    }
    for (path, text) in &built.ptx {
        let found = read(root, path)?;
        if found.is_none_or(|found| ptx::difference(&found, text).is_some()) {
            files::write(&root.join(path), text)?;
            changed.push(path.clone());
        }
    }
    for path in leftovers(root, built)? {
        remove(root, &path)?;
        changed.push(path);
    }
    Ok(changed)
}

fn table_differences(root: &Path, built: &Built) -> Result<Vec<String>> {
    let path = built.folder.table();
    let differences = match (read(root, &path)?, built.rows.is_empty()) {
        (None, true) => Vec::new(),
        (None, false) => vec!["missing".to_owned()],
        (Some(_), true) => vec!["a table without kernels".to_owned()],
        (Some(text), false) => match resources::parse(&text) {
            Ok(table) => resources::differences(&table, &built.rows),
            Err(error) => vec![format!("{error:#}")],
        },
    };
    Ok(differences.into_iter().map(|difference| format!("{path}: {difference}")).collect())
}

/// PTX that no source compiles to.
fn leftovers(root: &Path, built: &Built) -> Result<Vec<String>> {
    let mut present = built.folder.present_ptx(root)?;
    present.retain(|path| !built.ptx.contains_key(path));
    Ok(present)
}

/// The text of a file, if it is there.
fn read(root: &Path, path: &str) -> Result<Option<String>> {
    match fs::read_to_string(root.join(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => Ok(Some(text.with_context(|| format!("failed to read {path}"))?)),
    }
}

fn remove(root: &Path, path: &str) -> Result<()> {
    fs::remove_file(root.join(path)).with_context(|| format!("failed to remove {path}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Built, differences, update};
    use crate::kernels::resources::Row;
    use crate::kernels::sources::KernelFolder;

    const PTX: &str = "crates/a/kernels/ptx/cell.compute_80.ptx";
    const TABLE: &str = "crates/a/kernels/resources.csv";

    fn built(registers: u32) -> Built {
        let row = Row {
            module: "cell".to_owned(),
            kernel: "step".to_owned(),
            architecture: "sm_80".to_owned(),
            registers,
            spill_stores: 0,
            spill_loads: 0,
            static_shared_bytes: 0,
            stack_bytes: 0,
        };
        Built {
            folder: KernelFolder::new("crates/a/kernels", &["cell"]),
            ptx: [(PTX.to_owned(), format!("// {registers}\n"))].into(),
            rows: vec![row],
        }
    }

    fn nothing() -> Built {
        let folder = KernelFolder::new("crates/a/kernels", &[]);
        Built { folder, ptx: [].into(), rows: Vec::new() }
    }

    fn write(root: &Path, path: &str, text: &str) {
        std::fs::write(root.join(path), text).unwrap();
    }

    #[test]
    fn what_was_written_does_not_differ_and_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let missing = [format!("{TABLE}: missing"), format!("{PTX}: missing")];
        assert_eq!(differences(root, &built(40)).unwrap(), missing);
        assert_eq!(update(root, &built(40)).unwrap(), [TABLE, PTX]);
        assert_eq!(differences(root, &built(40)).unwrap(), [""; 0]);
        assert_eq!(update(root, &built(40)).unwrap(), [""; 0]);
    }

    #[test]
    fn a_changed_source_is_told_by_table_and_ptx() {
        let folder = tempfile::tempdir().unwrap();
        update(folder.path(), &built(40)).unwrap();
        let found = differences(folder.path(), &built(48)).unwrap();
        assert_eq!(
            found,
            [
                format!("{TABLE}: step of cell on sm_80: 48 registers, 40 in the table (more)"),
                format!(
                    "{PTX}: not what its source compiles to; line 1: found `// 40`, expected `// 48`"
                ),
            ]
        );
        update(folder.path(), &built(48)).unwrap();
        assert_eq!(differences(folder.path(), &built(48)).unwrap(), [""; 0]);
    }

    #[test]
    fn files_without_a_source_are_named_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        update(root, &built(40)).unwrap();
        let old = "crates/a/kernels/ptx/old.compute_80.ptx";
        write(root, old, "");
        let found = differences(root, &built(40)).unwrap();
        assert_eq!(found, [format!("{old}: its source is not there")]);
        assert_eq!(differences(root, &nothing()).unwrap().len(), 3);
        assert_eq!(update(root, &nothing()).unwrap(), [TABLE, PTX, old]);
        assert_eq!(differences(root, &nothing()).unwrap(), [""; 0]);
    }

    #[test]
    fn a_damaged_table_is_a_difference_and_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        update(root, &built(40)).unwrap();
        write(root, TABLE, "module\n");
        let found = differences(root, &built(40)).unwrap();
        assert!(found.len() == 1 && found[0].contains("resources.csv: line 1"), "{found:?}");
        assert_eq!(update(root, &built(40)).unwrap(), [TABLE]);
    }
}
