//! The digits of a run, split as its data set is.

use std::sync::Arc;

use nwm_data::{Digits, MnistPart, Split, rotating_split, sequential_split};

use crate::config::DataConfig;
use crate::error::{Error, Result};

/// The digits of a split, and the numbers of those that belong to it: as many as the configuration asks for, in the split's
/// own order.
///
/// Sets of sequences cut the training digits into 57 000 and 3000 by `data.seed`, films into the published 48 000 and
/// 12 000.
pub(crate) fn digits_of(data: &DataConfig, split: Split) -> Result<(Arc<Digits>, Vec<usize>)> {
    let digits = open_digits(data, split)?;
    let mut chosen = match split {
        Split::Test => (0..digits.len()).collect(),
        _ => {
            let (validation, training) = if data.name == ROTATING_DIGITS {
                rotating_split()
            } else {
                sequential_split(data.seed)
            };
            if split == Split::Train { training } else { validation }
        }
    };
    let (key, wanted) = match split {
        Split::Train => ("data.train_trajectories", data.train_trajectories),
        Split::Validation => ("data.validation_trajectories", data.validation_trajectories),
        Split::Test => ("data.test_trajectories", data.test_trajectories),
    };
    if wanted > chosen.len() {
        return Err(Error::Key {
            origin: "configuration".into(),
            key: key.into(),
            problem: format!("found {wanted}, expected at most {} digits", chosen.len()),
        });
    }
    chosen.truncate(wanted);
    Ok((digits, chosen))
}

/// The file of digits that those of a split are in.
pub(crate) fn open_digits(data: &DataConfig, split: Split) -> Result<Arc<Digits>> {
    let part = if split == Split::Test { MnistPart::Test } else { MnistPart::Train };
    Digits::open(&data.mnist, part).map(Arc::new).map_err(|error| Error::Key {
        origin: "configuration".into(),
        key: "data.mnist".into(),
        problem: format!("{error}; run `nwm data fetch mnist`, or name the folder of the digits"),
    })
}

/// The name of the data set of turning digits.
pub(crate) const ROTATING_DIGITS: &str = "rotating_mnist";

/// Whether a data set is made of the digits in files.
pub(crate) fn reads_digits(data: &str) -> bool {
    matches!(data, ROTATING_DIGITS | "smnist" | "psmnist")
}
