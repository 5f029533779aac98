//! What holds of every recording that can be read.

use nwm_data::Result;
use nwm_data::recording::{Recording, RecordingOptions};

/// Numbers of a trial, at most: what a few kilobytes can be unpacked to.
const LARGEST: usize = 1 << 22;

/// Reads the first and the last trial whole and sample by sample, and compares.
pub fn check(path: &std::path::Path) -> Result<()> {
    let mut recording = Recording::open(path, &RecordingOptions::default())?;
    let (trials, time, [rows, columns]) = (recording.trials(), recording.time(), recording.size());
    assert!(trials > 0 && time > 0 && rows > 0 && columns > 0);
    let numbers = rows.checked_mul(columns).and_then(|sites| sites.checked_mul(time));
    if numbers.is_none_or(|numbers| numbers > LARGEST) {
        return Ok(());
    }
    for trial in [0, trials - 1] {
        let whole = recording.read(trial, 0..time)?;
        assert_eq!(whole.len(), time * rows * columns);
        for sample in [0, time / 2, time - 1] {
            let part = recording.read(trial, sample..sample + 1)?;
            let expected = &whole[sample * rows * columns..][..rows * columns];
            // Bits, since some of the numbers may be none.
            assert!(part.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()));
            assert_eq!(part.len(), expected.len());
        }
    }
    assert!(recording.read(trials, 0..1).is_err() && recording.read(0, time..time + 1).is_err());
    Ok(())
}
