//! Types of the elements of an array.

/// Type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// Bytes.
    U8,
    /// Whole numbers.
    U32,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Element {
    /// Every type.
    const ALL: [Self; 4] = [Self::U8, Self::U32, Self::F32, Self::F64];

    /// The name in messages and metadata.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U32 => "u32",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// The type of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.name() == name)
    }

    /// Bytes per element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// Numbers that arrays can hold.
pub trait Number: sealed::Sealed + Copy {
    /// Their type.
    const ELEMENT: Element;

    /// As little-endian bytes.
    fn to_bytes(values: &[Self]) -> Vec<u8>;

    /// From little-endian bytes; those that are left over are dropped.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! number {
    ($number:ty, $element:ident) => {
        impl sealed::Sealed for $number {}

        impl Number for $number {
            const ELEMENT: Element = Element::$element;

            fn to_bytes(values: &[Self]) -> Vec<u8> {
                values.iter().flat_map(|value| value.to_le_bytes()).collect()
            }

            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                let (numbers, _) = bytes.as_chunks();
                numbers.iter().map(|&number| Self::from_le_bytes(number)).collect()
            }
        }
    };
}

number!(u8, U8);
number!(u32, U32);
number!(f32, F32);
number!(f64, F64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_little_endian_and_read_back() {
        assert_eq!(u32::to_bytes(&[1, 0x0203]), [1, 0, 0, 0, 3, 2, 0, 0]);
        assert_eq!(f64::from_bytes(&f64::to_bytes(&[-0.1, 1e300])), [-0.1, 1e300]);
        for element in Element::ALL {
            assert_eq!(Element::parse(element.name()), Some(element));
        }
        assert_eq!(Element::parse("i64"), None);
    }
}
