//! The models of Table 1 at their published sizes, and what their parameters are for:
//! `cargo run -p nwm-models --example 01_models_of_table_1`.

use std::collections::BTreeMap;
use std::io::Write;

use candle_core::{DType, Device};
use nwm_models::{Error, FrameShape, Model, ModelConfig, ModelName};

fn main() -> Result<(), Error> {
    let mut text = String::new();
    for name in ModelName::ALL {
        let config = ModelConfig::published(name);
        let model = Model::new(&config, FrameShape::SUITE, 0, DType::F32, &Device::Cpu)?;
        // Names begin with the part that a parameter belongs to.
        let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, parameter) in model.parameters().iter() {
            let part = name.split('.').next().unwrap_or(name);
            *parts.entry(part).or_default() += parameter.elem_count();
        }
        let parts: Vec<_> = parts.iter().map(|(part, count)| format!("{part} {count}")).collect();
        let total = model.parameters().count();
        text += &format!("{:<8} {total:>8}  {}\n", name.as_str(), parts.join(", "));
    }
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
