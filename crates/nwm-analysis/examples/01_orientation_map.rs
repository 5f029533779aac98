//! Draws a random orientation map as text, with its pinwheels, and prints its statistics:
//! `cargo run -p nwm-analysis --example 01_orientation_map`.

use std::io::Write;

use nwm_analysis::Result;
use nwm_analysis::selectivity::{OrientationMap, PinwheelOptions};
use nwm_analysis::waves::Grid;

fn main() -> Result<()> {
    let [rows, columns] = [32, 64];
    let map = OrientationMap::random([rows, columns], 12.0, 0)?;
    let found = map.pinwheels(Grid::Torus, PinwheelOptions::default())?;
    let bars = ['-', '\\', '|', '/'];
    let mut text = String::new();
    for (site, orientation) in map.preferred().iter().enumerate() {
        // Rows go down, so that orientations turn clockwise.
        let bar = (orientation / std::f64::consts::PI * 4.0).round() as usize % 4;
        let place = [(site / columns) as f64 + 0.5, (site % columns) as f64 + 0.5];
        let pinwheel = found.pinwheels.iter().find(|pinwheel| pinwheel.place == place);
        text.push(pinwheel.map_or(bars[bar], |it| if it.charge > 0.0 { '+' } else { 'o' }));
        if (site + 1) % columns == 0 {
            text.push('\n');
        }
    }
    let spacing = map.column_spacing(Grid::Torus).unwrap_or(f64::NAN);
    let nearest = found.nearest_distances();
    text += &format!(
        "smoothness {:.3}, column spacing {spacing:.2}\n\
         {} pinwheels, {:.2} in the square of the spacing, the nearest {:.1} away on average\n",
        map.smoothness(Grid::Torus),
        found.pinwheels.len(),
        found.density_per_column(spacing),
        nearest.iter().sum::<f64>() / nearest.len() as f64,
    );
    for bin in map.correlation_by_distance(Grid::Torus).iter().take(12) {
        text += &format!("distance {:4.1}: {:+.2}\n", bin.distance, bin.correlation);
    }
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
