//! Writing files so that nobody sees half of one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes a file so that a reader sees the old one or the new one, never a part: into a neighbouring file,
/// flushed to disk, then renamed. Makes its folder if there is none.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    write_with(path, |file| file.write_all(text.as_bytes()))
}

/// The same for content that is made while it is written.
pub(crate) fn write_with(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<()> {
    let context = || format!("failed to write {}", path.display());
    let folder = path.parent().with_context(context)?;
    std::fs::create_dir_all(folder).with_context(context)?;
    let mut name = path.file_name().with_context(context)?.to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = folder.join(name);
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(&partial)?);
        content(&mut file)?;
        file.into_inner()?.sync_all()?;
        std::fs::rename(&partial, path)?;
        // Without this the rename itself may be lost with the power. Folders cannot be opened on
        // every platform.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    };
    write()
        .inspect_err(|_| {
            // The error being returned matters more than a leftover.
            let _ = std::fs::remove_file(&partial);
        })
        .with_context(context)
}

/// Makes a folder, or removes all that is in it.
pub(crate) fn make_empty(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("failed to empty {}", folder.display()));
        }
        _ => {}
    }
    std::fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))
}

/// Copies a program into a folder under its own name, replacing an older copy that may be running.
pub(crate) fn copy_program(program: &Path, folder: &Path) -> Result<PathBuf> {
    let context = || format!("failed to copy {} to {}", program.display(), folder.display());
    let name = program.file_name().with_context(context)?;
    let path = folder.join(name);
    let partial = folder.join(format!("{}.{}.partial", name.to_string_lossy(), std::process::id()));
    std::fs::create_dir_all(folder).with_context(context)?;
    std::fs::copy(program, &partial)
        .and_then(|_| std::fs::rename(&partial, &path))
        .with_context(context)?;
    Ok(path)
}

/// The files in a folder and in those below it.
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in entries(folder)? {
        if entry.is_dir() { paths.extend(below(&entry)?) } else { paths.push(entry) }
    }
    Ok(paths)
}

/// What is in a folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("failed to list {}", folder.display());
    std::fs::read_dir(folder)
        .with_context(context)?
        .map(|entry| Ok(entry.with_context(context)?.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/page.md");
        write(&path, "old").unwrap();
        write(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        std::fs::create_dir(&path).unwrap();
        let error = write(&path, "text").unwrap_err();
        assert!(error.to_string().contains("page.md"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
