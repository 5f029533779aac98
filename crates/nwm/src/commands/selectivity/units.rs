//! A table of all units.

use nwm_train::{ChannelSelectivity, Selectivity};

/// The columns of units.csv.
const COLUMNS: [&str; 13] = [
    "unit",
    "channel",
    "row",
    "column",
    "preferred_degrees",
    "selectivity",
    "preferred_by_modulation_degrees",
    "selectivity_by_modulation",
    "largest_d",
    "largest_d_degrees",
    "selective",
    "image",
    "activation",
];

/// The content of units.csv: a row for each unit, in the order of channels, rows and columns. What a unit does not have is
/// empty.
pub(super) fn table(found: &Selectivity) -> anyhow::Result<Vec<u8>> {
    let [_, rows, columns] = found.record.sheet;
    let orientations = found.record.gratings.orientations as f64;
    let number = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for (channel, ChannelSelectivity { trained, images, .. }) in found.channels.iter().enumerate() {
        let largest = trained.cohens_d.largest();
        for site in 0..rows * columns {
            let [d, degrees] = match largest[site] {
                Some((index, d)) => [number(d), number(180.0 * index as f64 / orientations)],
                None => Default::default(),
            };
            let [image, activation] = match images.best[site] {
                Some(best) => [best.index.to_string(), number(best.response)],
                None => Default::default(),
            };
            table.write_record([
                (channel * rows * columns + site).to_string(),
                channel.to_string(),
                (site / columns).to_string(),
                (site % columns).to_string(),
                number(trained.by_mean.map.preferred()[site].to_degrees()),
                number(trained.by_mean.map.selectivity()[site]),
                number(trained.by_modulation.map.preferred()[site].to_degrees()),
                number(trained.by_modulation.map.selectivity()[site]),
                d,
                degrees,
                u8::from(trained.cohens_d.preferred[site].is_some()).to_string(),
                image,
                activation,
            ])?;
        }
    }
    Ok(table.into_inner()?)
}
