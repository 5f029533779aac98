//! The phases of a pass in the form in which kernels read them.

use super::super::geometry::{Pass, Phase, WINDOW};

/// Bits that tell which taps meet the sources of a window, of which there are four at most.
const TAP_BITS: usize = 4 * WINDOW;

/// Both axes of a pass as `kernels/convolution.cuh` describes it: rows, then columns.
pub(super) fn axes(pass: &Pass) -> [i64; 2] {
    [0, 1].map(|axis| code(&pass.axes[axis]))
}

/// Phases of a pass.
pub(super) fn phases(pass: &Pass) -> usize {
    pass.phases().count()
}

/// Pixels of the largest window of a pass.
pub(super) fn largest_window(pass: &Pass) -> usize {
    pass.phases().map(|phase| phase.map(|axis| axis.taps.len()).iter().product()).max().unwrap_or(0)
}

/// Targets of a sample in the phase that has most.
pub(super) fn most_targets(pass: &Pass) -> usize {
    let count = |phase: [&Phase; 2]| -> usize {
        [0, 1].map(|axis| phase[axis].count(pass.target[axis])).iter().product()
    };
    pass.phases().map(count).max().unwrap_or(0)
}

fn code(phases: &[Phase]) -> i64 {
    let mut code = 0;
    for (number, phase) in phases.iter().enumerate() {
        debug_assert!(phase.first == number && phase.step == phases.len() && number < 2);
        debug_assert!(phase.taps.len() <= 4 && phase.stride < 4 && (-8..8).contains(&phase.start));
        for (source, taps) in phase.taps.iter().enumerate() {
            for tap in taps {
                code |= 1 << (TAP_BITS * number + WINDOW * source + tap);
            }
        }
        code |= (phase.start as i64 + 8) << (2 * TAP_BITS + 4 * number);
    }
    if let Some(first) = phases.first() {
        code |= (first.step as i64) << 32 | (first.stride as i64) << 34;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::ConvolutionOptions;
    use crate::nn::convolution::geometry::Correlation;

    #[test]
    fn a_code_has_the_documented_bits() {
        let options = ConvolutionOptions { upsample: true, ..ConvolutionOptions::default() };
        let reading = Correlation::new([3, 3], 1, 1, &options).reading();
        // Taps 0 | 1, 2 from source -1 on and taps 0, 1 | 2 from source 0 on; every second result, one source further.
        let taps = 0b110_001 | 0b100_011 << 12;
        let expected = taps | (7 | 8 << 4) << 24 | 2 << 32 | 1 << 34;
        assert_eq!(axes(&reading), [expected; 2]);
        assert_eq!((phases(&reading), largest_window(&reading), most_targets(&reading)), (4, 4, 9));
    }

    #[test]
    fn every_pass_fits_a_code() {
        for (stride, upsample) in [(1, false), (2, false), (1, true), (2, true)] {
            for side in 1..6 {
                let options = ConvolutionOptions { stride, upsample, leaky: None };
                let correlation = Correlation::new([side, side], 1, 1, &options);
                // The assertions are in there.
                axes(&correlation.reading());
                axes(&correlation.adjoint());
            }
        }
    }
}
