//! The layers that are measured: those in which the models of Table 1 spend their time.

/// One layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What reports call it.
    pub(crate) name: &'static str,
    /// Batch, row, column, channel.
    pub(crate) input: [usize; 4],
    /// Channels of the output.
    pub(crate) outputs: usize,
    /// 1, or 2 on even sides.
    pub(crate) stride: usize,
    /// Whether pixels are repeated twice along both axes first.
    pub(crate) upsample: bool,
}

/// `64` are the channels of the published models, `16` those of the quick preset; the widest layers are named by their
/// place.
pub(crate) const CASES: [Case; 10] = [
    case("same_64", [64, 32, 32, 64], 64, 1, false),
    case("doubled_64", [64, 16, 16, 64], 64, 1, true),
    case("halved_64", [64, 32, 32, 64], 64, 2, false),
    case("first_64", [64, 32, 32, 3], 64, 2, false),
    case("last_64", [64, 32, 32, 64], 3, 1, false),
    case("decoder_first", [472, 4, 4, 266], 64, 1, true),
    case("encoder_last", [472, 4, 4, 64], 529, 1, false),
    case("same_16", [64, 32, 32, 16], 16, 1, false),
    case("doubled_16", [64, 16, 16, 16], 16, 1, true),
    case("halved_16", [64, 32, 32, 16], 16, 2, false),
];

const fn case(
    name: &'static str,
    input: [usize; 4],
    outputs: usize,
    stride: usize,
    upsample: bool,
) -> Case {
    Case { name, input, outputs, stride, upsample }
}

impl Case {
    /// Channels of the input.
    pub(crate) fn inputs(&self) -> usize {
        self.input[3]
    }

    /// Batch, row, column, channel of the output.
    pub(crate) fn output(&self) -> [usize; 4] {
        let [batch, rows, columns, _] = self.input;
        let side = |length: usize| if self.upsample { 2 * length } else { length / self.stride };
        [batch, side(rows), side(columns), self.outputs]
    }

    /// Operations of the forward pass: nine multiply-adds per input channel of every number of the output.
    pub(crate) fn flop(&self) -> f64 {
        (18 * self.inputs() * self.output().iter().product::<usize>()) as f64
    }
}
