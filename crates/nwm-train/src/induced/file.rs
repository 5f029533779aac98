//! Induced waves as an HDF5 file, for those who look at them elsewhere.

use std::path::Path;

use nwm_data::FilmSubject;
use nwm_data::arrays::{self, ArrayLayout, Element};

use super::induce::InducedWaves;
use crate::error::{Error, Result};

/// The kind of such a file ([`nwm_data::arrays`]).
pub const INDUCED_KIND: &str = "induced_waves";

impl InducedWaves {
    /// Writes films, states and decodings to the HDF5 file `path` (docs/formats.md).
    ///
    /// # Errors
    /// [`Error::Data`] if the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let about = &self.about;
        let (films, side) = (about.films, about.side);
        let pictures = |name, axis, count| {
            let axes = ["film", axis, "row", "column"];
            ArrayLayout::new(name, &axes, &[films, count, side, side], Element::F32)
        };
        let shifts = self.shifts.len();
        let [maps, rows, columns] = about.state;
        let of_state = ["film", "map", "row", "column"];
        let mut layouts = vec![
            pictures("films", "frame", about.frames),
            pictures("reconstructions", "frame", about.frames),
            pictures("decodings", "shift", shifts),
            pictures("control_decodings", "shift", shifts),
            pictures("truth", "shift", shifts),
            ArrayLayout::new("states", &of_state, &[films, maps, rows, columns], Element::F32),
            ArrayLayout::new("shifts", &["shift"], &[shifts], Element::F64),
            ArrayLayout::new("matches", &["film", "shift"], &[films, shifts], Element::U32),
        ];
        let digits = self.digits();
        if digits.is_some() {
            for name in ["digit_index", "label"] {
                layouts.push(ArrayLayout::new(name, &["film"], &[films], Element::U32));
            }
        }
        arrays::write(path, INDUCED_KIND, about, layouts, |file| {
            file.append("films", &self.films)?;
            file.append("reconstructions", &self.reconstructions)?;
            file.append("decodings", &self.decodings)?;
            file.append("control_decodings", &self.control)?;
            file.append("truth", &self.truth)?;
            file.append("states", &self.states)?;
            file.append("shifts", &self.shifts)?;
            file.append("matches", &self.matches.iter().map(whole).collect::<Vec<u32>>())?;
            if let Some((numbers, labels)) = &digits {
                file.append("digit_index", numbers)?;
                file.append("label", labels)?;
            }
            Ok::<_, Error>(())
        })
    }

    /// Number and label of every film's digit, if all show one.
    fn digits(&self) -> Option<(Vec<u32>, Vec<u32>)> {
        let digit = |subject: &FilmSubject| match subject {
            FilmSubject::TurningDigit { digit, label, .. } => {
                Some((whole(digit), u32::from(*label)))
            }
            _ => None,
        };
        self.subjects.iter().map(digit).collect()
    }
}

fn whole(number: &usize) -> u32 {
    u32::try_from(*number).unwrap_or(u32::MAX)
}
