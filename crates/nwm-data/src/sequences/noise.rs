//! Pictures without structure: what waves are compared with.

use crate::spec::Split;
use crate::stream::Stream;

/// Fills `out` with independent numbers uniform in `[0, 1)`: a function of seed, split and `index` alone.
pub fn uniform_noise(seed: u64, split: Split, index: u64, out: &mut [f32]) {
    let mut stream = Stream::new(&format!("nwm-data/noise/{split}"), &[seed, index]);
    for value in out {
        *value = stream.unit_f32();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_uniform_and_repeats() {
        let (mut one, mut same, mut other) =
            (vec![0.0; 20_000], vec![0.0; 20_000], vec![0.0; 20_000]);
        uniform_noise(0, Split::Train, 4, &mut one);
        uniform_noise(0, Split::Train, 4, &mut same);
        uniform_noise(0, Split::Train, 5, &mut other);
        assert!(one == same && one != other);
        let mean = one.iter().map(|&value| f64::from(value)).sum::<f64>() / 20_000.0;
        // Five standard errors, 1/sqrt(12 n).
        assert!((mean - 0.5).abs() < 0.0102, "{mean}");
    }
}
