//! How an experiment relates to the published one, and the words that say so everywhere.

/// The preset of the published setting.
const PUBLISHED_PRESET: &str = "paper";

/// Whether numbers may stand beside published ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale<'a> {
    /// The published setting.
    Published,
    /// A preset with smaller models, less data or fewer steps.
    Reduced(&'a str),
    /// A configuration that follows no preset.
    Own,
}

impl<'a> Scale<'a> {
    /// The scale of a run of this preset.
    pub(super) fn of(preset: Option<&'a str>) -> Self {
        match preset {
            Some(PUBLISHED_PRESET) => Self::Published,
            Some(preset) => Self::Reduced(preset),
            None => Self::Own,
        }
    }

    /// What stands beside the heading of every table and chart of numbers.
    pub(super) fn label(self) -> Option<String> {
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
                "Own configuration, without a preset: compare its numbers with published ones \
                 only if every setting agrees."
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_preset_goes_unlabelled() {
        assert_eq!(Scale::of(Some("paper")).label(), None);
        assert_eq!(Scale::of(Some("paper")).notice(), None);
        assert_eq!(Scale::of(Some("smoke")).label().as_deref(), Some("reduced, preset smoke"));
        assert!(Scale::of(Some("quick")).notice().is_some_and(|text| text.contains("quick")));
        assert_eq!(Scale::of(None).label().as_deref(), Some("own configuration"));
    }
}
