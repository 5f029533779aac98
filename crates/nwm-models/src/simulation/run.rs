//! Running a cell and keeping all it does.

use candle_core::{DType, Device, Tensor};
use nwm_core::stability::Oscillator;
use nwm_core::{Bias, Cell, CellConfig, Record, Scalar, State, Topology};

use super::drive::Drive;
use super::medium::Medium;
use super::plane_wave::PlaneWave;
use super::preset::{SimulationDrive, SimulationPreset};
use super::sheet::Sheet;
use super::start::start;
use crate::error::{Error, Result};

/// Most steps times channels times sites of a simulation, which keeps two numbers of each: 256 MiB.
pub const MOST_SIMULATED_STATES: usize = 1 << 25;

/// Most maps: each has a kernel for each, though they are zero.
const MOST_CHANNELS: usize = 64;

/// Steps that run at once, between two calls of `progress`.
const PORTION: usize = 32;

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SimulationOptions {
    /// Which cell.
    pub preset: SimulationPreset,
    /// A torus or rings.
    pub topology: Topology,
    /// Maps, which are not coupled to each other.
    pub channels: usize,
    /// Steps.
    pub steps: usize,
    /// Seed of what is random.
    pub seed: u64,
    /// What drives it; none stands for [`SimulationPreset::default_drive`].
    pub drive: Option<SimulationDrive>,
}

impl Default for SimulationOptions {
    /// A pulse on a torus of 64 x 64, 400 steps, seed 0.
    fn default() -> Self {
        Self {
            preset: SimulationPreset::Pulse,
            topology: Topology::Torus { rows: 64, columns: 64 },
            channels: 1,
            steps: 400,
            seed: 0,
            drive: None,
        }
    }
}

/// The states of one map after every step, `[time, row, column]`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MapTrajectory {
    /// Positions.
    pub positions: Vec<f32>,
    /// Velocities.
    pub velocities: Vec<f32>,
}

/// A cell that is ready to run.
#[derive(Debug, Clone)]
pub struct Simulation {
    options: SimulationOptions,
    sheet: Sheet,
    medium: Medium,
    cell: Cell,
}

impl Simulation {
    /// Checks the options and makes the parameters.
    ///
    /// # Errors
    /// [`Error::Key`] if a size is zero, the states would not fit [`MOST_SIMULATED_STATES`], the sheet is smaller than
    /// the preset's kernel, or the preset does not exist on this topology.
    pub fn new(options: SimulationOptions) -> Result<Self> {
        let sheet = Sheet::of(options.topology)?;
        check_sizes(&options, sheet)?;
        if options.preset == SimulationPreset::Spiral && !sheet.is_torus {
            return Err(Error::key("topology", "a torus for spirals", options.topology));
        }
        let medium = Medium::of(options.preset, sheet);
        let side = if sheet.is_torus { sheet.rows.min(sheet.columns) } else { sheet.columns };
        if side < medium.least_side() {
            let expected = format!(
                "at least {} sites along each coupled axis for the preset {}",
                medium.least_side(),
                options.preset.as_str()
            );
            return Err(Error::key("topology", expected, options.topology));
        }
        let mut config = CellConfig::new(options.topology);
        config.channels = options.channels;
        config.kernel_size = medium.taps[1];
        config.bias = Bias::None;
        config.drive_coupling = medium.drive.is_some();
        config.dt = Scalar::Fixed(medium.oscillator.dt);
        config.gamma = Scalar::Fixed(medium.oscillator.gamma);
        config.alpha = Scalar::Fixed(medium.oscillator.alpha);
        Ok(Self { cell: Cell::new(config)?, options, sheet, medium })
    }

    /// What was asked for.
    pub fn options(&self) -> &SimulationOptions {
        &self.options
    }

    /// What drives the cell.
    pub fn drive(&self) -> SimulationDrive {
        self.options.drive.unwrap_or_else(|| self.options.preset.default_drive())
    }

    /// Time step, restoring and damping coefficient.
    pub fn oscillator(&self) -> Oscillator {
        self.medium.oscillator
    }

    /// Rows and columns of a map; rows are rings on [`Topology::Rings`].
    pub fn map_size(&self) -> [usize; 2] {
        [self.sheet.rows, self.sheet.columns]
    }

    /// Whether rows are coupled, too.
    pub fn is_torus(&self) -> bool {
        self.sheet.is_torus
    }

    /// Rows and columns of a kernel; one row on rings.
    pub fn kernel_size(&self) -> [usize; 2] {
        self.medium.taps
    }

    /// The kernel on positions of one map, `[row, column]`.
    pub fn coupling(&self) -> &[f64] {
        &self.medium.coupling
    }

    /// The kernel on velocities of one map, `[row, column]`.
    pub fn damping(&self) -> &[f64] {
        &self.medium.damping
    }

