//! The parameters of each preset: kernels of one map, the scalars of its oscillators, and the pulse that suits them.

use nwm_core::stability::Oscillator;
use nwm_core::{CellConfig, Topology};

use super::preset::SimulationPreset;
use super::sheet::Sheet;

/// What waves travel in: the parameters of one map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Medium {
    /// Rows and columns of a kernel; rings have one row.
    pub(super) taps: [usize; 2],
    /// Weights on positions, `[row, column]`.
    pub(super) coupling: Vec<f64>,
    /// Weights on velocities.
    pub(super) damping: Vec<f64>,
    /// Weights on the drive; without them it enters as it is.
    pub(super) drive: Option<Vec<f64>>,
    pub(super) oscillator: Oscillator,
    pub(super) pulse: Pulse,
}

/// What a pulse is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pulse {
    pub(super) amplitude: f64,
    /// Sites from its middle to its slope.
    pub(super) width: f64,
    /// Steps of one swing.
    pub(super) period: f64,
}

impl Medium {
    pub(super) fn of(preset: SimulationPreset, sheet: Sheet) -> Self {
        match preset {
            SimulationPreset::Pulse => Self::pulse(sheet),
            SimulationPreset::OneWay => Self::one_way(sheet),
            SimulationPreset::Spiral => Self::spiral(sheet),
            SimulationPreset::Published => Self::published(sheet),
        }
    }

    /// `omega^2 = gamma + |k|^2` for long waves: those of a membrane on springs.
    fn pulse(sheet: Sheet) -> Self {
        Self {
            taps: taps(3, sheet),
            coupling: laplacian(sheet),
            damping: vec![0.0; taps(3, sheet).iter().product()],
            drive: None,
            oscillator: Oscillator { dt: 0.25, gamma: 0.1, alpha: 0.01 },
            // The wavelength that it holds most of, sqrt(2) pi times the width, has about this period.
            pulse: Pulse { amplitude: 1.0, width: 2.0, period: 30.0 },
        }
    }

    /// A site listens to the next three on its right (and on a torus to those beside them): nearer ones alone
    /// would favour waves of four sites. Waves of eleven grow fastest.
    fn one_way(sheet: Sheet) -> Self {
        const STRENGTH: f64 = 2.0;
        const ACROSS: [f64; 3] = [0.25, 0.5, 0.25];
        let [rows, columns] = taps(7, sheet);
        let weight = |row: usize, column: usize| {
            let along = if column > 3 { STRENGTH / 3.0 } else { 0.0 };
            let across = match rows {
                1 => 1.0,
                _ => row.checked_sub(2).and_then(|row| ACROSS.get(row)).copied().unwrap_or(0.0),
            };
            along * across
        };
        Self {
            taps: [rows, columns],
            coupling: kernel([rows, columns], weight),
            damping: vec![0.0; rows * columns],
            drive: None,
            oscillator: Oscillator { dt: 0.25, gamma: 4.0, alpha: 0.4 },
            pulse: Pulse { amplitude: 0.5, width: 2.0, period: 12.5 },
        }
    }

    /// A site feeds its own velocity, so that it swings until the tanh is saturated. The coupling of velocities
    /// keeps neighbours together; that of positions makes the frequency depend on the wavelength, without which
    /// there are no arms.
    fn spiral(sheet: Sheet) -> Self {
        const FEED: f64 = 1.0;
        const DIFFUSION: f64 = 0.2;
        let mut damping: Vec<f64> = laplacian(sheet).iter().map(|tap| DIFFUSION * tap).collect();
        let centre = damping.len() / 2;
        damping[centre] += FEED;
        Self {
            damping,
            oscillator: Oscillator { dt: 0.25, gamma: 1.0, alpha: 0.5 },
            pulse: Pulse { amplitude: 1.0, width: 2.5, period: 25.0 },
            ..Self::pulse(sheet)
        }
    }

    /// All taps of the three kernels are one over the number of sites; dt, gamma and alpha are the sigmoid of
    /// -1.95, 1 and 0.5.
    fn published(sheet: Sheet) -> Self {
        let [rows, columns] = taps(3, sheet);
        let constant = vec![1.0 / sheet.sites() as f64; rows * columns];
        Self {
            taps: [rows, columns],
            coupling: constant.clone(),
            damping: constant.clone(),
            drive: Some(constant),
            oscillator: Oscillator::of(&CellConfig::new(Topology::Dense { units: 1 })),
            // An uncoupled unit takes 51.3 steps.
            pulse: Pulse { amplitude: 1.0, width: 2.5, period: 51.3 },
        }
    }

    /// The smallest number of sites that its kernel needs along each axis.
    pub(super) fn least_side(&self) -> usize {
        self.taps[1]
    }
}

/// The taps of a kernel of this side.
fn taps(side: usize, sheet: Sheet) -> [usize; 2] {
    [if sheet.is_torus { side } else { 1 }, side]
}

fn kernel([rows, columns]: [usize; 2], weight: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..rows * columns).map(|tap| weight(tap / columns, tap % columns)).collect()
}

/// The second difference along a ring; on a torus the one over nine sites, which is nearly the same in all
/// directions.
fn laplacian(sheet: Sheet) -> Vec<f64> {
    if !sheet.is_torus {
        return vec![1.0, -2.0, 1.0];
    }
    kernel([3, 3], |row, column| match (row, column) {
        (1, 1) => -20.0 / 6.0,
        (1, _) | (_, 1) => 4.0 / 6.0,
        _ => 1.0 / 6.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEETS: [Sheet; 2] = [
        Sheet { rows: 9, columns: 12, is_torus: true },
        Sheet { rows: 9, columns: 12, is_torus: false },
    ];

    #[test]
    fn kernels_have_their_taps() {
        for sheet in SHEETS {
            for preset in SimulationPreset::ALL {
                let medium = Medium::of(preset, sheet);
                let taps = medium.taps.iter().product::<usize>();
                assert_eq!(medium.coupling.len(), taps, "{preset:?}");
                assert_eq!(medium.damping.len(), taps, "{preset:?}");
            }
            let sum = |kernel: &[f64]| kernel.iter().sum::<f64>();
            assert!(sum(&Medium::pulse(sheet).coupling).abs() < 1e-12);
            assert!((sum(&Medium::one_way(sheet).coupling) - 2.0).abs() < 1e-12);
            assert!((sum(&Medium::spiral(sheet).damping) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn one_way_kernels_look_to_the_right_alone() {
        for sheet in SHEETS {
            let medium = Medium::one_way(sheet);
            let columns = medium.taps[1];
            for (tap, weight) in medium.coupling.iter().enumerate() {
                assert!(*weight == 0.0 || tap % columns > columns / 2, "tap {tap}");
            }
        }
    }

    #[test]
    fn the_published_kernels_are_constant() {
        let medium = Medium::published(SHEETS[0]);
        assert!(medium.coupling.iter().all(|&tap| tap == 1.0 / 108.0));
        assert_eq!(medium.drive.as_ref(), Some(&medium.damping));
        assert!((medium.oscillator.dt - 0.124_553_358_187_416).abs() < 1e-14);
    }
}
