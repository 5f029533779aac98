//! The framing of TFRecord files: never a panic, never more memory than the file has bytes.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use nwm_data::tfrecord::Records;

fuzz_target!(|bytes: &[u8]| {
    let mut payloads = 0;
    for record in Records::new(bytes, bytes.len() as u64, Path::new("fuzz")) {
        let Ok(payload) = record else { return };
        payloads += payload.len();
        assert!(payloads <= bytes.len());
    }
});
