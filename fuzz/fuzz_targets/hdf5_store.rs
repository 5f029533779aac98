//! Files of the HDF5 store. Only those of the format that this project writes reach the HDF5 library.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nwm_data::store;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = tempfile::NamedTempFile::new_in(folder()) else { return };
    if std::fs::write(file.path(), bytes).is_err() {
        return;
    }
    let read = store::read(file.path());
    let summary = store::inspect(file.path());
    if let (Ok(set), Ok(summary)) = (&read, &summary) {
        assert_eq!(set.spec(), &summary.dataset);
    }
});

/// In memory, where the system has such a folder.
fn folder() -> &'static std::path::Path {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { memory } else { std::path::Path::new(".") }
}
