//! The band of frequencies in which waves are looked for.

use nwm_analysis::signal::{PowerSpectrum, octaves_around, series_of};
use nwm_data::recording::Recording;

use super::summary::short;
use crate::exit::UsageError;

/// The bands that have names, in cycles per step: what the paper filtered hidden states with, and one that holds the
/// rotation by which they were driven.
const PAPER: [f64; 2] = [0.1, 0.2];
const FUNDAMENTAL: [f64; 2] = [0.025, 0.1];

/// Samples of all sites that the spectrum is made of, about.
const SPECTRUM_VALUES: usize = 1 << 24;

/// Samples of a piece of the spectrum.
const PIECE: std::ops::RangeInclusive<usize> = 64..=8192;

/// What the command line says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BandChoice {
    /// An octave either side of the spectral peak.
    Peak,
    /// One with a name, in cycles per step.
    Named(&'static str, [f64; 2]),
    /// Edges, in the unit of frequencies.
    Edges([f64; 2]),
}

/// A band.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Band {
    /// `[low, high]` in cycles per step.
    pub(crate) edges: [f64; 2],
    /// Where it comes from.
    pub(crate) origin: String,
    /// The power spectrum, where one was needed: cycles per step and power.
    pub(crate) spectrum: Vec<(f64, f64)>,
}

impl BandChoice {
    pub(super) fn parse(words: Option<&[String]>) -> Result<Self, UsageError> {
        let Some(words) = words else { return Ok(Self::Peak) };
        let refused = || {
            UsageError(format!(
                "--band {}: expected two numbers, or one of paper and fundamental",
                words.join(" ")
            ))
        };
        match words {
            [name] if name == "paper" => Ok(Self::Named("paper", PAPER)),
            [name] if name == "fundamental" => Ok(Self::Named("fundamental", FUNDAMENTAL)),
            [low, high] => match (low.parse(), high.parse()) {
                (Ok(low), Ok(high)) => Ok(Self::Edges([low, high])),
                _ => Err(refused()),
            },
            _ => Err(refused()),
        }
    }

    pub(super) fn resolve(
        self,
        recording: &mut Recording,
        rate: Option<f64>,
    ) -> anyhow::Result<Band> {
        let of = |edges, origin: String| Band { edges, origin, spectrum: Vec::new() };
        match self {
            Self::Named(name, edges) => Ok(of(edges, format!("the band {name}"))),
            Self::Edges(edges) => {
                let highest = rate.map_or(0.5, |rate| rate / 2.0);
                let [low, high] = edges;
                if !(0.0 < low && low < high && high < highest) {
                    let unit = unit(rate);
                    return Err(UsageError(format!(
                        "--band {low} {high}: expected 0 < LOW < HIGH < {highest} {unit}, half the sampling rate"
                    ))
                    .into());
                }
                Ok(of(edges.map(|edge| edge / rate.unwrap_or(1.0)), "as asked".to_owned()))
            }
            Self::Peak => {
                let spectrum = spectrum(recording)?;
                let Some(peak) = spectrum.peak() else {
                    anyhow::bail!(
                        "found no site that has all of its samples and changes, expected at least one"
                    );
                };
                let shown = peak * rate.unwrap_or(1.0);
                Ok(Band {
                    edges: octaves_around(peak),
                    origin: format!(
                        "an octave either side of the spectral peak at {} {}",
                        short(shown),
                        unit(rate)
                    ),
                    spectrum: spectrum.points().collect(),
                })
            }
        }
    }
}

/// The unit of frequencies.
pub(crate) fn unit(rate: Option<f64>) -> &'static str {
    if rate.is_some() { "Hz" } else { "cycles per step" }
}

/// The power spectrum of evenly spaced parts of a recording.
fn spectrum(recording: &mut Recording) -> anyhow::Result<PowerSpectrum> {
    let sites: usize = recording.size().iter().product();
    let (trials, time) = (recording.trials(), recording.time());
    let longest = (SPECTRUM_VALUES / 2 / sites).clamp(*PIECE.start(), *PIECE.end()).min(time);
    let mut spectrum = PowerSpectrum::new(longest)?;
    let parts_of_trial = time / longest;
    let parts = trials * parts_of_trial;
    let count = (SPECTRUM_VALUES / (longest * sites)).clamp(1, parts);
    for part in (0..count).map(|n| (2 * n + 1) * parts / (2 * count)) {
        let (trial, start) = (part / parts_of_trial, part % parts_of_trial * longest);
        let samples = recording.read(trial, start..start + longest)?;
        spectrum.add(&series_of(&samples, longest)?, longest)?;
    }
    Ok(spectrum)
}

impl Band {
    pub(super) fn describe(&self, rate: Option<f64>) -> String {
        let [low, high] = self.edges.map(|edge| edge * rate.unwrap_or(1.0));
        format!("{} to {} {}: {}", short(low), short(high), unit(rate), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_named_or_given() {
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            BandChoice::parse(Some(&words))
        };
        assert_eq!(BandChoice::parse(None).unwrap(), BandChoice::Peak);
        assert_eq!(parse(&["paper"]).unwrap(), BandChoice::Named("paper", [0.1, 0.2]));
        assert_eq!(parse(&["8", "32.5"]).unwrap(), BandChoice::Edges([8.0, 32.5]));
        for words in [&["alpha"][..], &["8"], &["8", "high"], &["paper", "8"]] {
            let error = parse(words).unwrap_err().to_string();
            assert!(error.contains(&words.join(" ")) && error.contains("fundamental"), "{error}");
        }
    }
}
