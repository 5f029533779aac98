//! Whether a program prints what a page says that it prints.

/// Stands for any lines as a line of its own, and for any text within a line.
const ANYTHING: &str = "...";

/// The first line that is expected and not there, or there and not expected; none if all fits. Spaces at the ends of lines
/// and of the text do not count.
pub(super) fn difference(expected: &str, found: &str) -> Option<String> {
    let [expected, found] = [expected, found]
        .map(|text| -> Vec<&str> { text.trim_end().lines().map(str::trim_end).collect() });
    match unmatched(&expected, &found) {
        None => None,
        Some((Some(expected), Some(found))) => {
            Some(format!("expected the line {expected:?}, found {found:?}"))
        }
        Some((Some(expected), None)) => {
            Some(format!("expected the line {expected:?}, found the end"))
        }
        Some((None, found)) => {
            Some(format!("expected the end, found {:?}", found.unwrap_or_default()))
        }
    }
}

/// Where the two part for good, with as much matched as can be.
type Parting<'a> = (Option<&'a str>, Option<&'a str>);

fn unmatched<'a>(expected: &[&'a str], found: &[&'a str]) -> Option<Parting<'a>> {
    match expected.split_first() {
        None => found.first().map(|line| (None, Some(*line))),
        Some((&ANYTHING, rest)) => {
            let mut attempts = (0..=found.len()).map(|skipped| unmatched(rest, &found[skipped..]));
            let first = attempts.next().flatten()?;
            // The reader looks for the line after the dots.
            attempts.all(|attempt| attempt.is_some()).then_some((first.0, None))
        }
        Some((line, rest)) => match found.split_first() {
            Some((next, others)) if fits(line, next) => unmatched(rest, others),
            next => Some((Some(line), next.map(|(next, _)| *next))),
        },
    }
}

/// Whether a line is the one that is expected, in which dots stand for anything.
fn fits(expected: &str, found: &str) -> bool {
    let Some((start, rest)) = expected.split_once(ANYTHING) else { return expected == found };
    let Some(mut found) = found.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split(ANYTHING).collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(position) = found.find(part) else { return false };
        found = &found[position + part.len()..];
    }
    found.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_same_lines_fit_whatever_spaces_they_end_with() {
        assert_eq!(difference("a  \n b\n\n", "a\n b "), None);
        assert_eq!(difference("", ""), None);
    }

    #[test]
    fn another_line_is_named() {
        for (expected, found, named) in [
            ("a\nb", "a\nc", "expected the line \"b\", found \"c\""),
            ("a\nb", "a", "expected the line \"b\", found the end"),
            ("a", "a\nb", "expected the end, found \"b\""),
            (" a", "a", "expected the line \" a\", found \"a\""),
            ("...\nb", "a\nc", "expected the line \"b\", found the end"),
        ] {
            assert_eq!(
                difference(expected, found).as_deref(),
                Some(named),
                "{expected:?} {found:?}"
            );
        }
    }

    #[test]
    fn dots_stand_for_lines_and_for_parts_of_them() {
        for (expected, found) in [
            ("...", ""),
            ("...", "a\nb"),
            ("...\nc", "a\nb\nc"),
            ("a\n...\nc\n...", "a\nb\nc"),
            ("...\nb\nc", "b\na\nb\nc"),
            ("took ... s", "took 12 s"),
            ("... of ... s", "1 of 2 s"),
        ] {
            assert_eq!(difference(expected, found), None, "{expected:?} {found:?}");
        }
        assert!(difference("took ... s", "took 12 min").is_some());
        assert!(difference("ab...ba", "aba").is_some());
        assert!(difference("a...b...c", "a c").is_some());
    }
}
