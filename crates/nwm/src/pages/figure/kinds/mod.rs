//! What each figure is about: what is checked, and which pictures it has.

mod data_sets;
mod images;
mod induced;
mod orientation;
mod seeds;
mod waves;

use super::finding::Findings;
use super::inputs::RunInputs;
use super::pictures::PictureSource;

/// One figure of the paper.
pub(super) struct FigureKind {
    /// As in plans and on the command line.
    pub(super) name: &'static str,
    /// What the paper shows: goes on from "The paper shows that".
    pub(super) effect: &'static str,
    /// Checks and numbers of its runs, in the order of the plan.
    pub(super) findings: fn(&[RunInputs]) -> Findings,
    /// Pictures of each run.
    pub(super) pictures: &'static [PictureSource],
    /// Whether what is known of the published videos stands beside it.
    pub(super) has_published_waves: bool,
}

/// All figures that are made of runs.
pub(super) const KINDS: [FigureKind; 8] = [
    FigureKind {
        name: "fig2",
        effect: "the hidden state of models of ordered data is ordered, and that of models of noise is not",
        findings: data_sets::findings,
        pictures: data_sets::PICTURES,
        has_published_waves: false,
    },
    FigureKind {
        name: "fig3",
        effect: "neighbouring units prefer similar orientations and similar images, which they do not before training",
        findings: orientation::findings,
        pictures: orientation::PICTURES,
        has_published_waves: false,
    },
    FigureKind {
        name: "fig4",
        effect: "waves travel through the hidden state while a digit turns",
        findings: waves::findings,
        pictures: waves::FOUR_FRAMES,
        has_published_waves: true,
    },
    FigureKind {
        name: "fig5",
        effect: "activity that is moved along the rings turns the digit that it decodes to",
        findings: induced::findings,
        pictures: induced::PICTURES,
        has_published_waves: false,
    },
    FigureKind {
        name: "fig6",
        effect: "neighbouring units prefer similar images",
        findings: images::findings,
        pictures: images::PICTURES,
        has_published_waves: false,
    },
    FigureKind {
        name: "fig7",
        effect: "waves travel through the hidden state over a whole turn of a digit",
        findings: waves::findings,
        pictures: waves::WHOLE_TURN,
        has_published_waves: true,
    },
    FigureKind {
        name: "fig8",
        effect: "waves arise from any initial parameters, and differ from run to run",
        findings: seeds::findings,
        pictures: waves::WHOLE_TURN,
        has_published_waves: true,
    },
    FigureKind {
        name: "fig9",
        effect: "activity that is moved along the rings turns the digit that it decodes to",
        findings: induced::findings,
        pictures: induced::PICTURES,
        has_published_waves: false,
    },
];

/// The findings of all runs, each by itself.
fn of_each(runs: &[RunInputs], of: impl Fn(&RunInputs) -> Findings) -> Findings {
    runs.iter().map(of).fold(Findings::default(), Findings::and)
}
