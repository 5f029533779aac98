//! Recordings in NPY and NPZ files. What is read at once agrees with what is read in pieces.
#![no_main]

mod common;
#[path = "common/recording.rs"]
mod of_recordings;

use libfuzzer_sys::fuzz_target;
use nwm_data::recording::is_hdf5;

fuzz_target!(|bytes: &[u8]| {
    common::let_panic("npyz");
    let file = common::file_of(bytes);
    if is_hdf5(file.path()).unwrap_or(true) {
        return;
    }
    if let Err(error) = of_recordings::check(file.path()) {
        common::check_message(&error);
    }
});
