//! The digits as they are used: bytes and labels.

use std::path::Path;

use super::idx::{IdxArray, read_idx};
use crate::error::{Error, Result};

/// Which digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MnistPart {
    /// The 60 000 for training.
    Train,
    /// The 10 000 for testing.
    Test,
}

impl MnistPart {
    /// The files of images and labels.
    const fn files(self) -> [&'static str; 2] {
        match self {
            Self::Train => ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
            Self::Test => ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
        }
    }
}

/// Handwritten digits with their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    images: Vec<u8>,
    labels: Vec<u8>,
}

impl Digits {
    /// Rows and columns of an image.
    pub const SIDE: usize = 28;

    /// Pixels of an image: the steps of a digit as a sequence.
    pub const PIXELS: usize = Self::SIDE * Self::SIDE;

    /// Reads the original files from a folder, compressed by gzip (`NAME.gz`) or not.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file is missing, [`Error::Content`] if it is damaged or does not hold what its name says.
    pub fn open(folder: &Path, part: MnistPart) -> Result<Self> {
        let read = |name: &str| {
            let compressed = folder.join(format!("{name}.gz"));
            let path = if compressed.is_file() { compressed } else { folder.join(name) };
            Ok::<_, Error>((read_idx(&path)?, path))
        };
        let [images, labels] = part.files();
        let ((images, images_path), (labels, labels_path)) = (read(images)?, read(labels)?);
        Self::new(images, labels, &images_path, &labels_path)
    }

    /// The first 300 training digits, which this crate comes with.
    ///
    /// # Errors
    ///
    /// None, unless the crate was built from damaged files.
    pub fn sample() -> Result<Self> {
        let images = include_bytes!("../../data/mnist-sample/images-idx3-ubyte.gz");
        let labels = include_bytes!("../../data/mnist-sample/labels-idx1-ubyte.gz");
        let (images, labels) = (IdxArray::from_bytes(images)?, IdxArray::from_bytes(labels)?);
        Self::new(images, labels, Path::new("sample images"), Path::new("sample labels"))
    }

    /// Checks the arrays against each other; messages name the files.
    fn new(
        images: IdxArray,
        labels: IdxArray,
        images_path: &Path,
        labels_path: &Path,
    ) -> Result<Self> {
        let refuse = |path: &Path, found: String, expected: String| {
            Err(Error::Content {
                path: path.to_path_buf(),
                place: "values".to_owned(),
                found,
                expected,
                advice: "run `nwm data fetch mnist` again",
            })
        };
        let &[count, Self::SIDE, Self::SIDE] = images.shape.as_slice() else {
            let expected = format!("[digit, {}, {}]", Self::SIDE, Self::SIDE);
            return refuse(images_path, format!("axes of {:?}", images.shape), expected);
        };
        if count == 0 {
            return refuse(images_path, "no digit".to_owned(), "at least one".to_owned());
        }
        if labels.shape != [count] {
            let found = format!("axes of {:?}", labels.shape);
            return refuse(labels_path, found, format!("[{count}], one label a digit"));
        }
        if let Some(label) = labels.values.iter().find(|label| **label > 9) {
            return refuse(labels_path, format!("label {label}"), "0 to 9".to_owned());
        }
        Ok(Self { images: images.values, labels: labels.values })
    }

    /// Number of digits.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All labels, axis `[digit]`, 0 to 9.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The pixels of a digit, axes `[row, column]`, 0 (paper) to 255 (ink).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such digit.
    pub fn image(&self, digit: usize) -> Result<&[u8]> {
        self.images.chunks_exact(Self::PIXELS).nth(digit).ok_or(Error::OutOfRange {
            axis: "digit",
            start: digit,
            end: digit.saturating_add(1),
            length: self.len(),
        })
    }

    /// The pixels of a digit in 0..=1 in the given order: a sequence of sequential MNIST (row by row, `order` 0, 1, ...)
    /// or of permuted sequential MNIST ([`psmnist_permutation`](crate::psmnist_permutation)). Axis `[time]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such digit or pixel.
    pub fn sequence(&self, digit: usize, order: &[usize]) -> Result<Vec<f32>> {
        let image = self.image(digit)?;
        order
            .iter()
            .map(|&pixel| {
                image.get(pixel).map(|&byte| f32::from(byte) / 255.0).ok_or(Error::OutOfRange {
                    axis: "pixel",
                    start: pixel,
                    end: pixel.saturating_add(1),
                    length: Self::PIXELS,
                })
            })
            .collect()
    }

    /// A digit on the turntable: frames turned by `angles` degrees from its image, axes `[time, row, column]`, values in
    /// 0..=1 (see [`rotate`](crate::rotate)).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such digit.
    pub fn turned(&self, digit: usize, angles: &[f64]) -> Result<Vec<f32>> {
        let image: Vec<f32> =
            self.image(digit)?.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let mut frames = vec![0.0; angles.len() * Self::PIXELS];
        for (frame, &angle) in frames.chunks_exact_mut(Self::PIXELS).zip(angles) {
            crate::sequences::rotate(&image, Self::SIDE, angle, frame);
        }
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequences::{TURNTABLE_ANGLES, psmnist_permutation};

    #[test]
    fn the_sample_holds_the_first_training_digits() {
        let sample = Digits::sample().unwrap();
        assert_eq!(sample.len(), 300);
        assert_eq!(sample.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
        // Row 5 of the first digit.
        let row = &sample.image(0).unwrap()[5 * 28 + 12..5 * 28 + 24];
        assert_eq!(row, [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]);
        assert!(sample.image(300).is_err());
    }

    #[test]
    fn sequences_are_the_pixels_in_order() {
        let sample = Digits::sample().unwrap();
        let order: Vec<usize> = (0..Digits::PIXELS).collect();
        let plain = sample.sequence(3, &order).unwrap();
        let permuted = sample.sequence(3, &psmnist_permutation()).unwrap();
        assert_eq!(permuted[0], plain[91]);
        assert_eq!(permuted[783], plain[267]);
        assert!(sample.sequence(3, &[784]).is_err());
    }

    #[test]
    fn the_turntable_starts_upright() {
        let sample = Digits::sample().unwrap();
        let frames = sample.turned(7, &TURNTABLE_ANGLES).unwrap();
        assert_eq!(frames.len(), 18 * 784);
        let upright: Vec<f32> =
            sample.image(7).unwrap().iter().map(|&byte| f32::from(byte) / 255.0).collect();
        assert_eq!(frames[..784], upright);
        assert!(frames.iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn arrays_that_do_not_belong_together_are_named() {
        let images = IdxArray { shape: vec![2, 28, 28], values: vec![0; 2 * 784] };
        let labels = IdxArray { shape: vec![3], values: vec![0; 3] };
        let message =
            Digits::new(images, labels, Path::new("i"), Path::new("l")).unwrap_err().to_string();
        assert!(message.contains("l: values: found axes of [3], expected [2]"), "{message}");
        let nothing = |shape| IdxArray { shape, values: Vec::new() };
        let (images, labels) = (nothing(vec![0, 28, 28]), nothing(vec![0]));
        let message =
            Digits::new(images, labels, Path::new("i"), Path::new("l")).unwrap_err().to_string();
        assert!(message.contains("i: values: found no digit"), "{message}");
    }
}
