//! The harness of this repository's benchmark programs.
//!
//! A benchmark is a program without cargo's own harness: it reads [`Arguments`], makes inputs with
//! [`uniform`], times actions with [`time`], and reports each case as one [`Report`]: a line of text, or a
//! line of JSON that `cargo xtask bench` reads.
//!
//! # Example
//!
//! ```
//! use nwm_bench::{Report, time, uniform};
//!
//! # fn main() -> Result<(), nwm_bench::Error> {
//! let numbers = uniform(0, 1000, 0.5);
//! let (timing, sum) = time(Some(3), || Ok::<f32, nwm_bench::Error>(numbers.iter().sum()))?;
//! let mut report = Report::new("sum", "thousand", "plain", 1);
//! report.add("forward", timing, 1000.0);
//! report.loss = Some(f64::from(sum));
//! assert!(report.to_json()?.starts_with(r#"{"format":1,"bench":"sum","case":"thousand""#));
//! # Ok(())
//! # }
//! ```
//!
//! # Main types
//!
//! - [`Arguments`]: `--case`, `--threads`, `--repeats`, `--json`, and options of one program.
//! - [`Timing`]: median, smallest and largest time of some repetitions.
//! - [`Report`]: what one case took, and what it computed.
//!
//! # Conventions
//!
//! Times are milliseconds of wall-clock time after a warm-up. FLOP are counted as the arithmetic of the
//! definition, a fused multiply-add as two, whatever a method may save.

mod arguments;
mod error;
mod inputs;
mod program;
mod report;
mod timing;

pub use arguments::Arguments;
pub use error::{Error, Result};
pub use inputs::uniform;
pub use program::{peak_memory_bytes, reset_peak_memory, run};
pub use report::{Mode, Report};
pub use timing::{Timing, time};
