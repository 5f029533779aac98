//! A grid for tests.

/// Two models at two couplings, with two seeds.
pub(super) const TEXT: &str = r#"
format = 1
name = "demo"
title = "A demonstration"
metric = "accuracy"
unit = 0.01
seeds = 2
set = ["data.name=\"smnist\""]

[[axes]]
key = "model.cell.drive_coupling"
values = [0.5, 1.0]

[[axes]]
name = "model"
choices = [
    { name = "sheet", set = ["model.name=\"nwm_2d\""] },
    { name = "rings", set = ["model.name=\"nwm_1d\"", "model.cell.rows=4"] },
]

[presets.smoke]
seconds = 5
set = ["train.steps=7"]

[resources]
cores = 1
"#;
