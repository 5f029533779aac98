//! Induced travelling waves: what a decoder draws while the state it reads is moved along its rings, without a step of the cell.
//!
//! A state that codes a periodic film by where its activity lies runs through the film when the activity is moved
//! ([`shifted_rings`]). [`matched_frames`] says which frame each decoding looks like, [`PeriodicLine`] how the matches of one
//! film go with the shift, [`InducedSpeed`] which way and how fast all films run, and [`compare_with_control`] whether the
//! decodings show what they should at that speed, beside those of states whose rings were shuffled ([`shuffled_rings`]).
//!
//! Shifts are in sites, positive toward larger indices. Frames are numbered around one period of the film: frame 0 follows the
//! last one. (Keller and Welling, Neural Wave Machines, 2023, Figures 5 and 9.)
//!
//! ```
//! use nwm_analysis::induced::{InducedSpeed, ShiftAxis, matched_frames, shifted_rings};
//!
//! // A bump on a ring of 12; a frame has 6 pixels, and the bump lights the one of every other site.
//! let decoding = |state: &[f64]| -> Vec<f64> { state.chunks(2).map(|pair| pair[0] + 0.5 * pair[1]).collect() };
//! let mut ring = vec![0.0; 12];
//! ring[0] = 1.0;
//! let shifts: Vec<f64> = (0..=12).map(f64::from).collect();
//! let mut decodings = Vec::new();
//! for &shift in &shifts {
//!     decodings.extend(decoding(&shifted_rings(&ring, [1, 1, 12], shift, ShiftAxis::Column)?));
//! }
//! // The film lights the pixels in falling order, so that the moving bump runs it backwards.
//! let film: Vec<f64> = (0..6).flat_map(|frame| (0..6).map(move |pixel| f64::from(u8::from((frame + pixel) % 6 == 0)))).collect();
//! let matches = matched_frames(&decodings, [1, 13, 6], &film, 6)?;
//! assert_eq!(matches[..5], [0, 0, 5, 5, 4]);
//! let found = InducedSpeed::of(&matches, &shifts, 6)?;
//! assert!((found.speed().unwrap() - 2.0).abs() < 1e-12); // two sites for each frame
//! # Ok::<(), nwm_analysis::Error>(())
//! ```

mod errors;
mod line;
mod matches;
mod rings;
mod speed;

pub use errors::{FEWEST_COMPARED_FILMS, FilmErrors, ShiftErrors, compare_with_control};
pub use line::PeriodicLine;
pub use matches::{matched_frames, mean_squared_errors};
pub use rings::{ShiftAxis, shifted_rings, shuffled_rings};
pub use speed::{InducedDirection, InducedSpeed};
