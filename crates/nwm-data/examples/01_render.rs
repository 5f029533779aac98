//! Draws one frame of a swinging pendulum as text: `cargo run -p nwm-data --example 01_render`.

use std::io::Write;
use std::sync::Arc;

use nwm_data::{DatasetSpec, FrameSource, RenderedTrajectories, Result, Split, System, generate};

fn main() -> Result<()> {
    let spec = DatasetSpec { frames: 20, ..DatasetSpec::new(System::Pendulum, Split::Test, 1) };
    let source = RenderedTrajectories::new(Arc::new(generate(&spec)?));
    let [rows, columns, channels] = source.frame_shape();
    let mut frame = vec![0.0; rows * columns * channels];
    source.read(0, 10, 1, &mut frame)?;
    let mut text = String::new();
    // Row 0 is the smallest y, so the picture is shown from its last row.
    for row in frame.chunks(columns * channels).rev() {
        text.extend(row.chunks(channels).map(|pixel| if pixel[0] > 0.6 { "##" } else { " ." }));
        text.push('\n');
    }
    // A reader that stops early is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
