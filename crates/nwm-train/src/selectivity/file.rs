//! The arrays of a measurement as HDF5.

use std::path::Path;

use nwm_analysis::selectivity::equally_spaced_orientations;
use nwm_data::arrays::{self, ArrayLayout, Element};

use super::measure::{ChannelSelectivity, Selectivity};
use crate::error::Result;

/// The kind of such a file ([`nwm_data::arrays`]).
pub const SELECTIVITY_KIND: &str = "unit_selectivity";

/// Writes responses, preferences and images of all channels to the HDF5 file `out` (docs/formats.md).
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) if the file cannot be written.
pub fn write_selectivity(selectivity: &Selectivity, out: &Path) -> Result<()> {
    let record = &selectivity.record;
    let [channels, rows, columns] = record.sheet;
    let orientations = record.gratings.orientations;
    let maps = |name: &str| {
        let shape = [channels, orientations, rows, columns];
        ArrayLayout::new(name, &["channel", "orientation", "row", "column"], &shape, Element::F64)
    };
    let sheet = |name: &str| {
        let shape = [channels, rows, columns];
        ArrayLayout::new(name, &["channel", "row", "column"], &shape, Element::F64)
    };
    let mut layouts =
        vec![ArrayLayout::new("orientations", &["orientation"], &[orientations], Element::F64)];
    for prefix in ["", "initial_"] {
        let of = |name: &str| format!("{prefix}{name}");
        layouts.extend(["response_mean", "response_variance", "cohens_d"].map(|it| maps(&of(it))));
        layouts.extend(["preferred_orientation", "selectivity"].map(|it| sheet(&of(it))));
        let by_modulation = ["preferred_by_modulation", "selectivity_by_modulation"];
        layouts.extend(by_modulation.map(|it| sheet(&of(it))));
    }
    layouts.push(ArrayLayout::new(
        "images",
        &["channel", "row", "column", "pixel_row", "pixel_column"],
        &[channels, rows, columns, record.side, record.side],
        Element::F32,
    ));
    arrays::write(out, SELECTIVITY_KIND, record, layouts, |file| {
        file.append("orientations", &equally_spaced_orientations(orientations))?;
        for ChannelSelectivity { trained, initial, images } in &selectivity.channels {
            for (prefix, measured) in [("", trained), ("initial_", initial)] {
                let mut append =
                    |name: &str, values: &[f64]| file.append(&format!("{prefix}{name}"), values);
                append("response_mean", &measured.responses.means())?;
                append("response_variance", &measured.responses.variances())?;
                append("cohens_d", &measured.cohens_d.d)?;
                append("preferred_orientation", measured.by_mean.map.preferred())?;
                append("selectivity", measured.by_mean.map.selectivity())?;
                append("preferred_by_modulation", measured.by_modulation.map.preferred())?;
                append("selectivity_by_modulation", measured.by_modulation.map.selectivity())?;
            }
            file.append("images", &images.images)?;
        }
        Ok(())
    })
}
