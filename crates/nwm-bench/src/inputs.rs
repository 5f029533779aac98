//! Numbers that a program in another language can make again, bit for bit.

/// `count` numbers, uniform, of mean 0 and standard deviation `scale`.
///
/// Number `i` of stream `s` is the splitmix64 mix of `s * 2^40 + i`, taken as a fraction of 2^53, moved to
/// `-1..1`, times `scale * sqrt(3)` in f64 and rounded once to f32. Integers and one product of f64: the
/// same bits everywhere, in any order of evaluation.
pub fn uniform(stream: u64, count: usize, scale: f64) -> Vec<f32> {
    let width = scale * 3.0_f64.sqrt();
    (0..count as u64)
        .map(|index| {
            let fraction = (mix((stream << 40) + index) >> 11) as f64 / (1_u64 << 53) as f64;
            (width * (2.0 * fraction - 1.0)) as f32
        })
        .collect()
}

/// The output function of splitmix64 (Steele, Lea & Flood, OOPSLA 2014) at its state `index + 1`.
fn mix(index: u64) -> u64 {
    let mut bits = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::{mix, uniform};

    /// The first numbers of splitmix64 from seed 0, as published with its reference code.
    #[test]
    fn the_mix_is_splitmix64() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(1), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn mean_and_deviation_are_as_asked() {
        let numbers = uniform(3, 100_000, 0.5);
        let count = numbers.len() as f64;
        let mean = numbers.iter().map(|&it| f64::from(it)).sum::<f64>() / count;
        let variance = numbers.iter().map(|&it| f64::from(it).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((variance.sqrt() - 0.5).abs() < 0.005, "{variance}");
    }

    #[test]
    fn streams_differ() {
        assert_ne!(uniform(0, 4, 1.0), uniform(1, 4, 1.0));
    }
}
