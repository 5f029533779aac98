//! How an experiment relates to the published one, and the words that say so everywhere.

/// The preset of the published setting.
const PUBLISHED_PRESET: &str = "paper";

/// Whether numbers may stand beside published ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale<'a> {
    /// The published setting.
    Published,
    /// A preset with smaller models, less data or fewer steps.
    Reduced(&'a str),
    /// A configuration that follows no preset, or changes the published one.
    Own,
}

impl<'a> Scale<'a> {
    /// The scale of a run of this preset; `published` says whether all of its settings are the published ones.
    pub(crate) fn of(preset: Option<&'a str>, published: bool) -> Self {
        match preset {
            _ if published => Self::Published,
            Some(preset) if preset != PUBLISHED_PRESET => Self::Reduced(preset),
            _ => Self::Own,
        }
    }

    /// What stands beside the heading of every table and chart of numbers.
    pub(crate) fn label(self) -> Option<String> {
        match self {
            Self::Published => None,
            Self::Reduced(preset) => Some(format!("reduced, preset {preset}")),
            Self::Own => Some("own configuration".to_owned()),
        }
    }

    /// What stands at the top of a page of numbers.
    pub(super) fn notice(self) -> Option<String> {
        match self {
            Self::Published => None,
            Self::Reduced(preset) => Some(format!(
                "Reduced experiment (preset {preset}): smaller models, less data or fewer steps \
                 than the published setting. Its numbers must not be compared with published ones."
            )),
            Self::Own => Some(
                "Own configuration, not the published one: its numbers must not be compared with \
                 published ones as if they were the same experiment."
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_settings_go_unlabelled() {
        assert_eq!(Scale::of(Some("paper"), true).label(), None);
        assert_eq!(Scale::of(Some("paper"), true).notice(), None);
        assert_eq!(Scale::of(None, true), Scale::Published);
        let reduced = Scale::of(Some("smoke"), false);
        assert_eq!(reduced.label().as_deref(), Some("reduced, preset smoke"));
        assert!(Scale::of(Some("quick"), false).notice().is_some_and(|it| it.contains("quick")));
        // The published preset with a setting laid over it is another experiment.
        assert_eq!(Scale::of(Some("paper"), false), Scale::Own);
        assert_eq!(Scale::of(None, false).label().as_deref(), Some("own configuration"));
    }
}
