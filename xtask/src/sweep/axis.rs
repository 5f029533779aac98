//! One thing that varies over a grid.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// An axis as the file states it: a setting with its values, or choices that each set several.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Axis {
    /// In headings; the last part of the key if absent.
    name: Option<String>,
    /// The setting that takes the values.
    key: Option<String>,
    #[serde(default)]
    values: Vec<toml::Value>,
    #[serde(default)]
    choices: Vec<Choice>,
}

/// One place on an axis.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub(super) name: String,
    /// Settings, each as `key=value`.
    pub(super) set: Vec<String>,
}

impl Axis {
    /// In headings.
    pub(super) fn name(&self) -> &str {
        let of_key = || self.key.as_deref().and_then(|key| key.rsplit('.').next());
        self.name.as_deref().or_else(of_key).unwrap_or_default()
    }

    /// The places, in the order of the file. Values become choices of one setting, named after the value.
    pub(super) fn places(&self) -> Vec<Choice> {
        let Some(key) = &self.key else { return self.choices.clone() };
        let choice = |value: &toml::Value| Choice {
            name: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            set: vec![format!("{key}={value}")],
        };
        self.values.iter().map(choice).collect()
    }

    /// Refuses an axis without places, or with two of one name.
    pub(super) fn check(&self) -> Result<()> {
        let name = self.name();
        ensure!(!name.is_empty(), "found neither name nor key, expected at least one of them");
        ensure!(
            self.key.is_some() == self.choices.is_empty()
                && self.key.is_some() != self.values.is_empty(),
            "{name}: expected either a key with values or a list of choices"
        );
        let places = self.places();
        for (index, place) in places.iter().enumerate() {
            let again = places[..index].iter().any(|other| other.name == place.name);
            ensure!(!again, "{name}: found {} twice", place.name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn axis(text: &str) -> Axis {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn values_become_settings_that_are_read_as_toml() {
        let axis = axis("key = \"model.name\"\nvalues = [\"nwm_2d\", 0.5, 3, [1, 2], true]");
        axis.check().unwrap();
        assert_eq!(axis.name(), "name");
        let places: Vec<_> =
            axis.places().into_iter().map(|it| (it.name, it.set.join(" "))).collect();
        let expected = [
            ("nwm_2d", "model.name=\"nwm_2d\""),
            ("0.5", "model.name=0.5"),
            ("3", "model.name=3"),
            ("[1, 2]", "model.name=[1, 2]"),
            ("true", "model.name=true"),
        ];
        assert_eq!(places, expected.map(|(name, set)| (name.to_owned(), set.to_owned())));
    }

    #[test]
    fn an_axis_without_places_or_with_one_twice_is_refused() {
        for (text, expected) in [
            ("key = \"a.b\"", "b: expected either"),
            ("name = \"b\"", "b: expected either"),
            ("values = [1]", "neither name nor key"),
            ("name = \"b\"\nvalues = [1]", "b: expected either"),
            (
                "key = \"a.b\"\nvalues = [1]\nchoices = [{name = \"c\", set = []}]",
                "b: expected either",
            ),
            ("key = \"a.b\"\nvalues = [1, 2, 1]", "b: found 1 twice"),
        ] {
            let message = axis(text).check().unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
