//! The command line of this process, as runs record it.

use std::ffi::OsString;
use std::path::Path;

/// The command line of this process as it can be given again in the same folder, also on another
/// machine: the program by its name alone, and paths inside the folder relative to it.
pub fn command_line() -> Vec<String> {
    portable(std::env::args_os(), &std::env::current_dir().unwrap_or_default())
}

fn portable(arguments: impl Iterator<Item = OsString>, folder: &Path) -> Vec<String> {
    let shortened = arguments.enumerate().map(|(place, argument)| {
        let path = Path::new(&argument);
        let shorter = match place {
            0 => path.file_name().map(Path::new),
            _ => path.strip_prefix(folder).ok(),
        };
        let shorter = shorter.filter(|it| !it.as_os_str().is_empty()).unwrap_or(path);
        shorter.to_string_lossy().into_owned()
    });
    shortened.collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::portable;

    #[test]
    fn what_is_inside_the_folder_is_named_from_there() {
        let folder = PathBuf::from("/somewhere/project");
        let inside = folder.join("runs").join("a");
        let given = [
            "/usr/bin/nwm".into(),
            "--run-dir".into(),
            inside.into_os_string(),
            "--config".into(),
            "/etc/nwm.toml".into(),
            "a=/somewhere/project/b".into(),
            folder.clone().into_os_string(),
        ];
        let run = Path::new("runs").join("a");
        assert_eq!(
            portable(given.into_iter(), &folder),
            [
                "nwm",
                "--run-dir",
                run.to_str().unwrap(),
                "--config",
                "/etc/nwm.toml",
                "a=/somewhere/project/b",
                "/somewhere/project",
            ]
        );
    }

    #[test]
    fn all_arguments_stay_in_an_unknown_folder() {
        let given = ["nwm", "train", "/run"].map(Into::into);
        assert_eq!(portable(given.into_iter(), Path::new("")), ["nwm", "train", "/run"]);
    }
}
