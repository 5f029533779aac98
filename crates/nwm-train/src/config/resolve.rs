//! Stacking layers of configuration, with the origin of every value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use nwm_models::ModelName;
use serde::Deserialize;
use toml::{Table, Value};

use super::names::value_problem;
use super::sections::Config;
use crate::error::{Error, Result};
use crate::run_folder::CONFIGURATION_FILE;

/// Keys further than this many edits from a known one get no suggestion.
const NEAREST_EDITS: usize = 12;

/// The data set where no layer names one.
const DEFAULT_DATA: &str = "mass_spring";

/// Some keys and values from one place.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The place, as messages and the resolved file name it.
    pub origin: String,
    /// The keys, in the tree of [`Config`].
    pub table: Table,
}

/// A complete configuration and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Resolved {
    config: Config,
    table: Table,
    origins: BTreeMap<String, String>,
}

impl Layer {
    /// A layer from TOML text.
    ///
    /// # Errors
    /// [`Error::Syntax`] with the line.
    pub fn parse(origin: impl Into<String>, text: &str) -> Result<Self> {
        let origin = origin.into();
        match text.parse::<Table>() {
            Ok(table) => Ok(Self { origin, table }),
            Err(error) => {
                Err(Error::Syntax { origin, problem: error.to_string().trim_end().to_owned() })
            }
        }
    }

    /// A layer from a TOML file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Syntax`] if it is not TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        Self::parse(path.display().to_string(), &text)
    }

    /// The whole configuration of a run, from its folder.
    ///
    /// # Errors
    /// [`Error::File`] if the folder holds no run, and those of [`Layer::read`].
    pub fn of_run(run_directory: &Path) -> Result<Self> {
        let path = run_directory.join(CONFIGURATION_FILE);
        Self::read(&path).map_err(|error| match error {
            Error::Io { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                let problem = "found no such file, expected a run folder that nwm train made";
                Error::File { path, problem: problem.into() }
            }
            other => other,
        })
    }

    /// A layer from one `key=value` argument; the value is TOML, or else a plain string.
    ///
    /// # Errors
    /// [`Error::Syntax`] if there is no `=` or no key before it.
    pub fn assignment(argument: &str) -> Result<Self> {
        let origin = format!("--set {argument}");
        let Some((key, text)) = argument.split_once('=').filter(|(key, _)| !key.trim().is_empty())
        else {
            return Err(Error::Syntax { origin, problem: "expected key=value".into() });
        };
        let value = format!("value = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(text.trim().to_owned()));
        let mut names: Vec<&str> = key.trim().split('.').collect();
        let mut table = Table::new();
        let last = names.pop().unwrap_or_default();
        table.insert(last.to_owned(), value);
        for name in names.into_iter().rev() {
            let inner = std::mem::replace(&mut table, Table::new());
            table.insert(name.to_owned(), Value::Table(inner));
        }
        Ok(Self { origin, table })
    }

    /// The name of the data set, if this layer gives one.
    fn data_name(&self) -> Option<&str> {
        self.table.get("data")?.get("name")?.as_str()
    }

    /// The model's name, if this layer gives one.
    fn model_name(&self) -> Option<&Value> {
        self.table.get("model")?.get("name")
    }
}

impl Resolved {
    /// Stacks layers, later ones over earlier ones, over the published defaults of the model they name.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] with the nearest known key, or [`Error::Key`] with the path, the origin and what was expected.
    pub fn from_layers(layers: &[Layer]) -> Result<Self> {
        let mut name = ModelName::Nwm2d;
        for layer in layers {
            if let Some(value) = layer.model_name() {
                name = ModelName::deserialize(value.clone()).map_err(|error| Error::Key {
                    origin: layer.origin.clone(),
                    key: "model.name".into(),
                    problem: value_problem(&error.to_string()),
                })?;
            }
        }
        let data = layers.iter().rev().find_map(Layer::data_name);
        let defaults = Config::published(name, data.unwrap_or(DEFAULT_DATA));
        let mut resolved =
            Self { table: to_table(&defaults)?, config: defaults, origins: BTreeMap::new() };
        for layer in layers {
            let known = resolved.table.clone();
            merge(
                &mut resolved.table,
                &layer.table,
                "",
                &known,
                &layer.origin,
                &mut resolved.origins,
            )?;
        }
        resolved.config = resolved.deserialize()?;
        if let Some((key, problem)) = resolved.config.first_problem() {
            return Err(Error::Key { origin: resolved.origin(key), key: key.into(), problem });
        }
        resolved.config.model.validate().map_err(|error| match error {
            nwm_models::Error::Key { ref key, ref expected, ref found } => Error::Key {
                origin: resolved.origin(key),
                key: key.clone(),
                problem: format!("found {found}, expected {expected}"),
            },
            other => Error::Model(other),
        })?;
        Ok(resolved)
    }

