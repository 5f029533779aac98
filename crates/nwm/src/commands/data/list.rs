//! Which data sets there are.

use nwm_data::System;
use serde_json::json;

use super::sequences::Sequences;
use crate::exit::Ending;
use crate::terminal::Terminal;

/// Prints every data set: those that are generated into files, and those that are made as they are used.
pub(super) fn list(terminal: &Terminal) -> Ending {
    let systems = System::ALL.map(|system| {
        json!({"name": system.name(), "variants": variants(system), "dt": system.default_dt(),
               "state_dimension": system.state_dimension()})
    });
    let sequences =
        Sequences::ALL.map(|set| json!({"name": set.name(), "contents": set.contents()}));
    let result = json!({"format": 1, "data": systems, "sequences": sequences});
    terminal.result(&result, &text());
    Ending::Done
}

fn variants(system: System) -> Vec<&'static str> {
    system.variants().iter().map(|variant| variant.name()).collect()
}

fn text() -> String {
    let mut text = String::from("nwm data generate NAME writes, and nwm data show draws:\n");
    for system in System::ALL {
        text += &format!(
            "  {:<20}{} numbers a state, dt {:<5}{}\n",
            system.name(),
            system.state_dimension(),
            system.default_dt(),
            variants(system).join(", ")
        );
    }
    text += "\nnwm data show NAME draws without a file:\n";
    for set in Sequences::ALL {
        text += &format!("  {:<20}{}\n", set.name(), set.contents());
    }
    text
}
