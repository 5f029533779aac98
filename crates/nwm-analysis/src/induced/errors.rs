//! Whether decodings of shifted states show what they should, beside a control.

use crate::statistics::{BootstrapOptions, PairedDifference, Summary, holm_adjusted};
use crate::{Error, Result, check};

/// Fewer films are not compared with the control: the bootstrap of so few is too sure.
pub const FEWEST_COMPARED_FILMS: usize = 20;

/// Errors of decodings against what they should show, `[film, shift]` each.
#[derive(Debug, Clone, Copy)]
pub struct FilmErrors<'a> {
    /// Of decodings of shifted states.
    pub induced: &'a [f64],
    /// Of decodings of states whose rings were shuffled before they were shifted.
    pub control: &'a [f64],
    /// Of the mean of the film's frames, whatever the shift.
    pub mean_image: &'a [f64],
}

/// The errors at one shift, over films.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ShiftErrors {
    /// Of shifted states.
    pub induced: Summary,
    /// Of shuffled states.
    pub control: Summary,
    /// Of the mean image.
    pub mean_image: Summary,
    /// Shifted minus shuffled, film by film; `None` of fewer films than [`FEWEST_COMPARED_FILMS`].
    pub difference: Option<PairedDifference>,
    /// Its p-value, adjusted by Holm's method for the number of shifts.
    pub adjusted_p_value: Option<f64>,
}

impl ShiftErrors {
    /// Whether shifted states are better than shuffled ones: a smaller mean error, and an adjusted p-value of at most 0.05.
    pub fn beats_control(&self) -> bool {
        let is_better = self.difference.is_some_and(|found| found.difference < 0.0);
        is_better && self.adjusted_p_value.is_some_and(|p| p <= 0.05)
    }
}

/// The errors at each of `shifts` shifts, and whether those of shifted states are smaller than those of shuffled ones on the
/// same films.
///
/// # Errors
///
/// [`Error::Length`] if an array does not have whole films, or another length than the first; [`Error::Empty`] without films;
/// [`Error::NonFinite`] if an error is NaN or infinite.
pub fn compare_with_control(
    errors: FilmErrors<'_>,
    shifts: usize,
    options: BootstrapOptions,
) -> Result<Vec<ShiftErrors>> {
    let films = errors.induced.len() / shifts.max(1);
    for (what, values) in [
        ("errors [film, shift]", errors.induced),
        ("errors of the control [film, shift]", errors.control),
        ("errors of the mean image [film, shift]", errors.mean_image),
    ] {
        check::shape(what, values, &[films, shifts])?;
    }
    if films == 0 {
        return Err(Error::Empty { action: "compare with a control", expected: "film and shift" });
    }
    let mut found = Vec::with_capacity(shifts);
    for shift in 0..shifts {
        let at = |values: &[f64]| values.iter().skip(shift).step_by(shifts).copied().collect();
        let [induced, control, mean_image]: [Vec<f64>; 3] =
            [errors.induced, errors.control, errors.mean_image].map(at);
        let difference = (films >= FEWEST_COMPARED_FILMS)
            .then(|| PairedDifference::of(&[&induced[..]], &[&control[..]], options))
            .transpose()?;
        found.push(ShiftErrors {
            induced: Summary::of(&induced)?,
            control: Summary::of(&control)?,
            mean_image: Summary::of(&mean_image)?,
            difference,
            adjusted_p_value: None,
        });
    }
    let p_values: Vec<f64> = found.iter().filter_map(|at| Some(at.difference?.p_value)).collect();
    for (at, adjusted) in found.iter_mut().zip(holm_adjusted(&p_values)?) {
        at.adjusted_p_value = Some(adjusted);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    const SHIFTS: usize = 3;

    /// Errors whose control is worse at the first two shifts alone.
    fn errors(films: usize) -> [Vec<f64>; 3] {
        let mut stream = Stream::new(b"tests of induced errors ", 0);
        let mut induced = Vec::new();
        let mut control = Vec::new();
        for _ in 0..films {
            let hardness = 5.0 * stream.unit();
            for shift in 0..SHIFTS {
                induced.push(hardness + 0.1 * stream.normal());
                control.push(hardness + 0.1 * stream.normal() + if shift < 2 { 0.2 } else { 0.0 });
            }
        }
        let mean_image = vec![7.0; films * SHIFTS];
        [induced, control, mean_image]
    }

    fn compared([induced, control, mean_image]: &[Vec<f64>; 3]) -> Result<Vec<ShiftErrors>> {
        let errors = FilmErrors { induced, control, mean_image };
        let options = BootstrapOptions::default().with_resamples(2000);
        compare_with_control(errors, SHIFTS, options)
    }

    #[test]
    fn the_control_is_beaten_where_it_is_worse() {
        let errors = errors(40);
        let found = compared(&errors).unwrap();
        let beats: Vec<bool> = found.iter().map(ShiftErrors::beats_control).collect();
        assert_eq!(beats, [true, true, false], "{found:?}");
        let second: Vec<f64> = errors[0].iter().skip(1).step_by(SHIFTS).copied().collect();
        assert_eq!(found[1].induced, Summary::of(&second).unwrap());
        assert_eq!(found[2].mean_image.mean, 7.0);
        let [low, high] = found[0].difference.unwrap().interval95;
        assert!(low < -0.2 && -0.2 < high, "{low} {high}");
        // The same films, and the other way round nothing is beaten.
        let [induced, control, mean_image] = errors;
        let turned = compared(&[control, induced, mean_image]).unwrap();
        assert!(!turned.iter().any(ShiftErrors::beats_control));
        let first = [&found, &turned].map(|found| found[0].difference.unwrap().difference);
        assert!((first[0] + first[1]).abs() < 1e-15);
    }

    #[test]
    fn few_films_are_not_compared() {
        let found = compared(&errors(19)).unwrap();
        assert!(found.iter().all(|at| at.difference.is_none() && !at.beats_control()));
        assert!(found.iter().all(|at| at.adjusted_p_value.is_none() && at.induced.count == 19));
        assert!(compared(&errors(20)).unwrap()[0].adjusted_p_value.is_some());
    }

    #[test]
    fn wrong_input_is_refused() {
        let mut wrong = errors(20);
        wrong[1].pop();
        let message = compared(&wrong).unwrap_err().to_string();
        assert!(message.contains("errors of the control"), "{message}");
        assert!(matches!(compared(&[vec![], vec![], vec![]]), Err(Error::Empty { .. })));
        let mut wrong = errors(20);
        wrong[2][4] = f64::NAN;
        assert!(matches!(compared(&wrong), Err(Error::NonFinite { .. })));
    }
}
