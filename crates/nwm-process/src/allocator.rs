//! The memory allocator: mimalloc, for every program that links this crate.
//!
//! A training step makes and drops the same large tensors again and again. Pages that the allocator gives back to the
//! system from time to time have to be cleared by it at the next use.

use std::ffi::{c_int, c_long};

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h: milliseconds until free pages go back to the system.
const PURGE_DELAY: c_int = 15;

/// The name by which mimalloc reads the same option from the environment.
const PURGE_DELAY_VARIABLE: &str = "MIMALLOC_PURGE_DELAY";

/// The value with which free pages never do.
const NEVER: c_long = -1;

/// Keeps free pages for the next allocation until the program ends, unless the environment variable
/// `MIMALLOC_PURGE_DELAY` asks for something else. To be called before the first large allocation.
///
/// # Safety
///
/// No other thread may run, since every thread that allocates reads the option.
#[allow(unsafe_code)]
pub unsafe fn keep_pages() {
    if std::env::var_os(PURGE_DELAY_VARIABLE).is_none() {
        // SAFETY: sets a number of the allocator's own, which checks the option's index; the caller promises that
        // no other thread reads it meanwhile.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, NEVER) };
    }
}

#[cfg(test)]
mod tests {
    use super::{NEVER, PURGE_DELAY, keep_pages};

    #[allow(unsafe_code)]
    fn purge_delay() -> std::ffi::c_long {
        // SAFETY: reads a number of the allocator's own, which checks the option's index.
        unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) }
    }

    /// If the option had another index, its default would not be one second.
    #[test]
    #[allow(unsafe_code)]
    fn the_option_is_the_purge_delay() {
        if std::env::var_os(super::PURGE_DELAY_VARIABLE).is_some() {
            eprintln!("skipped: the environment sets the purge delay");
            return;
        }
        assert_eq!(purge_delay(), 1000);
        // SAFETY: threads of other tests may read this one number meanwhile, as either value.
        unsafe { keep_pages() };
        assert_eq!(purge_delay(), NEVER);
    }
}
