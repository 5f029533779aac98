//! The tests, one for each command, so that they run side by side and have names.

use crate::{scenarios, trial};

macro_rules! survive {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            if let Some(scenario) = scenarios::$name() {
                trial::sweep(&scenario);
            }
        }
    )*};
}

survive! {
    train train_again diagnose eval report unroll export
    generate generate_frames generate_in_parts import show fetch
    waves simulate selectivity table figure gallery manual
}
