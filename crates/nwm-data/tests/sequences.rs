//! Batches of the sequence experiments: their bytes are promises, and the published digits are where they should be.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::sync::Arc;

use nwm_data::{
    DigitSequenceOptions, DigitSequences, Digits, FilmSubject, Films, MnistPart, MovingGratings,
    NoiseFilms, PixelOrder, Split, TurningDigits, TurningDigitsOptions, rotating_split,
    sequential_split,
};

fn digest(values: &[f32]) -> String {
    common::sha256(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

#[test]
fn bytes_are_pinned() {
    let sample = Arc::new(Digits::sample().unwrap());
    let mut options = DigitSequenceOptions::default();
    options.order = PixelOrder::Published;
    options.reduction = 2;
    let sequences = DigitSequences::new(sample.clone(), (0..300).collect(), options).unwrap();
    let batch = sequences.batch(2, 120, 7).unwrap();
    assert_eq!(batch.labels[..12], [8, 6, 4, 1, 2, 8, 1, 4, 2, 1, 5, 9]);
    let mut options = TurningDigitsOptions::default();
    options.random_start = true;
    options.seed = 7;
    let turning = TurningDigits::new(sample, (0..300).collect(), options).unwrap();
    let found = [
        digest(&batch.inputs),
        digest(&turning.batch(2, 8).unwrap().frames),
        digest(&MovingGratings::new(7, Split::Validation).batch(2, 3).unwrap().frames),
        digest(&NoiseFilms::new(7, Split::Validation).batch(2, 3).unwrap().frames),
    ];
    assert_eq!(found, GOLDEN);
}

/// SHA-256 of a batch of permuted sequences, of turning digits, of gratings and of noise: whoever changes them changes
/// every training.
const GOLDEN: [&str; 4] = [
    "a6b0b1e539a182a8e9482e3fdc171cac00995d4ec6042a637d877154f77eaf19",
    "a622cd279eed78c1af2ceed376f7bc4a0e166e48a0567e10ee5e701edf400ac9",
    "f32df14edb3f289101a7586382ad806e7fa1c25f666cc8c7494ca79c3675ef21",
    "754f898a4624d6800a2f6401cda11a09db53ba7df546ca2f20d624587880962b",
];

#[test]
fn the_published_digits_are_where_they_should_be() {
    let Some(folder) = common::shared("data/mnist") else { return };
    let train = Arc::new(Digits::open(&folder, MnistPart::Train).unwrap());
    let test = Arc::new(Digits::open(&folder, MnistPart::Test).unwrap());
    let sequences = |digits: &Arc<Digits>, chosen| {
        DigitSequences::new(Arc::clone(digits), chosen, DigitSequenceOptions::default()).unwrap()
    };
    let (validation, training) = sequential_split(1);
    let validation = sequences(&train, validation);
    let training = sequences(&train, training);
    let test_sequences = sequences(&test, (0..test.len()).collect());
    assert_eq!([training.len(), validation.len(), test_sequences.len()], [57_000, 3_000, 10_000]);
    // The first test digit is a seven; row 7 holds its bar.
    let slice = test_sequences.slice(0..10).unwrap();
    assert_eq!(slice.labels, [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let row: Vec<u8> = (0..28)
        .map(|column| (slice.inputs[(7 * 28 + column) * 10] * 255.0).round() as u8)
        .collect();
    assert_eq!(row[6..12], [84, 185, 159, 151, 60, 36]);

    let (validation, training) = rotating_split();
    for (chosen, first, count) in [(validation, 15_281, 12_000), (training, 5_004, 48_000)] {
        let options = TurningDigitsOptions::default();
        let films = TurningDigits::new(Arc::clone(&train), chosen, options).unwrap();
        assert_eq!(films.count(), Some(count));
        let slice = films.slice(0..1).unwrap();
        let label = train.labels()[first];
        assert_eq!(slice.subjects, [FilmSubject::TurningDigit { digit: first, label, start: 0.0 }]);
        assert_eq!(slice.shape, [18, 1, 28, 28]);
        let bytes = slice.frames[..784].iter().map(|&value| (value * 255.0).round() as u8);
        assert!(bytes.eq(train.image(first).unwrap().iter().copied()), "upright at first");
    }
}
