//! Which way, and how fast, shifted states run through their films.

use rayon::prelude::*;

use super::line::PeriodicLine;
use crate::statistics::{MedianSummary, quantile};
use crate::{Error, Result, check};

/// Which way films run while activity is moved toward larger indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InducedDirection {
    /// From later frames to earlier ones.
    Backward,
    /// From earlier frames to later ones.
    Forward,
    /// Neither, as far as can be told: the interval of the slope holds 0, or there are fewer than six films.
    None,
}

impl InducedDirection {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
            Self::None => "none",
        }
    }
}

/// How the matched frames of several films go with the shift.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InducedSpeed {
    /// Frames of one period of the films.
    pub period: usize,
    /// The line of every film.
    pub lines: Vec<PeriodicLine>,
    /// Frames per site, over films: their median, since the matches of some films say nothing of a speed.
    pub slope: MedianSummary,
    /// The line of all films: the median slope, and the median of the starts.
    pub common: PeriodicLine,
}

impl InducedSpeed {
    /// Fits a line to the matched frames `[film, shift]` of every film, at shifts that are the same for all and equally far
    /// apart.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if the frames do not belong to whole films, [`Error::Empty`] without films, [`Error::Range`] if there are
    /// fewer than two different shifts, more than 400, or a frame outside the period; [`Error::NonFinite`] if a shift is NaN or
    /// infinite.
    pub fn of(matches: &[usize], shifts: &[f64], period: usize) -> Result<Self> {
        const ACTION: &str = "fit the speed of induced waves";
        let films = matches.len() / shifts.len().max(1);
        check::shape("matched frames [film, shift]", matches, &[films, shifts.len()])?;
        if films == 0 {
            return Err(Error::Empty { action: ACTION, expected: "film and shift" });
        }
        let fit = |frames: &[usize]| {
            PeriodicLine::fit(shifts, frames, period)?.ok_or(Error::Range {
                action: ACTION,
                name: "the number of different shifts",
                found: 1,
                expected: "at least 2",
            })
        };
        let lines = matches
            .par_chunks_exact(shifts.len())
            .map(fit)
            .collect::<Result<Vec<PeriodicLine>>>()?;
        let of_lines = |value: fn(&PeriodicLine) -> f64| {
            MedianSummary::of(&lines.iter().map(value).collect::<Vec<_>>())
        };
        let slope = of_lines(|line| line.slope)?;
        let common = PeriodicLine {
            slope: slope.median,
            start: of_lines(|line| line.start)?.median,
            deviation: of_lines(|line| line.deviation)?.median,
        };
        Ok(Self { period, lines, slope, common })
    }

    /// Which way the films run.
    pub fn direction(&self) -> InducedDirection {
        match self.slope.interval95 {
            Some([_, high]) if high < 0.0 => InducedDirection::Backward,
            Some([low, _]) if low > 0.0 => InducedDirection::Forward,
            _ => InducedDirection::None,
        }
    }

    /// Sites that activity has to be moved by for one frame: the speed, in sites per step, of a wave that shows the film as it
    /// was taken. `None` if the median film does not move.
    pub fn speed(&self) -> Option<f64> {
        let slope = self.slope.median.abs();
        (slope > 0.0).then(|| 1.0 / slope)
    }

    /// The interval of the speed, from that of the slope; `None` if that holds 0.
    pub fn speed_interval95(&self) -> Option<[f64; 2]> {
        if self.direction() == InducedDirection::None {
            return None;
        }
        let [one, other] = self.slope.interval95?.map(|slope| 1.0 / slope.abs());
        Some([one.min(other), one.max(other)])
    }

    /// Sites after which the film has gone once round.
    pub fn sites_per_round(&self) -> Option<f64> {
        self.speed().map(|speed| speed * self.period as f64)
    }

    /// The frame that a film taken from frame 0 on shows at a shift: the common slope, from frame 0. It is not reduced to one
    /// period.
    pub fn expected_frame(&self, shift: f64) -> f64 {
        // Not -0 for an unmoved state.
        self.slope.median * shift + 0.0
    }

    /// The quartiles over films of the matched frame at each shift, every match in the round that is nearest to the line of
    /// its film.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if these are not the matches of the films.
    pub fn course(&self, matches: &[usize], shifts: &[f64]) -> Result<Vec<[f64; 3]>> {
        let films = self.lines.len();
        check::shape("matched frames [film, shift]", matches, &[films, shifts.len()])?;
        let quartiles = |(place, &shift): (usize, &f64)| {
            let frames = matches.iter().skip(place).step_by(shifts.len());
            let mut frames: Vec<f64> = frames
                .zip(&self.lines)
                .map(|(&frame, line)| line.unwrapped(shift, frame, self.period))
                .collect();
            frames.sort_unstable_by(f64::total_cmp);
            [0.25, 0.5, 0.75].map(|probability| quantile(&frames, probability))
        };
        Ok(shifts.iter().enumerate().map(quartiles).collect())
    }

