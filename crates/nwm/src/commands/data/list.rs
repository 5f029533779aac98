//! Which data sets there are.

use nwm_data::System;
use serde_json::json;

use crate::exit::Ending;
use crate::terminal::Terminal;

/// Prints every data set.
pub(super) fn list(terminal: &Terminal) -> Ending {
    let systems = System::ALL.map(|system| {
        let variants: Vec<&str> = system.variants().iter().map(|variant| variant.name()).collect();
        json!({"name": system.name(), "variants": variants, "dt": system.default_dt(),
               "state_dimension": system.state_dimension()})
    });
    let text: String = System::ALL
        .map(|system| {
            let variants: Vec<&str> =
                system.variants().iter().map(|variant| variant.name()).collect();
            format!(
                "{:<20}{} numbers a state, dt {:<5}{}\n",
                system.name(),
                system.state_dimension(),
                system.default_dt(),
                variants.join(", ")
            )
        })
        .concat();
    terminal.result(&json!({"format": 1, "data": systems}), &text);
    Ending::Done
}
