//! What can be in a folder of reports.

/// A table or a figure.
pub(super) struct Entry {
    /// Its folder, and its name on the command line.
    pub(super) name: &'static str,
    /// What it is about, where its file does not say.
    pub(super) title: &'static str,
}

impl Entry {
    const fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title }
    }

    /// What makes it.
    pub(super) fn command(&self) -> String {
        format!("cargo xtask reproduce {}", self.name)
    }
}

/// All of them, in the order of the page.
pub(super) const ENTRIES: [Entry; 11] = [
    Entry::new("table1", "Forecasting error of five dynamical systems"),
    Entry::new("table2", "Accuracy on digits that are read pixel by pixel"),
    Entry::new("adding", "Error on the adding problem"),
    Entry::new("fig2", "Hidden states of models of noise, gratings, dynamical systems and a game"),
    Entry::new("fig3", "Orientations and images that units prefer"),
    Entry::new("fig4", "Waves in the hidden state while a digit turns"),
    Entry::new("fig5", "Induced waves and what they decode to"),
    Entry::new("fig6", "The image that each unit prefers"),
    Entry::new("fig7", "Hidden state over a whole turn of a digit"),
    Entry::new("fig8", "Waves that arise from other initial parameters"),
    Entry::new("fig9", "Induced waves beside input and reconstruction"),
];
