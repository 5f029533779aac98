//! Patterns followed from frame to frame.

use super::grid::Grid;
use super::pattern::{FramePattern, PatternKind};

/// What counts as one pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TrackOptions {
    /// The fewest frames from the first to the last.
    pub shortest: usize,
    /// How many frames without the pattern may lie between two with it.
    pub gap: usize,
    /// A centre that is found again lies nearer than this, in grid units.
    pub displacement: f64,
}

impl Default for TrackOptions {
    /// Two frames, no gap, less than one grid unit.
    fn default() -> Self {
        Self { shortest: 2, gap: 0, displacement: 1.0 }
    }
}

/// A pattern that lasts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Track {
    /// What it is.
    pub kind: PatternKind,
    /// Its first frame.
    pub start: usize,
    /// Its last frame.
    pub end: usize,
    /// Where its centre is in each frame in which it is found; empty for plane waves and synchrony.
    pub places: Vec<[f64; 2]>,
    /// Mean distance from one of these places to the next, in grid units; 0 if there are fewer than two.
    pub mean_displacement: f64,
}

impl Track {
    /// How many frames it lasts.
    pub fn duration(&self) -> usize {
        self.end - self.start + 1
    }
}

/// The patterns of successive frames of a grid `[row, column]`, in the order in which they begin, then of kinds
/// and places.
///
/// Plane waves and synchrony are runs of frames that show them. All centres of a frame are followed, not only that
/// of the frame's pattern: each to the nearest centre of its kind in the next frame, the nearest pair first.
pub fn tracks(
    patterns: &[FramePattern],
    size: [usize; 2],
    grid: Grid,
    options: TrackOptions,
) -> Vec<Track> {
    let mut found = Vec::new();
    for kind in PatternKind::ALL {
        let mut open: Vec<Track> = Vec::new();
        for (frame, pattern) in patterns.iter().enumerate() {
            // A track that has not been seen for too long has ended.
            let ended = |track: &mut Track| frame - track.end > options.gap + 1;
            found.extend(open.extract_if(.., ended));
            match kind {
                PatternKind::None => {}
                PatternKind::Plane | PatternKind::Synchrony => {
                    if pattern.kind == kind {
                        go_on_or_begin(&mut open, kind, frame);
                    }
                }
                _ => {
                    let centres = pattern.centres.iter().filter(|centre| centre.kind == kind);
                    let places = centres.map(|centre| centre.point.place).collect();
                    let distance = |from, to| grid.distance(size, from, to);
                    follow(&mut open, kind, frame, places, distance, options.displacement);
                }
            }
        }
        found.extend(open);
    }
    found.retain(|track| track.duration() >= options.shortest);
    for track in &mut found {
        let steps: Vec<f64> =
            track.places.windows(2).map(|pair| grid.distance(size, pair[0], pair[1])).collect();
        track.mean_displacement = steps.iter().sum::<f64>() / (steps.len().max(1)) as f64;
    }
    found.sort_by(|one, other| {
        let first = |track: &Track| track.places.first().copied().unwrap_or_default();
        let [row, column] = first(one);
        let [other_row, other_column] = first(other);
        (one.start, one.kind)
            .cmp(&(other.start, other.kind))
            .then(row.total_cmp(&other_row))
            .then(column.total_cmp(&other_column))
    });
    found
}

fn begun(kind: PatternKind, frame: usize, places: Vec<[f64; 2]>) -> Track {
    Track { kind, start: frame, end: frame, places, mean_displacement: 0.0 }
}

fn go_on_or_begin(open: &mut Vec<Track>, kind: PatternKind, frame: usize) {
    match open.first_mut() {
        Some(track) => track.end = frame,
        None => open.push(begun(kind, frame, Vec::new())),
    }
}

