//! A file of commands, one a line, for tools that are not known here: GNU parallel, xargs, another scheduler.

use anyhow::Result;

use super::batch::{Batch, Ending};
use super::task_list::Task;
use crate::files;

/// Writes the commands, each in words that a POSIX shell reads as they are.
pub(super) fn write(batch: &Batch<'_>) -> Result<Ending> {
    let path = batch.folder.join("commands.txt");
    let line =
        |task: &Task| batch.command(task).iter().map(|word| quoted(word)).collect::<Vec<_>>();
    let lines = batch.tasks.iter().map(|task| line(task).join(" ") + "\n");
    files::write(&path, &lines.collect::<String>())?;
    Ok(Ending::Left(format!(
        "{} commands are in {}; run them in any order, on any machine that has this folder, as often as you like:\n\
         parallel --jobs 4 < {}",
        batch.tasks.len(),
        path.display(),
        quoted(&path.to_string_lossy())
    )))
}

/// A word for a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-=+,:@%".contains(it);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_only_where_a_shell_would_change_them() {
        assert_eq!(quoted("/a/b-c_1.jsonl"), "/a/b-c_1.jsonl");
        assert_eq!(quoted("my runs"), "'my runs'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$HOME"), "'$HOME'");
        assert_eq!(quoted(""), "''");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_quoted_words_as_they_are() {
        for word in ["plain", "two words", "it's", "$HOME `date` \\ \"", "*", ""] {
            let script = format!("printf %s {}", quoted(word));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
