//! Configurations: TOML, then a zero byte, then `--set` arguments line by line. What is resolved can be written and resolved
//! again, and the need of memory is a number.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use nwm_models::{FrameShape, TaskName};
use nwm_train::{Layer, MemoryEstimate, Resolved, Result};

fuzz_target!(|text: &str| {
    if let Err(error) = check(text) {
        common::check_message(&error);
    }
});

fn check(text: &str) -> Result<()> {
    let (file, arguments) = text.split_once('\0').unwrap_or((text, ""));
    let mut layers = vec![Layer::parse("file", file)?];
    for argument in arguments.lines() {
        layers.push(Layer::assignment(argument)?);
    }
    let resolved = Resolved::from_layers(&layers)?;
    let written = resolved.to_toml();
    let again = Resolved::from_layers(&[Layer::parse("resolved", &written)?])
        .unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.config(), resolved.config());
    assert_eq!(again.entries(), resolved.entries());
    let config = resolved.config();
    let need = match config.model.task {
        TaskName::Forecast => MemoryEstimate::new(config, FrameShape::SUITE),
        TaskName::Variational => MemoryEstimate::of_films(config, FrameShape::SUITE),
        _ => return Ok(()),
    };
    assert!(need.bytes().is_finite() && need.bytes() > 0.0);
    Ok(())
}
