//! A hint to the processor about what will be needed soon.

/// Bytes that a processor fetches at a time.
const LINE: usize = 64;

/// Asks the processor to bring values into its cache, if it has an instruction for that.
///
/// Nothing else happens: values that are never used cost a little time, and no result changes.
#[inline(always)]
pub fn prefetch<T>(values: &[T]) {
    let start = values.as_ptr().cast::<u8>();
    let before = start as usize % LINE;
    let count = (before + size_of_val(values)).div_ceil(LINE);
    for line in 0..count {
        prefetch_line(start.wrapping_sub(before).wrapping_add(line * LINE));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
fn prefetch_line(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: every x86-64 processor has the instruction, which reads no value and never faults,
    // whatever the address is.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn prefetch_line(_address: *const u8) {}
