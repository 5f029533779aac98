//! The threads of the tensor library.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Variables from which candle takes the number of its threads, the first one that is set.
const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Lets candle start `threads` threads for its elementwise operations, or as many as this process may use.
///
/// By itself it starts one for every core of the machine, also where the process may use only some of them (a
/// container, a job of a cluster, `taskset`), and lets them wait busily: they then take the cores from the threads
/// that have work. Without a number, what the user's environment says is kept.
///
/// # Safety
///
/// No other thread may run, since this sets an environment variable.
#[allow(unsafe_code)]
pub unsafe fn limit_tensor_threads(threads: Option<NonZeroUsize>) {
    let user_decides = VARIABLES.iter().any(|name| std::env::var_os(name).is_some());
    let Some(count) = limit(threads, user_decides) else { return };
    // SAFETY: the caller promises that no other thread runs, so that none reads the environment meanwhile.
    unsafe { std::env::set_var(VARIABLES[0], count.to_string()) };
}

/// The number to set, if any.
fn limit(threads: Option<NonZeroUsize>, user_decides: bool) -> Option<NonZeroUsize> {
    match threads {
        Some(threads) => Some(threads),
        None if user_decides => None,
        None => available_parallelism().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_number_goes_before_the_environment_and_that_before_the_machine() {
        let two = NonZeroUsize::new(2);
        assert_eq!(limit(two, false), two);
        assert_eq!(limit(two, true), two);
        assert_eq!(limit(None, true), None);
        assert_eq!(limit(None, false), available_parallelism().ok());
    }
}
