//! `nwm config`.

use anyhow::Context as _;
use nwm_train::{Layer, Resolved};
use serde_json::json;

use crate::exit::Ending;
use crate::flags::ConfigArguments;
use crate::presets;
use crate::terminal::Terminal;

/// Prints the resolved configuration of a model, a data set and a preset.
pub(crate) fn run(arguments: &ConfigArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let resolved = resolve(arguments).context("failed to resolve the configuration")?;
    let entries: serde_json::Map<_, _> = resolved
        .entries()
        .into_iter()
        .map(|(key, value)| {
            let origin = resolved.origin(&key);
            (key, json!({"value": value, "origin": origin}))
        })
        .collect();
    terminal.result(&json!({"format": 1, "keys": entries}), &resolved.to_toml());
    Ok(Ending::Done)
}

fn resolve(arguments: &ConfigArguments) -> anyhow::Result<Resolved> {
    let mut layers = Vec::new();
    for (key, value) in [("model.name", &arguments.model), ("data.name", &arguments.data)] {
        if let Some(value) = value {
            let mut layer = Layer::assignment(&format!("{key}={value}"))?;
            layer.origin = "command line".into();
            layers.push(layer);
        }
    }
    if let Some(preset) = &arguments.preset {
        layers.insert(0, presets::layer(preset, presets::task_of(&layers))?);
    }
    Ok(Resolved::from_layers(&layers)?)
}
