//! The page of a simulated cell.

use anyhow::Result;
use maud::{Markup, html};
use nwm_analysis::figures::LineChart;
use nwm_models::simulation::{MapTrajectory, Simulation, SimulationDrive, SimulationPreset};

use super::html as page_html;
use super::number::count;
use super::scale::Scale;
use super::simulated_wave::SimulatedWave;
use super::wave_film::WaveFilm;

/// The share of the largest amplitude below which a pulse that only begins is not worth a part of the chart.
const LEAST_SHARE: f64 = 1e-6;

/// All that is shown of a simulation.
pub(crate) struct SimulatedWaves<'a> {
    pub(crate) simulation: &'a Simulation,
    pub(crate) maps: &'a [MapTrajectory],
    pub(crate) wave: Option<SimulatedWave>,
    pub(crate) film: &'a WaveFilm,
}

impl SimulatedWaves<'_> {
    /// The root of the mean square of positions and velocities after every step.
    pub(crate) fn amplitudes(&self) -> Vec<[f64; 2]> {
        let [rows, columns] = self.simulation.map_size();
        let sites = rows * columns;
        let of_step = |field: fn(&MapTrajectory) -> &[f32], step: usize| {
            let values = self.maps.iter().flat_map(|map| &field(map)[step * sites..][..sites]);
            let sum: f64 = values.map(|&value| f64::from(value).powi(2)).sum();
            (sum / (sites * self.maps.len()) as f64).sqrt()
        };
        (0..self.simulation.options().steps)
            .map(|step| [of_step(|map| &map.positions, step), of_step(|map| &map.velocities, step)])
            .collect()
    }
}

/// The page: what was simulated, its film, its amplitude, and its strongest wave.
pub(crate) fn simulation_page(waves: &SimulatedWaves<'_>) -> Result<String> {
    let SimulatedWaves { simulation, film, .. } = waves;
    let options = simulation.options();
    let title = format!("A cell without training: {}", options.preset.as_str());
    let body = html! {
        p { (description(options.preset)) " " (set_off(simulation)) }
        (facts(simulation))
        h2 { "Film" }
        (page_html::picture("image/gif", film.gif(), film.width,
            "Film of the positions", &film_caption(waves)))
        (page_html::picture("image/png", film.stills(), 1060,
            "Positions at some steps", &stills_caption(film)))
        @if let Some(chart) = amplitude_chart(waves)? {
            h2 { "Amplitude" }
            (page_html::chart(&chart, "Amplitude against step, logarithmic",
                "The root of the mean square over all sites. A straight line rises or falls by the same factor in \
                 every step."))
        }
        h2 { "Wave" }
        (wave(waves.wave.as_ref()))
        h2 { "Kernels" }
        (kernels(simulation))
    };
    // Nothing here is published, and there is nothing that it could be taken for.
    Ok(page_html::page(&title, Scale::Published, &body))
}

fn description(preset: SimulationPreset) -> &'static str {
    match preset {
        SimulationPreset::Pulse => {
            "Every site is an oscillator that its neighbours pull toward their mean, and hardly damped. What disturbs \
             it runs away to all sides; nothing reflects it, since what leaves on one side comes in on the other."
        }
        SimulationPreset::OneWay => {
            "Every site listens to those on its right and to no other, so that waves travel to the left. They grow \
             until the tanh is saturated."
        }
        SimulationPreset::Spiral => {
            "Every site feeds its own velocity and swings by itself, as large as the tanh allows. Neighbours \
             agree on a phase, except around the middle of a spiral, where there is none."
        }
        SimulationPreset::Published => {
            "The published initial values of the rotating digits. Their kernels hardly couple neighbours and their \
             damping takes four fifths of any motion within a cycle: there is no wave before training."
        }
        _ => "",
    }
}

/// What set it off.
fn set_off(simulation: &Simulation) -> &'static str {
    match (simulation.options().preset, simulation.drive()) {
        (_, SimulationDrive::Pulse) => "Some swings in one place set it off.",
        (_, SimulationDrive::Noise) => {
            "Noise drives all sites, smooth in space and new in every step."
        }
        (SimulationPreset::Spiral, _) => "It begins with two spirals, and nothing drives it.",
        _ => "It begins with smooth random positions and velocities, and nothing drives it.",
    }
}

fn facts(simulation: &Simulation) -> Markup {
    let (options, oscillator) = (simulation.options(), simulation.oscillator());
    page_html::facts(&[
        ("preset", options.preset.as_str().to_owned()),
        ("topology", options.topology.to_string()),
        ("maps", options.channels.to_string()),
        ("steps", count(options.steps as u64)),
        ("drive", simulation.drive().as_str().to_owned()),
        ("seed", options.seed.to_string()),
        ("time step", significant(oscillator.dt)),
        ("restoring coefficient γ", significant(oscillator.gamma)),
        ("damping coefficient α", significant(oscillator.alpha)),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ])
}

