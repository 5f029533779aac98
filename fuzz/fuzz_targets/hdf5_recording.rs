//! Recordings in HDF5 files that others wrote, in any version of the format. `nwm` lets another process look at such a file
//! first, with a limit on its memory (`nwm_data::foreign`), so that limit is the one to run this target with.
#![no_main]

mod common;
#[path = "common/recording.rs"]
mod of_recordings;

use libfuzzer_sys::fuzz_target;
use nwm_data::recording::is_hdf5;

fuzz_target!(|bytes: &[u8]| {
    common::let_panic("rust-hdf5");
    let file = common::file_of(bytes);
    if !is_hdf5(file.path()).unwrap_or(false) {
        return;
    }
    if let Err(error) = of_recordings::check(file.path()) {
        common::check_message(&error);
    }
});
