//! Messages of the suite, and the trajectories that are taken out of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nwm_data::System;
use nwm_data::tfrecord::{Example, SuiteRecord};

fuzz_target!(|bytes: &[u8]| {
    let Ok(example) = Example::decode(bytes) else { return };
    for system in System::ALL {
        if let Ok(record) = SuiteRecord::from_example(&example, system) {
            assert_eq!(record.states.len() % system.state_dimension(), 0);
            assert_eq!(record.states.len(), record.derivatives.len());
            assert_eq!(record.parameters.len(), system.parameter_names().len());
        }
    }
});
