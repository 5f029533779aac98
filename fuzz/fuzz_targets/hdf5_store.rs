//! Files of the HDF5 store. Only those of the format that this project writes reach the HDF5 library.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use nwm_data::store;

fuzz_target!(|bytes: &[u8]| {
    let file = common::file_of(bytes);
    let read = store::read(file.path());
    let summary = store::inspect(file.path());
    if let (Ok(set), Ok(summary)) = (&read, &summary) {
        assert_eq!(set.spec(), &summary.dataset);
    }
});
