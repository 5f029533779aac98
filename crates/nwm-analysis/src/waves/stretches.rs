//! A long recording in stretches.

use std::ops::Range;

/// Samples that are in memory at once, about.
const VALUES: usize = 1 << 23;

/// A part of a recording that is analysed by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stretch {
    /// The samples that are read.
    pub read: Range<usize>,
    /// Those of them that count, from the first one read.
    pub kept: Range<usize>,
}

/// Cuts a recording of `time` samples of so many sites into stretches that together count every sample once. Each is
/// read with a `margin` of samples on either side, where there are any, so that filters have settled where it counts.
///
/// How long they are follows from the arguments alone: about eight million samples of sites, and at least twice the
/// margin. A recording of that size is one stretch.
pub fn stretches(time: usize, sites: usize, margin: usize) -> Vec<Stretch> {
    let longest = (VALUES / sites.max(1)).max(2 * margin).max(1);
    let count = time.div_ceil(longest).max(1);
    (0..count)
        .map(|number| {
            let [start, end] = [number, number + 1].map(|cut| time * cut / count);
            let read = start.saturating_sub(margin)..end.saturating_add(margin).min(time);
            Stretch { kept: start - read.start..end - read.start, read }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_counts_once_with_its_surroundings() {
        for (time, sites, margin) in [(100, 4, 10), (1 << 20, 64, 300), (5000, 1 << 20, 200)] {
            let found = stretches(time, sites, margin);
            let mut next = 0;
            for Stretch { read, kept } in &found {
                let (start, end) = (read.start + kept.start, read.start + kept.end);
                assert_eq!(start, next);
                assert!(kept.start == margin || (read.start == 0 && kept.start == start));
                assert!(read.end == end + margin || (read.end == time && end + margin >= time));
                assert!(kept.len() * sites <= VALUES.max(2 * margin * sites));
                next = end;
            }
            assert_eq!(next, time);
        }
        assert_eq!(stretches(2000, 256, 500).len(), 1);
        assert_eq!(stretches(1 << 20, 64, 300).len(), 8);
    }
}
