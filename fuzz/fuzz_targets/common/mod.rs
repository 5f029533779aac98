//! What several targets need: a file in memory, and silence about panics that the readers catch.

use std::path::Path;
use std::sync::Once;

use tempfile::{NamedTempFile, TempDir};

/// Bytes as a file, in memory where the system has such a folder.
#[allow(dead_code, reason = "not every target reads a file")]
pub fn file_of(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new_in(folder()).expect("a place for a file");
    std::fs::write(file.path(), bytes).expect("room for a file");
    file
}

/// An empty folder, in memory where the system has such a folder.
#[allow(dead_code, reason = "not every target reads a folder")]
pub fn empty_folder() -> TempDir {
    TempDir::new_in(folder()).expect("a place for a folder")
}

fn folder() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new(".") }
}

/// Leaves panics in the source of `library`, which the readers catch, to them. Without this any panic ends the process before
/// it can be caught.
#[allow(dead_code, reason = "not every library panics")]
pub fn let_panic(library: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let end = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_library = |place: &std::panic::Location<'_>| place.file().contains(library);
            if !panic.location().is_some_and(is_library) {
                end(panic);
            }
        }));
    });
}

/// An error that a user can make something of.
#[allow(dead_code, reason = "not every target has errors")]
pub fn check_message(error: &dyn std::fmt::Display) {
    assert!(error.to_string().len() > 5, "{error}");
}
