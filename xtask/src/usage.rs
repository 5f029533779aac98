//! Requests that make no sense.

/// A request that makes no sense; exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UsageError {
    /// A name that is nowhere in the table.
    #[error("unknown {kind} `{found}`{} ({known})", nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unknown { kind: &'static str, found: String, nearest: Option<String>, known: String },
    /// Nothing between two commas.
    #[error("empty item in --only `{only}`; expected {expected}")]
    Empty { only: String, expected: &'static str },
    /// Seeds for runs that have theirs.
    #[error("--seeds is for tables; the runs of {target} name their seeds")]
    SeedsOfFigure { target: &'static str },
    /// A part of everything.
    #[error("--only is for one table or figure; name it instead of `all`")]
    PartOfAll,
    /// A description of a grid that cannot be used.
    #[error("failed to read {path}: {problem}")]
    Grid { path: String, problem: String },
    /// An amount that no machine has.
    #[error("resources.{name}: found {found}, expected {expected}")]
    Resource { name: &'static str, found: String, expected: &'static str },
    /// Names that are in no line of a list.
    #[error("no task {missing} in {list}")]
    NoTask { missing: String, list: String },
    /// GPUs of a cluster that cannot have any.
    #[error(
        "the cluster that the Python package of HyperQueue starts knows no GPUs; start a server and workers with `hq`, \
         and name its folder with --server-dir"
    )]
    LocalClusterHasNoGpus,
    /// Cases of a benchmark without the one table that they belong to.
    #[error("--case needs exactly one of cell, conv, train, data and instructions before it")]
    CaseOfSeveral,
}

impl UsageError {
    /// An unknown name, with the nearest of the known ones if a third of its letters differ at most, or two.
    pub(crate) fn unknown<'a>(
        kind: &'static str,
        found: &str,
        known: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        let most = (found.chars().count() / 3).max(2);
        let edits = known.iter().map(|name| (strsim::damerau_levenshtein(name, found), *name));
        let near = edits.filter(|(edits, _)| *edits <= most).min_by_key(|(edits, _)| *edits);
        let nearest = near.map(|(_, name)| name.to_owned());
        Self::Unknown { kind, found: found.to_owned(), nearest, known: known.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::UsageError;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["smoke", "quick", "paper"].map(str::to_owned);
        let message = |found| UsageError::unknown("preset", found, &known).to_string();
        assert_eq!(
            message("quik"),
            "unknown preset `quik`; did you mean `quick`? (smoke, quick, paper)"
        );
        assert_eq!(message("fast"), "unknown preset `fast` (smoke, quick, paper)");
    }
}
