//! The memory of a process over time.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::training::Process;
use crate::files;

/// In the first minutes an allocator takes memory that it keeps: a shorter run says nothing.
const SHORTEST: f64 = 600.0;
/// KiB of growth from early to late that are still called none: the allocator of `nwm` keeps what it has and takes more by segments
/// of 32 MiB. Once in a while pages in use lie so that it takes one more.
const SEGMENT: u64 = 32 << 10;

/// Memory at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Since the start of the process.
    seconds: f64,
    /// Resident memory in KiB.
    resident: u64,
    /// Its largest value so far.
    peak: u64,
}

/// What the samples say. Early is the second tenth of the time, when all that is loaded once is loaded; late the last tenth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Memory {
    pub(super) samples: usize,
    /// Medians in KiB.
    pub(super) early_kib: u64,
    pub(super) late_kib: u64,
    /// Peaks in KiB: at the end of the second tenth, and at the end.
    pub(super) early_peak_kib: u64,
    pub(super) peak_kib: u64,
    /// Of the median, as a share of the early one; negative if it has shrunk.
    pub(super) growth: f64,
    /// None if the time was too short to say.
    pub(super) constant: Option<bool>,
}

/// Waits for a process to end well and samples its memory meanwhile.
pub(super) fn watch(process: &mut Process, every: Duration) -> Result<Vec<Sample>> {
    let start = Instant::now();
    let status = format!("/proc/{}/status", process.child.id());
    let mut samples = Vec::new();
    loop {
        if let Some(status) = process.child.try_wait().context("failed to wait for nwm")? {
            ensure!(status.success(), "the run that was left alone failed: {status}");
            return Ok(samples);
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        if let (Some(resident), Some(peak)) = (field(&text, "VmRSS:"), field(&text, "VmHWM:")) {
            samples.push(Sample { seconds: start.elapsed().as_secs_f64(), resident, peak });
        }
        std::thread::sleep(every);
    }
}

/// A field of `/proc/PID/status` in KiB.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Writes the samples, so that they can be drawn.
pub(super) fn write(path: &Path, samples: &[Sample]) -> Result<()> {
    let mut text = String::from("seconds,resident_kib,peak_kib\n");
    for Sample { seconds, resident, peak } in samples {
        text += &format!("{seconds:.1},{resident},{peak}\n");
    }
    files::write(path, &text)
}

/// Compares late with early; none without samples (on systems without `/proc`) or with too few.
pub(super) fn judge(samples: &[Sample]) -> Option<Memory> {
    let tenth = samples.len() / 10;
    let last = samples.last()?;
    if tenth == 0 {
        return None;
    }
    let early = &samples[tenth..2 * tenth];
    let (early_kib, late_kib) = (median(early), median(&samples[samples.len() - tenth..]));
    let growth = late_kib as f64 / early_kib as f64 - 1.0;
    Some(Memory {
        samples: samples.len(),
        early_kib,
        late_kib,
        early_peak_kib: early.last()?.peak,
        peak_kib: last.peak,
        growth,
        constant: (last.seconds >= SHORTEST).then_some(late_kib <= early_kib + SEGMENT),
    })
}

fn median(samples: &[Sample]) -> u64 {
    let mut resident: Vec<u64> = samples.iter().map(|sample| sample.resident).collect();
    resident.sort_unstable();
    resident[resident.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::{Sample, field, judge};

    fn samples(resident: impl Fn(u64) -> u64) -> Vec<Sample> {
        let sample =
            |i| Sample { seconds: 10.0 * i as f64, resident: resident(i), peak: resident(i) };
        (0..100).map(sample).collect()
    }

    #[test]
    fn a_rise_at_the_start_is_no_growth() {
        let memory = judge(&samples(|i| if i < 8 { 100 * i } else { 1000 + i % 3 })).unwrap();
        assert_eq!(memory.constant, Some(true), "{memory:?}");
        assert_eq!(memory.samples, 100);
    }

    #[test]
    fn a_slow_leak_is_growth() {
        let memory = judge(&samples(|i| 1_000_000 + 1000 * i)).unwrap();
        assert_eq!(memory.constant, Some(false), "{memory:?}");
        assert!((memory.growth - 0.079).abs() < 0.002, "{memory:?}");
        let one_segment = judge(&samples(|i| 300_000 + 32_768 * (i / 60))).unwrap();
        assert_eq!(one_segment.constant, Some(true), "{one_segment:?}");
    }

    #[test]
    fn without_samples_nothing_is_said() {
        assert_eq!(judge(&[]), None);
        assert_eq!(judge(&samples(|_| 1)[..9]), None);
        assert_eq!(judge(&samples(|i| 100 + i)[..50]).unwrap().constant, None);
    }

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        let text = "Name:\tnwm\nVmHWM:\t  295040 kB\nVmRSS:\t  120000 kB\n";
        assert_eq!((field(text, "VmRSS:"), field(text, "VmHWM:")), (Some(120_000), Some(295_040)));
        assert_eq!(field(text, "VmSwap:"), None);
    }
}
