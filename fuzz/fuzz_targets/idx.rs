//! IDX files, compressed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nwm_data::IdxArray;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(array) = IdxArray::from_bytes(bytes) {
        assert_eq!(array.values.len(), array.shape.iter().product::<usize>());
    }
});
