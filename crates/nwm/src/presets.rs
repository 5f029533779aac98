//! The presets that come with the program.

use nwm_train::Layer;

use crate::exit::UsageError;

const PRESETS: [(&str, &str); 3] = [
    ("smoke", include_str!("../presets/smoke.toml")),
    ("quick", include_str!("../presets/quick.toml")),
    ("paper", include_str!("../presets/paper.toml")),
];

/// The layer of a preset.
pub(crate) fn layer(name: &str) -> anyhow::Result<Layer> {
    let known = PRESETS.map(|(name, _)| name).join(", ");
    let (_, text) = PRESETS
        .into_iter()
        .find(|(preset, _)| *preset == name)
        .ok_or_else(|| UsageError(format!("unknown preset {name:?}: expected one of {known}")))?;
    Ok(Layer::parse(format!("preset {name}"), text)?)
}

#[cfg(test)]
mod tests {
    use nwm_train::Resolved;

    use super::*;

    #[test]
    fn every_preset_fits_every_model() {
        for (preset, _) in PRESETS {
            for model in nwm_models::ModelName::ALL {
                let model = Layer::assignment(&format!("model.name={}", model.as_str())).unwrap();
                Resolved::from_layers(&[layer(preset).unwrap(), model]).unwrap();
            }
        }
    }

    #[test]
    fn the_paper_preset_is_the_published_configuration() {
        let resolved = Resolved::from_layers(&[layer("paper").unwrap()]).unwrap();
        assert_eq!(resolved.config(), &nwm_train::Config::default());
    }

    #[test]
    fn an_unknown_preset_lists_the_known_ones() {
        let message = layer("fast").unwrap_err().to_string();
        assert!(message.contains("smoke, quick, paper"), "{message}");
    }
}
