//! The manifest of a checkpoint, `state.json`. Digests are filled in as `nwm` does, since no mutation finds them.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use nwm_models::{Checkpoint, MODEL_FILE, STATE_FILE, seal_state};
use nwm_train::TrainingState;

fuzz_target!(|text: &str| {
    let folder = common::empty_folder();
    let content = text.as_bytes();
    std::fs::write(folder.path().join(MODEL_FILE), &content[..content.len().min(5)]).expect("room");
    let state = seal_state(text).unwrap_or_else(|_| text.to_owned());
    std::fs::write(folder.path().join(STATE_FILE), &state).expect("room");
    match Checkpoint::open(folder.path()) {
        Ok(checkpoint) => {
            assert_eq!(checkpoint.state(), state);
            let listed = checkpoint.sha256_of(MODEL_FILE).is_some();
            assert_eq!(checkpoint.read(MODEL_FILE).is_ok(), listed);
        }
        Err(error) => common::check_message(&error),
    }
    if let Ok(state) = serde_json::from_str::<TrainingState>(&state) {
        let written = serde_json::to_string(&state).expect("a state is JSON");
        let again: TrainingState = serde_json::from_str(&written).expect("what was written");
        assert_eq!(again, state);
    }
});
