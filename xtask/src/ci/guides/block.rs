//! The fenced blocks of a page.

const FENCE: &str = "```";
/// Before the reason why a block is for readers alone.
const NOT_RUN: &str = "not run:";
/// What ends a loop is no command of its own.
const LOOP_END: &str = "done";
/// First words of lines that somebody is meant to type.
const PROGRAMS: &[&str] = &["cargo", "nwm", "git", "python3", "pip", "xtask/cuda/setup-toolkit.sh"];

/// A block that concerns the shell or Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// That of its fence, from 1.
    pub(super) line: usize,
    pub(super) content: Content,
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// To be run, unless there is a reason not to.
    Script(Language, Option<String>),
    /// What the script before prints.
    Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Shell,
    Python,
}

impl Block {
    /// The blocks of a page in its order, or what is wrong with them, each with its line.
    pub(super) fn all(page: &str) -> Result<Vec<Self>, Vec<String>> {
        let (mut blocks, mut problems) = (Vec::new(), Vec::new());
        let mut lines = (1..).zip(page.lines());
        while let Some((line, opening)) = lines.next() {
            let Some(words) = opening.strip_prefix(FENCE) else { continue };
            let mut text = String::new();
            let mut closed = false;
            for (_, content) in lines.by_ref() {
                closed = content.trim_end() == FENCE;
                if closed {
                    break;
                }
                text.push_str(content);
                text.push('\n');
            }
            match content(words.trim(), &text) {
                _ if !closed => problems.push(format!("{line}: a block without an end")),
                Ok(None) => {}
                Ok(Some(content)) => blocks.push(Self { line, content, text }),
                Err(problem) => problems.push(format!("{line}: {problem}")),
            }
        }
        if problems.is_empty() { Ok(blocks) } else { Err(problems) }
    }

    /// The lines that somebody would type, without those that only go on or explain.
    pub(super) fn commands(&self) -> usize {
        let mut goes_on = false;
        let begins = |line: &&str| {
            let begins = !goes_on && !line.is_empty() && !line.starts_with([' ', '#']);
            let begins = begins && *line != LOOP_END;
            goes_on = line.ends_with('\\');
            begins
        };
        match self.content {
            Content::Script(Language::Shell, _) => self.text.lines().filter(begins).count(),
            Content::Script(Language::Python, _) => 1,
            Content::Output => 0,
        }
    }
}

/// What the words after a fence say of the text below it; none if it is of no concern.
fn content(words: &str, text: &str) -> Result<Option<Content>, String> {
    let (language, more) = words.split_once(' ').unwrap_or((words, ""));
    let language = match language {
        "sh" => Language::Shell,
        "python" => Language::Python,
        "bash" | "console" | "shell" => {
            return Err(format!("{language}: expected `sh` for commands"));
        }
        "text" if more == "output" => return Ok(Some(Content::Output)),
        "text" if !more.is_empty() => {
            return Err(format!("text {more}: expected `text` or `text output`"));
        }
        "" if text.lines().any(is_command) => {
            return Err("commands in a block without a language: expected `sh`".to_owned());
        }
        _ => return Ok(None),
    };
    let reason = more.strip_prefix(NOT_RUN).map(|reason| reason.trim().to_owned());
    match (&reason, more) {
        (None, "") => Ok(Some(Content::Script(language, None))),
        (Some(reason), _) if !reason.is_empty() => {
            Ok(Some(Content::Script(language, Some(reason.clone()))))
        }
        _ => Err(format!("{words}: expected nothing or `{NOT_RUN} REASON` after the language")),
    }
}

fn is_command(line: &str) -> bool {
    line.split(' ').next().is_some_and(|first| PROGRAMS.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::{Block, Content, Language};

    #[test]
    fn scripts_outputs_and_reasons_are_told_apart() {
        let page = "Words.\n```sh\na \\\n  b\n# c\nd; do\n  e\ndone\n```\n\n```text output\nx\n```\n\
                    ```python not run: needs a screen\ny\n```\n```rust,no_run\nz\n```\n```\nw = 1\n```\n";
        let blocks = Block::all(page).unwrap();
        let of =
            |index: usize| (&blocks[index].content, blocks[index].line, blocks[index].commands());
        assert_eq!(blocks.len(), 3);
        assert_eq!(of(0), (&Content::Script(Language::Shell, None), 2, 2));
        assert_eq!(of(1), (&Content::Output, 11, 0));
        let reason = Some("needs a screen".to_owned());
        assert_eq!(of(2), (&Content::Script(Language::Python, reason), 14, 1));
        assert_eq!(blocks[0].text, "a \\\n  b\n# c\nd; do\n  e\ndone\n");
    }

    #[test]
    fn commands_cannot_hide_and_words_cannot_be_wrong() {
        for (page, problem) in [
            ("```\ncargo test\n```\n", "1: commands in a block without a language"),
            ("```\nxtask/cuda/setup-toolkit.sh\n```\n", "1: commands in a block"),
            ("```bash\na\n```\n", "1: bash: expected `sh`"),
            ("\n```sh skip\na\n```\n", "2: sh skip: expected nothing or `not run: REASON`"),
            ("```sh not run:\na\n```\n", "1: sh not run:: expected"),
            ("```text outptu\na\n```\n", "1: text outptu: expected `text` or"),
            ("```sh\na\n", "1: a block without an end"),
        ] {
            let problems = Block::all(page).unwrap_err();
            assert!(problems[0].starts_with(problem), "{problems:?}");
        }
    }
}
