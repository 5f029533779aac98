//! What was measured on the videos of hidden states that the authors published: 8 bits, the last 36 frames, band-passed.

/// Names of the measures, as in `result.json`.
pub(super) const MEASURES: [&str; 6] =
    ["pgd", "local_coherence", "travel_index", "mode_share", "singularity_density", "sync"];

/// What was measured on some of the videos.
pub(super) const VIDEOS: [(&str, [&str; 6]); 6] = [
    (
        "turning digits, trained, 8 videos",
        ["0.29-0.73", "0.28-0.61", "0.82-0.94", "0.059-0.268", "0.031-0.088", "0.014-0.020"],
    ),
    ("the main one of them", ["0.735", "0.611", "0.945", "0.160", "0.031", "0.016"]),
    (
        "turning digits before training, 18 frames",
        ["0.023", "0.031", "0.106", "0.0043", "0.262", "0.024"],
    ),
    (
        "24 rings of 54 sites, 2 videos, 18 frames",
        ["0.35-0.39", "0.24-0.26", "0.79-0.82", "0.031-0.065", "0.126-0.156", "0.012"],
    ),
    (
        "densely coupled oscillators, 4 videos",
        ["0.03-0.07", "0.00-0.13", "0.29-0.40", "0.008-0.019", "0.23-0.34", "0.04-0.33"],
    ),
    (
        "the trained ones with shuffled sites",
        ["0.025-0.029", "0.00", "0.49-0.50", "0.003-0.004", "0.33", "same"],
    ),
];

/// The same for checks.
pub(super) const TRAVEL_INDEX: &str =
    "authors' videos: 0.82 to 0.94 trained, 0.11 before training, 0.5 with shuffled sites";
pub(super) const DIRECTIONALITY: &str =
    "authors' videos: pgd 0.29 to 0.73 trained, 0.02 before training, 0.03 with shuffled sites";
pub(super) const LOCAL_COHERENCE: &str =
    "authors' videos: 0.28 to 0.61 trained, 0.03 before training, 0 with shuffled sites";
pub(super) const MODE_SHARE: &str =
    "authors' videos: 0.059 to 0.268 trained, 0.004 before training and with shuffled sites";
pub(super) const SINGULARITIES: &str =
    "authors' videos: 0.031 to 0.088 trained, 0.26 before training, 0.33 with shuffled sites";
pub(super) const SYSTEMS: &str = "authors' videos of dynamical systems: 0.25 to 0.55, but a travel index no larger than that of shuffled sites";
