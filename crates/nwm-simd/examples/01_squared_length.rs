//! One kernel on every instruction set of this processor: `cargo run --release -p nwm-simd --example 01_squared_length`.

use std::io::Write;
use std::time::Instant;

use nwm_simd::{Kernel, Real, Simd, Vector};

/// The squared length of a list of numbers.
struct SquaredLength<'a, R>(&'a [R]);

impl<R: Real> Kernel<R> for SquaredLength<'_, R> {
    type Output = R;

    #[inline(always)]
    fn run<V: Vector<Element = R>>(self) -> R {
        let mut sum = V::splat(R::zero());
        for values in self.0.chunks(V::LANES) {
            let values = V::load_some(values);
            sum = values.mul_add(values, sum);
        }
        sum.sum()
    }
}

fn main() {
    let values: Vec<f32> = (0..4096).map(|index| (index as f32 * 0.01).sin()).collect();
    let mut text = String::new();
    for simd in Simd::available() {
        let start = Instant::now();
        let mut sum = 0.0;
        for _ in 0..1000 {
            sum = simd.run(SquaredLength(std::hint::black_box(&values)));
        }
        let nanoseconds = start.elapsed().as_nanos() / 1000;
        text += &format!("{:<9} {sum:.4}  {nanoseconds:>6} ns\n", simd.instruction_set().name());
    }
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
