//! The presets that come with the program: for each task layers of its own.

use nwm_models::{ModelName, TaskName};
use nwm_train::{Config, Layer};

use crate::exit::UsageError;

/// Names, and the layers for forecasts, sequences and films.
const PRESETS: [(&str, [&str; 3]); 3] = [
    (
        "smoke",
        [
            include_str!("../presets/smoke.toml"),
            include_str!("../presets/sequence-smoke.toml"),
            include_str!("../presets/variational-smoke.toml"),
        ],
    ),
    (
        "quick",
        [
            include_str!("../presets/quick.toml"),
            include_str!("../presets/sequence-quick.toml"),
            include_str!("../presets/variational-quick.toml"),
        ],
    ),
    ("paper", [include_str!("../presets/paper.toml"); 3]),
];

/// What presets are called.
pub(crate) fn names() -> [&'static str; 3] {
    PRESETS.map(|(name, _)| name)
}

/// The layer of a preset for a task.
pub(crate) fn layer(name: &str, task: TaskName) -> anyhow::Result<Layer> {
    let known = PRESETS.map(|(name, _)| name).join(", ");
    let (_, [forecast, sequence, variational]) = PRESETS
        .into_iter()
        .find(|(preset, _)| *preset == name)
        .ok_or_else(|| UsageError(format!("unknown preset {name:?}: expected one of {known}")))?;
    let text = match task {
        TaskName::Sequence => sequence,
        TaskName::Variational => variational,
        _ => forecast,
    };
    Ok(Layer::parse(format!("preset {name}"), text)?)
}

/// The task of a run with these settings: that of the last data set they name.
pub(crate) fn task_of(layers: &[Layer]) -> TaskName {
    let data = |layer: &Layer| Some(layer.table.get("data")?.get("name")?.as_str()?.to_owned());
    let data = layers.iter().rev().find_map(data).unwrap_or_default();
    Config::published(ModelName::Nwm2d, &data).model.task
}

#[cfg(test)]
mod tests {
    use nwm_train::Resolved;

    use super::*;

    fn resolved(preset: &str, model: ModelName, data: &str) -> Resolved {
        let settings = [format!("model.name={}", model.as_str()), format!("data.name={data}")];
        let mut layers: Vec<Layer> =
            settings.iter().map(|setting| Layer::assignment(setting).unwrap()).collect();
        layers.insert(0, layer(preset, task_of(&layers)).unwrap());
        Resolved::from_layers(&layers).unwrap()
    }

    #[test]
    fn every_preset_fits_every_model_of_every_task() {
        for (preset, _) in PRESETS {
            for model in ModelName::ALL {
                resolved(preset, model, "mass_spring");
            }
            for model in ModelName::ALL.into_iter().filter(|model| model.is_oscillator()) {
                for data in ["smnist", "psmnist", "adding", "rotating_mnist", "gratings", "noise"] {
                    let resolved = resolved(preset, model, data);
                    assert_eq!(
                        resolved.config().is_published(),
                        preset == "paper",
                        "{preset} {data}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_paper_preset_is_the_published_configuration() {
        let resolved =
            Resolved::from_layers(&[layer("paper", TaskName::Forecast).unwrap()]).unwrap();
        assert_eq!(resolved.config(), &nwm_train::Config::default());
    }

    #[test]
    fn the_task_is_that_of_the_last_data_set() {
        let of = |settings: &[&str]| {
            let layers: Vec<Layer> =
                settings.iter().map(|setting| Layer::assignment(setting).unwrap()).collect();
            task_of(&layers)
        };
        assert_eq!(of(&[]), TaskName::Forecast);
        assert_eq!(of(&["data.name=smnist", "train.steps=3"]), TaskName::Sequence);
        assert_eq!(of(&["data.name=smnist", "data.name=gratings"]), TaskName::Variational);
    }

    #[test]
    fn an_unknown_preset_lists_the_known_ones() {
        let message = layer("fast", TaskName::Forecast).unwrap_err().to_string();
        assert!(message.contains("smoke, quick, paper"), "{message}");
    }
}