    fn deserialize(&self) -> Result<Config> {
        let value = Value::Table(self.table.clone());
        serde_path_to_error::deserialize(value).map_err(|error| {
            let key = error.path().to_string();
            Error::Key {
                origin: self.origin(&key),
                key,
                problem: value_problem(&error.into_inner().to_string()),
            }
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where a key's value came from.
    pub fn origin(&self, key: &str) -> String {
        self.origins.get(key).cloned().unwrap_or_else(|| "default".into())
    }

    /// Every key with its value as TOML text, sorted.
    pub fn entries(&self) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        flatten(&self.table, "", &mut entries);
        entries
    }

    /// The text of `resolved.toml`: every key, its value, and where that came from.
    pub fn to_toml(&self) -> String {
        let mut text = String::from("# Every key of this run, with where its value came from.\n");
        let mut section = "";
        let entries = self.entries();
        for (key, value) in &entries {
            let (prefix, name) = key.rsplit_once('.').unwrap_or(("", key));
            if prefix != section {
                section = prefix;
                // Writing to a string cannot fail.
                let _ = writeln!(text, "\n[{section}]");
            }
            // A comment ends with its line, and an argument may hold several.
            let origin = self.origin(key).replace(char::is_control, " ");
            let _ = writeln!(text, "{name} = {value} # {origin}");
        }
        text
    }
}

fn to_table(config: &Config) -> Result<Table> {
    Table::try_from(config)
        .map_err(|error| Error::Syntax { origin: "defaults".into(), problem: error.to_string() })
}

/// Lays `layer` over `base`, refusing keys that `base` does not have.
fn merge(
    base: &mut Table,
    layer: &Table,
    prefix: &str,
    known: &Table,
    origin: &str,
    origins: &mut BTreeMap<String, String>,
) -> Result<()> {
    for (name, value) in layer {
        let key = join(prefix, name);
        let Some(slot) = base.get_mut(name) else {
            return Err(Error::UnknownKey {
                origin: origin.to_owned(),
                nearest: nearest_key(&key, known),
                key,
            });
        };
        match (slot, value) {
            (Value::Table(inner), Value::Table(layer)) => {
                merge(inner, layer, &key, known, origin, origins)?;
            }
            (Value::Table(_), other) => {
                return Err(Error::Key {
                    origin: origin.to_owned(),
                    problem: format!("found {}, expected a section of keys", other.type_str()),
                    key,
                });
            }
            (slot, value) => {
                *slot = match (&*slot, value) {
                    // `1` is a fine way to write `1.0`.
                    (Value::Float(_), Value::Integer(integer)) => Value::Float(*integer as f64),
                    _ => value.clone(),
                };
                origins.insert(key, origin.to_owned());
            }
        }
    }
    Ok(())
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn flatten(table: &Table, prefix: &str, entries: &mut Vec<(String, String)>) {
    let (sections, values): (Vec<_>, Vec<_>) =
        table.iter().partition(|(_, value)| value.is_table());
    for (name, value) in values {
        entries.push((join(prefix, name), value.to_string()));
    }
    for (name, value) in sections {
        if let Value::Table(inner) = value {
            flatten(inner, &join(prefix, name), entries);
        }
    }
}

/// The known key whose spelling is nearest: of its last part first, so that a key in the wrong section is found.
fn nearest_key(key: &str, known: &Table) -> Option<String> {
    let mut entries = Vec::new();
    flatten(known, "", &mut entries);
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    entries
        .into_iter()
        .map(|(candidate, _)| {
            let name = strsim::damerau_levenshtein(&last(key), &last(&candidate));
            let path = strsim::damerau_levenshtein(key, &candidate);
            (2 * name + path, candidate)
        })
        .min()
        .filter(|(edits, _)| *edits <= NEAREST_EDITS)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn resolve(text: &str) -> Result<Resolved> {
        Resolved::from_layers(&[Layer::parse("test.toml", text)?])
    }

    #[test]
    fn a_misspelt_key_is_refused_with_the_nearest_known_one() {
        let error = resolve("[train]\nlearning_rat = 0.1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let message = error.to_string();
        assert!(message.contains("test.toml: unknown key train.learning_rat"), "{message}");
        assert!(message.contains("nearest known key is train.learning_rate"), "{message}");
    }

    #[test]
    fn a_key_in_the_wrong_section_is_found() {
        let message = resolve("[model]\nkernel_size = 3").unwrap_err().to_string();
        assert!(message.contains("model.cell.kernel_size"), "{message}");
    }

    #[test]
    fn an_ill_typed_value_names_its_key_and_origin() {
        let message = resolve("[train]\nsteps = \"many\"").unwrap_err().to_string();
        assert!(message.starts_with("test.toml: train.steps: "), "{message}");
        let message = resolve("[model]\ncell = 3").unwrap_err().to_string();
        assert!(message.contains("model.cell: found integer, expected a section"), "{message}");
    }

    #[test]
    fn later_layers_win_and_are_remembered() {
        let layers = [
            Layer::parse("preset quick", "[train]\nsteps = 7\nbatch_size = 3").unwrap(),
            Layer::assignment("train.steps=9").unwrap(),
            Layer::assignment("model.name=cornn").unwrap(),
        ];
        let resolved = Resolved::from_layers(&layers).unwrap();
        assert_eq!((resolved.config().train.steps, resolved.config().train.batch_size), (9, 3));
        assert_eq!(resolved.config().model.name, ModelName::Cornn);
        assert_eq!(resolved.config().model.cell.topology, nwm_models::TopologyName::Dense);
        assert_eq!(resolved.origin("train.steps"), "--set train.steps=9");
        assert_eq!(resolved.origin("train.batch_size"), "preset quick");
        assert_eq!(resolved.origin("train.window"), "default");
    }

    #[test]
    fn games_have_the_time_step_of_games() {
        let dt = |text: &str| resolve(text).unwrap().config().data.dt;
        assert_eq!(dt("[data]\nname = \"pendulum\""), 0.05);
        assert_eq!(dt("[data]\nname = \"matching_pennies\""), 0.1);
        assert_eq!(dt("[data]\nname = \"matching_pennies\"\ndt = 0.2"), 0.2);
        assert!(resolve("[data]\nname = \"matching_pennies\"").unwrap().config().is_published());
    }

    #[test]
    fn the_resolved_text_resolves_to_the_same_configuration() {
        let first = resolve("[model]\nname = \"ar\"\n[train]\nlearning_rate = 1\n").unwrap();
        let again = resolve(&first.to_toml()).unwrap();
        assert_eq!(first.config(), again.config());
        assert!(first.to_toml().contains("learning_rate = 1.0 # test.toml"), "{}", first.to_toml());
    }

    #[test]
    fn an_argument_of_several_lines_keeps_the_resolved_text_readable() {
        let layer = Layer::assignment("model.ar.layers=[7,\n 9]").unwrap();
        let text = Resolved::from_layers(&[layer]).unwrap().to_toml();
        assert_eq!(resolve(&text).unwrap().config().model.ar.layers, [7, 9], "{text}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (text, key) in [
            ("[train]\nbatch_size = 0", "train.batch_size"),
            ("[train]\nlearning_rate = -1.0", "train.learning_rate"),
            ("[train]\nmomentum = 1.0", "train.momentum"),
            ("[train]\nschedule = \"step\"\ndecay_after = 0", "train.decay_after"),
            ("[train]\ndecay_factor = 0.0", "train.decay_factor"),
            ("[train]\nwindow = 31", "train.window"),
            ("[data]\nframes = 100", "data.frames"),
            ("[model.encoder]\nchannels = 0", "model.encoder.channels"),
        ] {
            let message = resolve(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("test.toml: {key}: found ")), "{message}");
        }
    }

    #[test]
    fn an_assignment_without_a_value_is_refused() {
        assert!(Layer::assignment("train.steps").is_err());
        assert!(Layer::assignment("=3").is_err());
    }
}
