//! The suite's sample records, read with this crate's own reader.

use nwm_data::tfrecord::{Example, Records};
use nwm_data::{System, Variant};
use serde::{Deserialize, Serialize};

/// The sets of which there are samples.
pub(crate) const SETS: [(System, Variant); 8] = [
    (System::MassSpring, Variant::Plain),
    (System::MassSpring, Variant::Colors),
    (System::Pendulum, Variant::Plain),
    (System::Pendulum, Variant::ColorsFriction),
    (System::DoublePendulum, Variant::Plain),
    (System::TwoBody, Variant::Plain),
    (System::TwoBody, Variant::Colors),
    (System::MatchingPennies, Variant::Plain),
];

/// What a record says beside its pictures.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) system: System,
    pub(crate) variant: Variant,
    pub(crate) parameters: Vec<f64>,
    pub(crate) offset: [f64; 2],
    pub(crate) colour_indices: Vec<u32>,
    /// `[frame, dimension]`.
    pub(crate) states: Vec<f64>,
    /// `[frame, dimension]`.
    pub(crate) derivatives: Vec<f64>,
}

/// The suite's folder of a set.
pub(crate) fn folder(system: System, variant: Variant) -> String {
    match variant {
        Variant::Plain => system.name().to_owned(),
        _ => format!("{system}_{variant}"),
    }
}

/// The samples of a set with their pictures, or `None` where they are absent.
pub(crate) fn samples(system: System, variant: Variant) -> Option<Vec<(Sample, Vec<u8>)>> {
    let path = super::shared("data/suite")?.join(folder(system, variant)).join("train.tfrecord");
    let decode = |payload: nwm_data::Result<Vec<u8>>| {
        let example = Example::decode(&payload.unwrap()).unwrap();
        let picture = image::load_from_memory(example.bytes("image").unwrap()).unwrap();
        (sample(system, variant, &example), picture.into_rgb8().into_raw())
    };
    Some(Records::open(&path).unwrap().map(decode).collect())
}

fn sample(system: System, variant: Variant, example: &Example) -> Sample {
    let parameter = |name: &&str| match (system, *name) {
        (System::TwoBody, "m_1") => example.doubles("other/m").unwrap()[0],
        (System::TwoBody, "m_2") => example.doubles("other/m").unwrap()[1],
        (_, name) => example.doubles(&format!("other/{name}")).unwrap()[0],
    };
    let offset = example.doubles("other/offset").unwrap_or_default();
    let colours = example.integers("other/color_index").unwrap_or_default();
    Sample {
        system,
        variant,
        parameters: system.parameter_names().iter().map(parameter).collect(),
        offset: [offset.first(), offset.last()].map(|axis| axis.copied().unwrap_or(0.0)),
        colour_indices: colours.iter().map(|&colour| u32::try_from(colour).unwrap()).collect(),
        states: example.doubles("x").unwrap(),
        derivatives: example.doubles("dx_dt").unwrap(),
    }
}
