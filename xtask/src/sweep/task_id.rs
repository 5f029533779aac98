//! The name of a run after what it computes.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Version of the text that is hashed: a change gives every run another name.
const FORMAT: u32 = 1;
/// Hexadecimal digits of a name: with 64 bits, a million runs meet by chance once in forty million grids.
const DIGITS: usize = 16;

/// What is hashed, as JSON.
#[derive(Serialize)]
struct Content<'a> {
    format: u32,
    preset: &'a str,
    seed: u64,
    /// Values by key, as TOML writes them; of two for one key, the last.
    settings: BTreeMap<&'a str, &'a str>,
}

/// The name of the run with this preset, these settings in normal form and this seed. The order of settings of different
/// keys does not matter.
pub(super) fn task_id(preset: &str, settings: &[String], seed: u64) -> String {
    let settings = settings.iter().filter_map(|setting| setting.split_once('='));
    let content = Content { format: FORMAT, preset, seed, settings: settings.collect() };
    // Text by text keys: there is nothing that JSON could not hold.
    let text = serde_json::to_vec(&content).unwrap_or_default();
    let digest = Sha256::digest(text);
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hexadecimal[..DIGITS].to_owned()
}

/// A setting `key=value` in normal form: the value as TOML writes it, however it was written; text that is no TOML is a
/// string, as `nwm --set` takes it.
pub(super) fn normal(setting: &str) -> String {
    let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
    let (key, value) = (key.trim(), value.trim());
    let parsed: Option<toml::Table> = toml::from_str(&format!("value = {value}")).ok();
    let value = parsed
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    format!("{key}={value}")
}

#[cfg(test)]
mod tests {
    use super::{normal, task_id};

    fn id(settings: &[&str]) -> String {
        let settings: Vec<String> = settings.iter().map(|it| normal(it)).collect();
        task_id("smoke", &settings, 0)
    }

    /// Folders of runs that exist have these names.
    #[test]
    fn names_stay_what_they_are() {
        assert_eq!(id(&["model.name=\"nwm_2d\"", "train.steps=7"]), "2aad2ba57547a477");
    }

    #[test]
    fn order_and_spelling_do_not_matter_and_values_do() {
        let one = id(&["a.x=0.5", "b.y=\"text\""]);
        assert_eq!(id(&["b.y = 'text'", "a.x=0.50"]), one);
        assert_eq!(id(&["b.y=text", "a.x=5e-1"]), one);
        assert_eq!(id(&["a.x=7", "a.x=0.5", "b.y=\"text\""]), one, "the last one counts");
        assert_ne!(id(&["a.x=0.25", "b.y=\"text\""]), one);
        assert_ne!(id(&["a.x=0.5"]), one);
        let settings = ["a.x=0.5", "b.y=text"].map(normal);
        assert_eq!(task_id("smoke", &settings, 0), one);
        assert_ne!(task_id("smoke", &settings, 1), one);
        assert_ne!(task_id("quick", &settings, 0), one);
    }
}
