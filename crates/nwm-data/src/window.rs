//! Stretches of consecutive frames.

use crate::error::{Error, Result};
use crate::source::FrameSource;
use crate::stream::Stream;

/// A stretch of consecutive frames of one trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The trajectory.
    pub trajectory: usize,
    /// The first frame.
    pub start: usize,
    /// The number of frames.
    pub length: usize,
}

impl Window {
    /// The window that an evaluation reads from a trajectory of `frames` frames: its start is
    /// uniform over all that fit, and a function of the seed and the trajectory alone. (The
    /// published evaluation does not seed its windows; key `eval.window_seed`.)
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooLong`] if `length` exceeds `frames`; [`Error::InvalidSetting`] if
    /// `length` is 0.
    pub fn for_evaluation(
        window_seed: u64,
        trajectory: usize,
        frames: usize,
        length: usize,
    ) -> Result<Self> {
        check_fits("eval.window", length, frames)?;
        let mut stream =
            Stream::new("nwm-data/evaluation window", &[window_seed, trajectory as u64]);
        // Windows of other lengths begin at the same fraction, so that models which need them see nearly the same.
        let starts = frames - length + 1;
        let start = ((stream.unit() * starts as f64) as usize).min(starts - 1);
        Ok(Self { trajectory, start, length })
    }

    /// Reads the window's frames into `out`, axes `[time, row, column, channel]`.
    ///
    /// # Errors
    ///
    /// Those of [`FrameSource::read`].
    pub fn read(&self, source: &dyn FrameSource, out: &mut [f32]) -> Result<()> {
        source.read(self.trajectory, self.start, self.length, out)
    }
}

/// Checks that windows of `length` frames exist; `key` is the setting that holds the length.
pub(crate) fn check_fits(key: &'static str, length: usize, frames: usize) -> Result<()> {
    if length == 0 {
        return Err(Error::InvalidSetting { key, found: "0".to_owned(), expected: "at least 1" });
    }
    if length > frames {
        return Err(Error::WindowTooLong { key, window: length, frames });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluation_windows_reach_both_ends_and_no_further() {
        let mut starts: Vec<usize> = (0..200)
            .map(|trajectory| Window::for_evaluation(0, trajectory, 10, 7).unwrap().start)
            .collect();
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts, [0, 1, 2, 3]);
    }

    #[test]
    fn evaluation_windows_depend_on_seed_and_trajectory_only() {
        let start = |seed, trajectory| {
            Window::for_evaluation(seed, trajectory, 1_000_000, 120).unwrap().start
        };
        assert_eq!(start(3, 5), start(3, 5));
        assert_ne!(start(3, 5), start(4, 5));
        assert_ne!(start(3, 5), start(3, 6));
    }

    #[test]
    fn windows_of_other_lengths_begin_at_nearly_the_same_frame() {
        for trajectory in 0..200 {
            let start = |length| Window::for_evaluation(0, trajectory, 512, length).unwrap().start;
            let (short, long) = (start(120), start(125));
            assert!(long <= short && short <= long + 5, "{short} and {long}");
        }
    }

    #[test]
    fn the_whole_trajectory_fits_and_one_frame_more_does_not() {
        assert_eq!(Window::for_evaluation(0, 0, 7, 7).unwrap().start, 0);
        let message = Window::for_evaluation(0, 0, 7, 8).unwrap_err().to_string();
        assert_eq!(
            message,
            "windows of 8 frames (eval.window) do not fit into trajectories of 7 frames \
             (data.frames): lower eval.window to at most 7 or raise data.frames to at least 8"
        );
        assert!(Window::for_evaluation(0, 0, 7, 0).is_err());
    }
}
