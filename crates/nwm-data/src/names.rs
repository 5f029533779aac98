//! Which of the known names somebody may have meant.

/// The known name whose spelling is nearest to the one that was found, if any is near: a third of the letters may differ, or
/// two. The first of those that are equally near.
///
/// ```
/// let known = ["pendulum", "two_body"];
/// assert_eq!(nwm_data::nearest_name("pendlum", known), Some("pendulum"));
/// assert_eq!(nwm_data::nearest_name("moon", known), None);
/// ```
pub fn nearest_name<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (found.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(name, found), name))
        .filter(|(edits, name)| *edits <= most && *edits < name.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// The end of a message that lists names, such as `; did you mean pendulum?`; nothing if none is near.
///
/// `known` are the names, separated by commas.
pub(crate) fn suggestion(found: &str, known: &str) -> String {
    nearest_name(found, known.split(", "))
        .map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_may_differ_and_no_more() {
        let nearest = |found| nearest_name(found, ["spring", "mass_spring", "ar"]);
        assert_eq!(nearest("sprng"), Some("spring"));
        assert_eq!(nearest("mass_sprnig"), Some("mass_spring"));
        assert_eq!(nearest("mas-springs"), Some("mass_spring"));
        for other in ["", "string_theory", "moon"] {
            assert_eq!(nearest(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_end_of_a_message_names_one_or_is_empty() {
        assert_eq!(suggestion("trian", "train, test"), "; did you mean train?");
        assert_eq!(suggestion("both", "train, test"), "");
    }
}
