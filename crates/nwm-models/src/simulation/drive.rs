//! What drives a cell in each of its steps.

use super::medium::Pulse;
use super::preset::SimulationDrive;
use super::sheet::Sheet;
use crate::nn::standard_normals;

/// The drive of all maps.
#[derive(Debug, Clone)]
pub(super) struct Drive {
    kind: SimulationDrive,
    sheet: Sheet,
    channels: usize,
    seed: u64,
    pulse: Pulse,
    /// Where the pulse is, and how strong, `[channel, site]`.
    shape: Vec<f64>,
}

impl Drive {
    pub(super) fn new(
        kind: SimulationDrive,
        pulse: Pulse,
        sheet: Sheet,
        channels: usize,
        seed: u64,
    ) -> Self {
        let shape = match kind {
            SimulationDrive::Pulse => {
                (0..channels).flat_map(|channel| hat(pulse, sheet, channel, seed)).collect()
            }
            SimulationDrive::Noise | SimulationDrive::None => Vec::new(),
        };
        Self { kind, sheet, channels, seed, pulse, shape }
    }

    /// The drive of one step, `[channel, site]`.
    pub(super) fn at(&self, step: usize) -> Vec<f64> {
        match self.kind {
            SimulationDrive::Pulse => {
                let strength = self.pulse.at(step as f64);
                self.shape.iter().map(|value| strength * value).collect()
            }
            SimulationDrive::Noise => (0..self.channels)
                .flat_map(|channel| {
                    let name = format!("simulation.noise.{channel}.{step}");
                    self.sheet.smooth_normals(self.seed, &name)
                })
                .collect(),
            SimulationDrive::None => vec![0.0; self.channels * self.sheet.sites()],
        }
    }
}

impl Pulse {
    /// Its strength at a step: a sine through zero after one period, under a Gaussian that is largest there and a third of
    /// that half a period before and after.
    fn at(self, step: f64) -> f64 {
        let since = (step - self.period) / self.period;
        self.amplitude * (std::f64::consts::TAU * since).sin() * (-(2.0 * since).powi(2)).exp()
    }
}

/// The second derivative of a Gaussian with its sign changed, whose sum is zero, so that it moves no map as a whole.
fn hat(pulse: Pulse, sheet: Sheet, channel: usize, seed: u64) -> Vec<f64> {
    let place = match channel {
        0 => sheet.middle(),
        _ => {
            let normals = standard_normals(seed, &format!("simulation.pulse.{channel}"), 2);
            let anywhere = |normal: f64, length: usize| (normal * length as f64).floor();
            [anywhere(normals[0], sheet.rows), anywhere(normals[1], sheet.columns)]
        }
    };
    let dimensions = if sheet.is_torus { 2.0 } else { 1.0 };
    let hat = |row, column| {
        let share = sheet.squared_distance([row, column], place) / pulse.width.powi(2);
        (1.0 - share / dimensions) * (-share / 2.0).exp()
    };
    sheet.each(hat)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULSE: Pulse = Pulse { amplitude: 2.0, width: 2.0, period: 20.0 };

    fn drive(kind: SimulationDrive, is_torus: bool, channels: usize, seed: u64) -> Drive {
        Drive::new(kind, PULSE, Sheet { rows: 24, columns: 32, is_torus }, channels, seed)
    }

    #[test]
    fn a_pulse_is_in_the_middle_and_passes() {
        for is_torus in [true, false] {
            let drive = drive(SimulationDrive::Pulse, is_torus, 1, 0);
            let strongest = drive.at(24);
            let middle = strongest[12 * 32 + 16];
            assert!(middle > 0.5 && strongest.iter().all(|&value| value <= middle));
            assert!(strongest.iter().sum::<f64>().abs() < 1e-6 * strongest.len() as f64);
            assert!(drive.at(60).iter().all(|value| value.abs() < 1e-5));
        }
    }

    #[test]
    fn the_seed_places_all_but_the_first_pulse() {
        let pulses = |seed| drive(SimulationDrive::Pulse, true, 2, seed).at(24);
        let [one, other] = [pulses(0), pulses(1)];
        assert_eq!(one[..768], other[..768]);
        assert_ne!(one[768..], other[768..]);
    }

    #[test]
    fn noise_is_new_in_every_step_and_map() {
        let noise = drive(SimulationDrive::Noise, true, 2, 5);
        assert_eq!(noise.at(3), drive(SimulationDrive::Noise, true, 2, 5).at(3));
        assert_ne!(noise.at(3), noise.at(4));
        assert_ne!(noise.at(3)[..768], noise.at(3)[768..]);
        assert!(drive(SimulationDrive::None, true, 1, 5).at(0).iter().all(|&value| value == 0.0));
    }
}