    /// The place of the first shift at which a film shows frame 0 again after a whole round, whichever way it runs; `None` if it
    /// never does. `matches` are those of this film, axis `[shift]`.
    ///
    /// By its own line the film has to be within a quarter of that round, so that a picture that looks like frame 0 after half a
    /// turn does not count.
    pub fn first_return(&self, film: usize, matches: &[usize], shifts: &[f64]) -> Option<usize> {
        let line = self.lines.get(film)?;
        let round = self.period as f64;
        let is_return = |(&frame, &shift): (&usize, &f64)| {
            frame == 0 && (line.at(shift).abs() - round).abs() < round / 4.0
        };
        matches.iter().zip(shifts).position(is_return)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Matches of films that run at a speed, some of which say nothing.
    fn matches(speed: f64, films: usize, astray: usize, shifts: &[f64]) -> Vec<usize> {
        let mut stream = Stream::new(b"tests of induced speeds ", 0);
        let mut frames = Vec::new();
        for film in 0..films {
            for shift in shifts {
                let frame = (-shift / speed + 0.4 * stream.normal()).round().rem_euclid(18.0);
                let any = stream.below(18) as usize;
                frames.push(if film < astray { any } else { frame as usize });
            }
        }
        frames
    }

    fn shifts(count: u32, velocity: f64) -> Vec<f64> {
        (0..count).map(|step| velocity * f64::from(step)).collect()
    }

    #[test]
    fn the_speed_is_found_though_some_films_go_astray() {
        for (speed, velocity) in [(0.75, 1.0), (0.75, 0.5), (1.0, 0.78), (2.0, 1.0)] {
            let shifts = shifts(19, velocity);
            let found = InducedSpeed::of(&matches(speed, 40, 8, &shifts), &shifts, 18).unwrap();
            assert_eq!(found.direction(), InducedDirection::Backward);
            let [low, high] = found.speed_interval95().unwrap();
            assert!((found.speed().unwrap() / speed - 1.0).abs() < 0.05, "{speed}: {found:?}");
            assert!(low <= speed && speed <= high && high - low < 0.2 * speed, "{low} {high}");
            assert!((found.sites_per_round().unwrap() / (18.0 * speed) - 1.0).abs() < 0.05);
            assert!(found.common.start.abs() < 0.5);
        }
    }

    #[test]
    fn films_that_run_forward_or_nowhere_say_so() {
        let shifts = shifts(19, 1.0);
        let forward: Vec<usize> =
            matches(0.75, 9, 0, &shifts).iter().map(|f| (18 - f) % 18).collect();
        let found = InducedSpeed::of(&forward, &shifts, 18).unwrap();
        assert_eq!(found.direction(), InducedDirection::Forward);
        let astray = InducedSpeed::of(&matches(0.75, 40, 40, &shifts), &shifts, 18).unwrap();
        assert_eq!(astray.direction(), InducedDirection::None);
        assert_eq!(astray.speed_interval95(), None);
        let still = InducedSpeed::of(&[5; 19 * 8], &shifts, 18).unwrap();
        assert_eq!((still.direction(), still.speed()), (InducedDirection::None, None));
        let few = InducedSpeed::of(&matches(0.75, 5, 0, &shifts), &shifts, 18).unwrap();
        assert_eq!(few.direction(), InducedDirection::None);
        assert!(few.speed().is_some());
    }

    #[test]
    fn shifting_the_other_way_says_the_same_of_larger_indices() {
        let shifts = shifts(19, -1.0);
        let found = InducedSpeed::of(&matches(0.75, 12, 0, &shifts), &shifts, 18).unwrap();
        assert_eq!(found.direction(), InducedDirection::Backward);
        assert!((found.speed().unwrap() - 0.75).abs() < 0.03, "{found:?}");
    }

    #[test]
    fn the_first_return_is_a_whole_round_away() {
        let shifts = shifts(19, 1.0);
        let mut frames: Vec<usize> = shifts
            .iter()
            .map(|shift| (-shift * 18.0 / 14.0).round().rem_euclid(18.0) as usize)
            .collect();
        let found = InducedSpeed::of(&frames, &shifts, 18).unwrap();
        assert!((found.sites_per_round().unwrap() - 14.0).abs() < 1e-9);
        assert_eq!(found.first_return(0, &frames, &shifts), Some(14));
        // Frame 0 half a round away is none.
        frames[7] = 0;
        let found = InducedSpeed::of(&frames, &shifts, 18).unwrap();
        assert_eq!(found.first_return(0, &frames, &shifts), Some(14));
        assert_eq!(found.first_return(0, &frames[..12], &shifts), None);
        assert_eq!(found.first_return(1, &frames, &shifts), None);
    }

    #[test]
    fn courses_are_quartiles_of_unwrapped_frames() {
        let shifts = shifts(3, 1.0);
        let found = InducedSpeed::of(&[0, 17, 16, 0, 16, 14, 0, 17, 16], &shifts, 18).unwrap();
        let course = found.course(&[0, 17, 16, 0, 16, 14, 0, 17, 16], &shifts).unwrap();
        assert_eq!(course[2], [-3.0, -2.0, -2.0]);
        assert!(found.course(&[0; 8], &shifts).is_err());
    }

    #[test]
    fn wrong_input_is_refused() {
        let refused =
            |matches: &[usize], shifts: &[f64]| InducedSpeed::of(matches, shifts, 18).unwrap_err();
        assert!(matches!(refused(&[0; 5], &[0.0, 1.0]), Error::Length { found: 5, .. }));
        assert!(matches!(refused(&[], &[0.0, 1.0]), Error::Empty { .. }));
        assert!(matches!(refused(&[0; 2], &[1.0, 1.0]), Error::Range { found: 1, .. }));
        assert!(matches!(refused(&[0, 18], &[0.0, 1.0]), Error::Range { found: 18, .. }));
    }
}
