//! Files that are either complete or absent.
//!
//! The new content goes to a scratch file in the folder of the target, is flushed to the disk,
//! takes the target's name, and then the folder is flushed. A reader sees the old file or the new
//! one, never a mixture, also after a crash. On failure the scratch file is removed and the old
//! file stays. The cost is one flush of the file and, on Unix, one of the folder.

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::error::Error;

/// How names of scratch files end.
const SCRATCH_SUFFIX: &str = ".partial";

/// Calls `write` with the path of an empty scratch file and gives that file the name `path`
/// afterwards.
///
/// Returns what `write` returned.
///
/// # Errors
///
/// Whatever `write` returns, or [`Error::Io`] if the scratch file cannot be created, flushed or
/// renamed (a missing folder, a full or read-only disk), or if `path` is a folder. A file already at
/// `path` is untouched, unless only its folder could not be flushed afterwards.
pub fn write_atomically<T, E>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<Error>,
{
    write_atomically_from(folder_of(path), path, write)
}

/// [`write_atomically`] with the scratch file in another folder of the same file system.
pub(crate) fn write_atomically_from<T, E>(
    scratch_folder: &Path,
    path: &Path,
    write: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<Error>,
{
    let failed = |action| move |source| Error::Io { path: path.to_path_buf(), action, source };
    check_target(path)?;
    let scratch = scratch_file(path, scratch_folder)
        .map_err(failed("create a scratch file beside it; does its folder exist?"))?
        .into_temp_path();
    let value = write(&scratch)?;
    flush(&scratch, path)?;
    scratch.persist(path).map_err(|error| failed("rename its scratch file to it")(error.error))?;
    flush_folder_of(path)?;
    Ok(value)
}

/// Refuses a path that no file can have, before work is spent on its content.
///
/// # Errors
///
/// [`Error::Io`] if it is a folder.
pub(crate) fn check_target(path: &Path) -> Result<(), Error> {
    if path.file_name().is_some() && !path.is_dir() {
        return Ok(());
    }
    Err(Error::Io {
        path: path.to_path_buf(),
        action: "write a file of this name",
        source: std::io::ErrorKind::IsADirectory.into(),
    })
}

/// Removes the scratch files of `path` that processes left when they were killed. Only for those who know that nobody writes
/// the file now: they hold a lock.
///
/// # Errors
///
/// [`Error::Io`] if the folder cannot be listed, or a file in it not removed.
pub fn remove_scratch_files_of(path: &Path) -> Result<(), Error> {
    let failed = |action| move |source| Error::Io { path: path.to_path_buf(), action, source };
    let prefix = scratch_prefix(path);
    let entries = std::fs::read_dir(folder_of(path)).map_err(failed("list its folder"))?;
    for entry in entries {
        let entry = entry.map_err(failed("list its folder"))?;
        let name = entry.file_name();
        if is_scratch(&name) && name.to_string_lossy().starts_with(&prefix) {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("remove a scratch file of it")(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether a name in a folder is that of a scratch file.
pub(crate) fn is_scratch(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.ends_with(SCRATCH_SUFFIX)
}

/// Gives a complete file in the same file system the name `path`, replacing what has it: flushed, renamed, folder
/// flushed.
///
/// # Errors
///
/// [`Error::Io`]; the file is at one of the two places.
#[cfg(feature = "download")]
pub(crate) fn persist(complete: &Path, path: &Path) -> Result<(), Error> {
    flush(complete, path)?;
    std::fs::rename(complete, path).map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "rename its scratch file to it",
        source,
    })?;
    flush_folder_of(path)
}

/// Flushes `scratch`, which is going to be `path`.
fn flush(scratch: &Path, path: &Path) -> Result<(), Error> {
    let flushed = OpenOptions::new().write(true).open(scratch).and_then(|file| file.sync_all());
    flushed.map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "flush it to the disk",
        source,
    })
}

/// The folder of a file.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// How names of the scratch files of `path` begin.
fn scratch_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// A scratch file in `folder`, named after `path`, hidden, with the usual permissions.
fn scratch_file(path: &Path, folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let prefix = scratch_prefix(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SCRATCH_SUFFIX);
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt;
        // Scratch files are private by default; this one becomes an ordinary file (the umask of
        // the process still applies).
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(permissions);
    builder.tempfile_in(folder)
}

/// Makes the renaming durable where folders can be flushed.
fn flush_folder_of(path: &Path) -> Result<(), Error> {
    let flushed = if cfg!(unix) {
        File::open(folder_of(path)).and_then(|folder| folder.sync_all())
    } else {
        Ok(())
    };
    flushed.map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "flush its folder to the disk; the file is complete",
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_target_appears_complete_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.h5");
        let value = write_atomically(&path, |scratch| {
            assert!(!path.exists());
            std::fs::write(scratch, b"new").unwrap();
            Ok::<_, Error>(7)
        });
        assert_eq!(value.unwrap(), 7);
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["set.h5"]);
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_no_scratch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.h5");
        std::fs::write(&path, b"old").unwrap();
        let result: Result<(), Error> = write_atomically(&path, |scratch| {
            std::fs::write(scratch, b"half").unwrap();
            Err(Error::EmptySource)
        });
        assert!(matches!(result, Err(Error::EmptySource)));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["set.h5"]);
    }

    #[test]
    fn what_a_kill_has_left_of_one_file_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let left =
            [".set.h5.aB3dEf.partial", ".set.h5.x.h5.partial", ".other.h5.x.partial", ".set.h5.x"];
        for name in left {
            std::fs::write(folder.path().join(name), b"half").unwrap();
        }
        remove_scratch_files_of(&folder.path().join("set.h5")).unwrap();
        assert_eq!(names(folder.path()), [".other.h5.x.partial", ".set.h5.x"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_target() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("set.h5");
        let error = write_atomically(&path, |_| Ok::<_, Error>(())).unwrap_err();
        assert!(error.to_string().contains("set.h5"), "{error}");
    }

    #[test]
    fn a_folder_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_path_buf(), folder.path().join("..")] {
            let error = write_atomically(&path, |_| -> Result<(), Error> { panic!("called") });
            assert!(error.unwrap_err().to_string().contains("write a file of this name"));
        }
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_the_file_as_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_atomically(&ours, |scratch| {
            std::fs::write(scratch, b"x").unwrap();
            Ok::<_, Error>(())
        })
        .unwrap();
        std::fs::write(&plain, b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
