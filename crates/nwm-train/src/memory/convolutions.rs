//! Numbers that a stack of convolutions keeps and works with (`nwm_models::nn::ConvolutionStack`).

use nwm_models::FrameShape;

/// Lanes of the widest vectors, to which channels are padded.
const LANES: f64 = 16.0;

/// Points of a tile in Winograd's form, and tiles that are worked on together.
const POINTS: f64 = 36.0;
const TILES: f64 = 32.0;

/// Filters that are worked on together.
const PANEL: usize = 64;

/// Channels from which on that form is used, also where pixels are repeated.
const FEWEST_CHANNELS: usize = 8;
const FEWEST_OF_REPEATED: usize = 32;

/// Samples that go through all layers together, and sums of the weights' gradients, at most.
const LARGEST_GROUP: f64 = 16.0;
const MOST_SUMS: f64 = 16.0;

/// What a convolution does to the sides of a picture.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    Halved,
    Same,
    Doubled,
}

/// One layer; sides are those of what it writes.
struct Layer {
    rows: f64,
    columns: f64,
    channels: usize,
    filters: usize,
    scale: Scale,
}

impl Layer {
    fn output(&self) -> f64 {
        self.rows * self.columns * self.filters as f64
    }

    /// What it reads, of which pixels are repeated or passed over.
    fn source(&self) -> f64 {
        let factor = match self.scale {
            Scale::Halved => 4.0,
            Scale::Same => 1.0,
            Scale::Doubled => 0.25,
        };
        self.rows * self.columns * factor * self.channels as f64
    }

    fn weights(&self) -> f64 {
        9.0 * self.channels as f64 * self.filters as f64
    }

    /// Weights as they are stored for a pass, or a sum of their gradients.
    fn packed(&self) -> f64 {
        let padded = |count: usize| (count as f64 / LANES).ceil() * LANES;
        let pairs = padded(self.channels) * padded(self.filters);
        let channels = self.channels.min(self.filters);
        match self.scale {
            Scale::Same if channels >= FEWEST_CHANNELS => POINTS * pairs,
            Scale::Doubled if channels >= FEWEST_OF_REPEATED => POINTS * pairs,
            Scale::Doubled => 16.0 * pairs,
            _ => 9.0 * pairs,
        }
    }

    /// What a task works with: pictures of a group with their edges, tiles, and what two methods of a layer share.
    fn scratch(&self, group: f64) -> f64 {
        let edges = (1.0 + 2.0 / self.rows) * (1.0 + 2.0 / self.columns);
        let panel = self.channels.max(self.filters.min(PANEL)) as f64 + LANES;
        let tiles = 2.0 * POINTS * TILES * panel;
        group * edges * (self.source() + self.output()) + tiles
    }
}

/// Layers of which each reads what the one before writes.
pub(super) struct Stack(Vec<Layer>);

impl Stack {
    /// The encoder's: three blocks that halve the picture, the last layer writes `latent` maps.
    pub(super) fn encoder(
        frame: FrameShape,
        inputs: usize,
        latent: usize,
        channels: usize,
    ) -> Self {
        use Scale::{Halved, Same};
        let scales = [Halved, Same, Halved, Same, Halved, Same, Same];
        Self::new([frame.rows, frame.columns], &scales, [inputs, channels, latent])
    }

    /// The decoder's: three blocks that double the picture, the last layer writes a frame.
    pub(super) fn decoder(frame: FrameShape, inputs: usize, channels: usize) -> Self {
        use Scale::{Doubled, Same};
        let scales = [Doubled, Same, Doubled, Same, Doubled, Same, Same];
        let base = [frame.rows / 8, frame.columns / 8];
        Self::new(base, &scales, [inputs, channels, frame.channels])
    }

    fn new(source: [usize; 2], scales: &[Scale], [inputs, between, outputs]: [usize; 3]) -> Self {
        let [mut rows, mut columns] = source.map(|side| side as f64);
        let last = scales.len() - 1;
        let layers = scales.iter().enumerate().map(|(index, &scale)| {
            let factor = match scale {
                Scale::Halved => 0.5,
                Scale::Same => 1.0,
                Scale::Doubled => 2.0,
            };
            (rows, columns) = (rows * factor, columns * factor);
            let channels = if index == 0 { inputs } else { between };
            let filters = if index == last { outputs } else { between };
            Layer { rows, columns, channels, filters, scale }
        });
        Self(layers.collect())
    }

    /// Numbers of all weights and biases.
    pub(super) fn parameters(&self) -> f64 {
        self.0.iter().map(|layer| layer.weights() + layer.filters as f64).sum()
    }

    /// Results of all layers for one picture, which are kept for the backward pass.
    pub(super) fn kept(&self) -> f64 {
        self.0.iter().map(Layer::output).sum()
    }

    /// What the backward pass works with beside them: packed weights, partial sums of their gradients, and what each of
    /// `threads` tasks writes again and again.
    pub(super) fn working(&self, pictures: f64, threads: f64) -> f64 {
        let packed: f64 = self.0.iter().map(Layer::packed).sum();
        let weights: f64 = self.0.iter().map(Layer::weights).sum();
        let group = (4.0 * weights / self.kept()).ceil().clamp(1.0, LARGEST_GROUP);
        let group = group.min((pictures / MOST_SUMS).ceil()).max(1.0);
        let groups = (pictures / group).ceil();
        let sums = (groups / (groups / MOST_SUMS).ceil()).ceil();
        let largest =
            self.0.iter().map(|layer| layer.source().max(layer.output())).fold(0.0, f64::max);
        let scratch: f64 = self.0.iter().map(|layer| layer.scratch(group)).sum();
        packed * (1.0 + sums) + threads.min(groups) * (2.0 * group * largest + scratch)
    }
}
