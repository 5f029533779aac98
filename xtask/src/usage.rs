//! Requests that make no sense.

/// A request that makes no sense; exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UsageError {
    /// A name that is nowhere in the table.
    #[error("unknown {kind} `{found}`; did you mean `{nearest}`? ({known})")]
    Unknown { kind: &'static str, found: String, nearest: String, known: String },
    /// Nothing between two commas.
    #[error("empty item in --only `{only}`; expected {expected}")]
    Empty { only: String, expected: &'static str },
    /// Seeds for runs that have theirs.
    #[error("--seeds is for tables; the runs of {target} name their seeds")]
    SeedsOfFigure { target: &'static str },
    /// A part of everything.
    #[error("--only is for one table or figure; name it instead of `all`")]
    PartOfAll,
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
    /// An unknown name, with the nearest of the known ones.
    pub(crate) fn unknown<'a>(
        kind: &'static str,
        found: &str,
        known: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        let distance = |name: &&&str| strsim::damerau_levenshtein(name, found);
        let nearest = known.iter().min_by_key(distance).map_or("", |name| *name).to_owned();
        Self::Unknown { kind, found: found.to_owned(), nearest, known: known.join(", ") }
    }
}
