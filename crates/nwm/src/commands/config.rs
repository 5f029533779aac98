//! `nwm config`.

use anyhow::Context as _;
use nwm_train::{Layer, Resolved};
use serde_json::json;

use crate::exit::Ending;
use crate::flags::ConfigArguments;
use crate::presets;
use crate::terminal::Terminal;

/// Prints the resolved configuration of a model and preset.
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
    if let Some(preset) = &arguments.preset {
        layers.push(presets::layer(preset)?);
    }
    if let Some(model) = &arguments.model {
        let mut layer = Layer::assignment(&format!("model.name={model}"))?;
        layer.origin = "command line".into();
        layers.push(layer);
    }
    Ok(Resolved::from_layers(&layers)?)
}