fn film_caption(waves: &SimulatedWaves<'_>) -> String {
    let every = match waves.film.stride {
        1 => "every step".to_owned(),
        stride => format!("one of {stride} steps"),
    };
    let maps = match waves.maps.len() {
        1 => "",
        _ => " Maps beside each other know nothing of each other.",
    };
    let rows = if waves.simulation.is_torus() { "" } else { " Rows are rings of their own." };
    format!(
        "Positions x, {every}: red above zero, blue below; the darkest colours are {} and beyond.{maps}{rows}",
        significant(waves.film.scale)
    )
}

fn stills_caption(film: &WaveFilm) -> String {
    let steps: Vec<String> = film.still_steps.iter().map(usize::to_string).collect();
    format!("After steps {}.", steps.join(", "))
}

fn amplitude_chart(waves: &SimulatedWaves<'_>) -> Result<Option<String>> {
    let amplitudes = waves.amplitudes();
    let series = |field: usize| {
        amplitudes.iter().enumerate().map(move |(step, fields)| ((step + 1) as f64, fields[field]))
    };
    let largest = amplitudes.iter().flatten().copied().fold(0.0, f64::max);
    let chart = LineChart::new("step", "amplitude")
        .logarithmic()
        .vertical_limits(LEAST_SHARE * largest, largest)
        .series("position", series(0))
        .series("velocity", series(1));
    match chart.svg() {
        Ok(svg) => Ok(Some(svg)),
        Err(nwm_analysis::Error::Empty { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn wave(wave: Option<&SimulatedWave>) -> Markup {
    let Some(wave) = wave else {
        return html! { p { "Nothing moves, or there are too few steps to say how." } };
    };
    html! {
        (wave.table())
        p.quiet {
            "The strongest plane wave in the spectrum of the first map over space and time. Linear theory is the \
             dispersion relation of the cell for a wave so small that tanh z is z; it changes such a wave by the factor "
            (format!("{:.4}", wave.predicted.growth))
            " in every step. Larger waves saturate the tanh and go at another speed. The travel index is 1 if no wave \
             meets its opposite, and 0 if all do."
        }
    }
}

fn kernels(simulation: &Simulation) -> Markup {
    let [_, columns] = simulation.kernel_size();
    let kernel = |name: &str, taps: &[f64]| {
        html! {
            div.scroll { table {
                caption { (name) }
                tbody { @for row in taps.chunks_exact(columns) {
                    tr { @for tap in row { td.number { (format!("{tap:.4}")) } } }
                } }
            } }
        }
    };
    html! {
        div.charts {
            (kernel("On positions", simulation.coupling()))
            (kernel("On velocities", simulation.damping()))
        }
        p.quiet {
            "The middle tap is the site itself; taps to its right read the sites on its right. Maps are not coupled."
        }
    }
}

/// Three digits or more.
fn significant(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1e-2 => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use nwm_models::simulation::SimulationOptions;

    use super::*;

    fn page(change: impl FnOnce(&mut SimulationOptions)) -> String {
        let mut options = SimulationOptions::default();
        options.topology = "torus:8x9".parse().unwrap();
        options.steps = 20;
        change(&mut options);
        let simulation = Simulation::new(options).unwrap();
        let maps = simulation.run(|_, _| ()).unwrap();
        let film = WaveFilm::of(&maps, simulation.map_size()).unwrap();
        let waves =
            SimulatedWaves { simulation: &simulation, maps: &maps, wave: None, film: &film };
        simulation_page(&waves).unwrap()
    }

    #[test]
    fn the_page_shows_film_amplitude_and_parameters() {
        let page = page(|_| ());
        for expected in [
            "<h1>A cell without training: pulse</h1>",
            "data:image/gif;base64,R0lGOD",
            "data:image/png;base64,iVBOR",
            "<svg",
            "8x9 torus",
            "every step: red above zero",
            "After steps 2, 5, 7, 10, 12, 15, 17, 20.",
            ">-3.3333<",
        ] {
            assert!(page.contains(expected), "{expected:?} is missing");
        }
    }

    #[test]
    fn maps_are_beside_each_other_and_rings_are_named() {
        let page = page(|options| {
            options.topology = "rings:4x9".parse().unwrap();
            options.channels = 2;
            options.drive = Some(SimulationDrive::Noise);
        });
        assert!(page.contains("Maps beside each other") && page.contains("Rows are rings"));
        assert!(page.contains("Noise drives all sites"));
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            [0.25, 0.1, 4.0, 1e-6, 0.0].map(significant),
            ["0.25", "0.1", "4", "1.00e-6", "0"]
        );
    }
}