/// Gives the centres of a frame to the open tracks, the nearest pair first; those that are left begin new ones.
fn follow(
    open: &mut Vec<Track>,
    kind: PatternKind,
    frame: usize,
    places: Vec<[f64; 2]>,
    distance: impl Fn([f64; 2], [f64; 2]) -> f64,
    farthest: f64,
) {
    let mut pairs = Vec::new();
    for (index, track) in open.iter().enumerate() {
        let Some(&last) = track.places.last() else { continue };
        for (place, &to) in places.iter().enumerate() {
            pairs.push((distance(last, to), index, place));
        }
    }
    pairs.retain(|pair| pair.0 < farthest);
    pairs.sort_by(|one, other| {
        one.0.total_cmp(&other.0).then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    let mut taken = vec![false; places.len()];
    for (_, track, place) in pairs {
        // A track that was given a centre already ends in this frame.
        if !taken[place] && open[track].end < frame {
            taken[place] = true;
            open[track].end = frame;
            open[track].places.push(places[place]);
        }
    }
    let rest = places.iter().zip(&taken).filter(|(_, taken)| !**taken);
    open.extend(rest.map(|(&place, _)| begun(kind, frame, vec![place])));
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::waves::{PatternOptions, frame_patterns};

    /// Targets that jump by given places, on an open grid of 12 x 16.
    fn targets(places: &[[f64; 2]]) -> Vec<FramePattern> {
        let mut signals = Vec::new();
        for [row, column] in places {
            for site in 0..12 * 16 {
                let (down, right) = (f64::from(site / 16) - row, f64::from(site % 16) - column);
                signals.push(Complex::cis(-0.5 * down.hypot(right)));
            }
        }
        let shape = [places.len(), 12, 16];
        frame_patterns(&signals, shape, Grid::Open, PatternOptions::default()).unwrap()
    }

    fn sources(places: &[[f64; 2]], options: TrackOptions) -> Vec<Track> {
        let mut found = tracks(&targets(places), [12, 16], Grid::Open, options);
        found.retain(|track| track.kind == PatternKind::Source);
        found
    }

    #[test]
    fn a_source_that_drifts_is_one_track() {
        let drift = [[5.3, 5.2], [5.3, 5.8], [5.3, 6.4], [5.3, 7.0], [5.3, 7.6]];
        let found = sources(&drift, TrackOptions::default());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].start, found[0].end, found[0].duration()), (0, 4, 5));
        assert!((found[0].mean_displacement - 0.6).abs() < 0.1, "{found:?}");
        let [row, column] = found[0].places[4];
        assert!((row - 5.3).abs() < 0.5 && (column - 7.6).abs() < 0.5);
    }

    #[test]
    fn a_source_that_jumps_begins_a_new_track() {
        let jump = [[5.3, 5.2], [5.3, 5.2], [5.3, 9.2], [5.3, 9.2], [5.3, 5.2]];
        let found = sources(&jump, TrackOptions::default());
        let spans: Vec<_> = found.iter().map(|track| (track.start, track.end)).collect();
        assert_eq!(spans, [(0, 1), (2, 3)], "one frame is too short");
        let options = TrackOptions { gap: 2, ..Default::default() };
        let found = sources(&jump, options);
        let spans: Vec<_> = found.iter().map(|track| (track.start, track.end)).collect();
        assert_eq!(spans, [(0, 4), (2, 3)], "the first one is found again");
        assert_eq!(found[0].places.len(), 3);
    }

    #[test]
    fn plane_waves_are_runs_with_gaps() {
        let mut patterns = targets(&[[5.3, 5.2]; 6]);
        for frame in [0, 1, 4, 5] {
            (patterns[frame].kind, patterns[frame].place) = (PatternKind::Plane, None);
        }
        let runs = |gap| {
            let options = TrackOptions { gap, ..Default::default() };
            let mut found = tracks(&patterns, [12, 16], Grid::Open, options);
            found.retain(|track| track.kind == PatternKind::Plane);
            found.iter().map(|track| (track.start, track.end)).collect::<Vec<_>>()
        };
        assert_eq!((runs(1), runs(2)), (vec![(0, 1), (4, 5)], vec![(0, 5)]));
        assert!(tracks(&[], [12, 16], Grid::Open, TrackOptions::default()).is_empty());
    }

    #[test]
    fn the_nearest_pair_is_joined_first() {
        let mut open = vec![
            begun(PatternKind::Source, 0, vec![[0.0, 0.0]]),
            begun(PatternKind::Source, 0, vec![[0.0, 0.9]]),
        ];
        let distance = |from: [f64; 2], to: [f64; 2]| (to[1] - from[1]).abs();
        follow(&mut open, PatternKind::Source, 1, vec![[0.0, 0.7]], distance, 1.0);
        assert_eq!((open[0].places.len(), open[1].places.len()), (1, 2));
        follow(&mut open, PatternKind::Source, 2, vec![[0.0, 5.0]], distance, 1.0);
        assert_eq!((open.len(), open[2].start), (3, 2));
    }
}
