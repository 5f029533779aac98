//! Initial values of parameters: every value a pure function of seed, name and position.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// Keeps these streams apart from those of any other use of the same seed.
const DOMAIN: &[u8] = b"nwm-models";

/// Standard deviations at which a truncated normal distribution is cut.
const CUT: f64 = 2.0;

/// How a parameter's initial values are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initialiser {
    /// The same value everywhere.
    Constant(f64),
    /// Normal distribution cut at two standard deviations on both sides and not rescaled, so that the
    /// standard deviation of the values is 0.87962566 times the one given (docs/theory.md, section 3).
    TruncatedNormal {
        /// Centre of the distribution.
        mean: f64,
        /// Standard deviation before the cut.
        standard_deviation: f64,
    },
    /// Uniform distribution on `[-bound, bound)`.
    Uniform {
        /// Largest magnitude.
        bound: f64,
    },
}

impl Initialiser {
    /// Truncated normal of standard deviation `1 / sqrt(inputs)` before the cut: the default of
    /// [`Linear`](super::Linear) and [`Convolution`](super::Convolution).
    pub fn fan_in(inputs: usize) -> Self {
        Self::TruncatedNormal { mean: 0.0, standard_deviation: 1.0 / (inputs.max(1) as f64).sqrt() }
    }

    /// Uniform on plus and minus `1 / sqrt(inputs)`.
    pub fn uniform_fan_in(inputs: usize) -> Self {
        Self::Uniform { bound: 1.0 / (inputs.max(1) as f64).sqrt() }
    }

    /// With `gain` times the standard deviation, if it is a normal distribution.
    pub(super) fn scaled(self, gain: f64) -> Self {
        match self {
            Self::TruncatedNormal { mean, standard_deviation } => {
                Self::TruncatedNormal { mean, standard_deviation: gain * standard_deviation }
            }
            other => other,
        }
    }

    /// `count` values, drawn in `f64` from the stream that belongs to this seed and this name.
    pub(super) fn values(self, seed: u64, name: &str, count: usize) -> Vec<f64> {
        let mut stream = Stream::new(seed, name);
        match self {
            Self::Constant(value) => vec![value; count],
            Self::TruncatedNormal { mean, standard_deviation } => {
                (0..count).map(|_| mean + standard_deviation * stream.truncated_normal()).collect()
            }
            Self::Uniform { bound } => {
                (0..count).map(|_| bound * stream.symmetric_uniform()).collect()
            }
        }
    }
}

/// `count` standard normal numbers from the stream that belongs to this seed and this name: the same on every machine.
pub fn standard_normals(seed: u64, name: &str, count: usize) -> Vec<f64> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| stream.normal()).collect()
}

/// Random numbers of one parameter.
struct Stream {
    generator: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    fn new(seed: u64, name: &str) -> Self {
        let key = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(seed.to_le_bytes())
            .chain_update(name.as_bytes())
            .finalize();
        Self { generator: ChaCha8Rng::from_seed(key.into()), spare: None }
    }

    /// Uniform on `[-1, 1)`, 53 bits.
    fn symmetric_uniform(&mut self) -> f64 {
        let bits = self.generator.next_u64() >> 11;
        bits as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// Standard normal by Marsaglia's polar method, which yields two at a time.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.symmetric_uniform(), self.symmetric_uniform());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                // The logarithm comes from libm: the standard library's differs between platforms.
                let scale = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Standard normal, drawn again until it lies within the cut.
    fn truncated_normal(&mut self) -> f64 {
        loop {
            let value = self.normal();
            if value.abs() <= CUT {
                return value;
            }
        }
    }
}
