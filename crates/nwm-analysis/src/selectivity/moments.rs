//! Mean and variance of samples that come one by one.

/// How many samples, their mean, and the sum of squares about it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moments {
    count: f64,
    pub(super) mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds a sample (Welford 1962).
    pub(super) fn push(&mut self, sample: f64) {
        self.count += 1.0;
        let difference = sample - self.mean;
        self.mean += difference / self.count;
        self.squares += difference * (sample - self.mean);
    }

    /// The moments of the samples of both (Chan, Golub and LeVeque 1983). Equal means stay what they are, to
    /// the last bit, which a weighted mean would not grant.
    pub(super) fn joined(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let difference = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + difference * share,
            squares: self.squares + other.squares + difference * difference * self.count * share,
        }
    }

    /// The unbiased variance; NaN for fewer than two samples.
    pub(super) fn variance(self) -> f64 {
        if self.count < 2.0 { f64::NAN } else { self.squares / (self.count - 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn moments(samples: &[f64]) -> Moments {
        let mut found = Moments::default();
        samples.iter().for_each(|&sample| found.push(sample));
        found
    }

    #[test]
    fn two_passes_give_the_same() {
        let mut stream = Stream::new(b"tests of moments        ", 0);
        let samples: Vec<f64> = (0..50).map(|_| 1e3 + stream.normal()).collect();
        let mean = samples.iter().sum::<f64>() / 50.0;
        let variance = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / 49.0;
        for split in [0, 1, 17, 50] {
            let found = moments(&samples[..split]).joined(moments(&samples[split..]));
            assert!((found.mean - mean).abs() < 1e-12, "{split}: {found:?}");
            assert!((found.variance() / variance - 1.0).abs() < 1e-9, "{split}: {found:?}");
        }
        assert!(moments(&samples[..1]).variance().is_nan());
    }

    #[test]
    fn equal_samples_have_no_variance_at_all() {
        // Three times 0.1, divided by three, is not 0.1.
        let parts = [3, 1, 4, 7].map(|count| moments(&vec![0.1; count]));
        let all = parts.into_iter().fold(Moments::default(), Moments::joined);
        assert_eq!((all.mean, all.variance(), all.count), (0.1, 0.0, 15.0));
    }
}