    /// What the linear theory says of a wave with this wave number, cycles per site along rows and columns; on rings
    /// the first one has no meaning.
    ///
    /// # Errors
    /// None that these parameters can cause.
    pub fn plane_wave(&self, wave_number: [f64; 2]) -> Result<PlaneWave> {
        PlaneWave::of(&self.medium, wave_number)
    }

    /// Runs all steps from the preset's start and returns the states of each map. `progress` is called with the steps
    /// done and their number.
    ///
    /// # Errors
    /// Those of the tensor library.
    pub fn run(&self, progress: impl FnMut(usize, usize)) -> Result<Vec<MapTrajectory>> {
        let SimulationOptions { preset, channels, seed, .. } = self.options;
        let start = start(preset, self.drive(), &self.medium, self.sheet, channels, seed);
        let drive = Drive::new(self.drive(), self.medium.pulse, self.sheet, channels, seed);
        self.run_from(&start, |step| drive.at(step), progress)
    }

    /// Runs all steps from a start, `[channel, row, column]` each, with the drive of every step.
    fn run_from(
        &self,
        start: &State<f64>,
        drive: impl Fn(usize) -> Vec<f64>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<MapTrajectory>> {
        let SimulationOptions { channels, steps, .. } = self.options;
        let units = self.cell.units();
        let packed = self.packed()?;
        let start = [start.position.as_slice(), &start.velocity].concat();
        let mut state = tensor(&start, &[2, 1, units])?;
        let mut maps: Vec<MapTrajectory> = (0..channels)
            .map(|_| {
                let room = || Vec::with_capacity(steps * self.sheet.sites());
                MapTrajectory { positions: room(), velocities: room() }
            })
            .collect();
        for first in (0..steps).step_by(PORTION) {
            progress(first, steps);
            let portion = PORTION.min(steps - first);
            let driven: Vec<f64> = (first..first + portion).flat_map(&drive).collect();
            let driven = tensor(&driven, &[portion, 1, units])?;
            let states = self.cell.forward(&driven, &state, &packed, Record::States)?;
            state = states.get(portion - 1)?.transpose(0, 1)?.contiguous()?;
            // [time, batch, position or velocity, channel, site].
            let values: Vec<f32> = states.flatten_all()?.to_vec1()?;
            for step in values.chunks_exact(2 * units) {
                let (positions, velocities) = step.split_at(units);
                let sites = self.sheet.sites();
                let fields = positions.chunks_exact(sites).zip(velocities.chunks_exact(sites));
                for (map, (positions, velocities)) in maps.iter_mut().zip(fields) {
                    map.positions.extend_from_slice(positions);
                    map.velocities.extend_from_slice(velocities);
                }
            }
        }
        progress(steps, steps);
        Ok(maps)
    }

    /// The cell's parameters: the kernels of one map on the diagonal of those of all.
    fn packed(&self) -> Result<Tensor> {
        let channels = self.options.channels;
        let zeros = vec![0.0; self.medium.coupling.len()];
        let kernels =
            [Some(&self.medium.coupling), Some(&self.medium.damping), self.medium.drive.as_ref()];
        let shapes = self.cell.parameter_shapes();
        let parameters = kernels.into_iter().flatten().zip(&shapes).map(|(kernel, parameter)| {
            let pairs = (0..channels * channels).map(|pair| (pair / channels, pair % channels));
            let taps: Vec<f64> = pairs
                .flat_map(|(to, from)| if to == from { kernel } else { &zeros })
                .copied()
                .collect();
            tensor(&taps, &parameter.shape)
        });
        Ok(self.cell.pack(&parameters.collect::<Result<Vec<_>>>()?)?)
    }
}

fn tensor(values: &[f64], shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(DType::F32)?)
}

fn check_sizes(options: &SimulationOptions, sheet: Sheet) -> Result<()> {
    let SimulationOptions { channels, steps, .. } = *options;
    for (key, size) in [("channels", channels), ("steps", steps)] {
        if size == 0 {
            return Err(Error::key(key, "at least 1", size));
        }
    }
    if channels > MOST_CHANNELS {
        return Err(Error::key("channels", format!("at most {MOST_CHANNELS}"), channels));
    }
    if sheet.rows == 0 || sheet.columns == 0 {
        return Err(Error::key("topology", "at least one site", options.topology));
    }
    let factors = [sheet.rows, sheet.columns, channels, steps];
    let states =
        factors.into_iter().try_fold(1_usize, |product, factor| product.checked_mul(factor));
    if states.is_none_or(|states| states > MOST_SIMULATED_STATES) {
        let expected = format!("at most {MOST_SIMULATED_STATES} steps x channels x sites");
        let found = format!("{steps} x {channels} x {} x {}", sheet.rows, sheet.columns);
        return Err(Error::key("steps", expected, found));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
