//! `tf.train.Example`: named lists of bytes, floats or whole numbers.

use std::collections::BTreeMap;

use prost::Message;

/// The features of a record by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    features: BTreeMap<String, Values>,
}

/// The list that a feature holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Byte strings.
    Bytes(Vec<Vec<u8>>),
    /// Single-precision numbers.
    Floats(Vec<f32>),
    /// Whole numbers, also the bits of double-precision ones.
    Integers(Vec<i64>),
}

impl Example {
    /// Decodes the payload of a record. No list becomes larger than a few times the payload.
    ///
    /// # Errors
    ///
    /// A reason, if the bytes are no such message.
    pub fn decode(payload: &[u8]) -> Result<Self, String> {
        let message = wire::Example::decode(payload).map_err(|error| error.to_string())?;
        let features = message.features.unwrap_or_default().feature;
        let named = |(name, feature): (String, wire::Feature)| {
            let values = match feature.kind {
                Some(wire::Kind::Bytes(list)) => Values::Bytes(list.value),
                Some(wire::Kind::Float(list)) => Values::Floats(list.value),
                Some(wire::Kind::Int64(list)) => Values::Integers(list.value),
                None => return Err(format!("feature {name} holds nothing")),
            };
            Ok((name, values))
        };
        Ok(Self { features: features.into_iter().map(named).collect::<Result<_, String>>()? })
    }

    /// The names of the features, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.features.keys().map(String::as_str)
    }

    /// A feature of double-precision numbers, stored as their bits.
    ///
    /// # Errors
    ///
    /// A reason, if there is no such feature or it holds something else.
    pub fn doubles(&self, name: &str) -> Result<Vec<f64>, String> {
        Ok(self.integers(name)?.iter().map(|&bits| f64::from_bits(bits.cast_unsigned())).collect())
    }

    /// A feature of whole numbers.
    ///
    /// # Errors
    ///
    /// A reason, if there is no such feature or it holds something else.
    pub fn integers(&self, name: &str) -> Result<&[i64], String> {
        match self.values(name)? {
            Values::Integers(values) => Ok(values),
            other => Err(format!("feature {name} holds {}", other.kind())),
        }
    }

    /// The single byte string of a feature.
    ///
    /// # Errors
    ///
    /// A reason, if there is no such feature or it holds something else.
    pub fn bytes(&self, name: &str) -> Result<&[u8], String> {
        match self.values(name)? {
            Values::Bytes(values) => match values.as_slice() {
                [one] => Ok(one),
                many => Err(format!("feature {name} holds {} byte strings", many.len())),
            },
            other => Err(format!("feature {name} holds {}", other.kind())),
        }
    }

    fn values(&self, name: &str) -> Result<&Values, String> {
        self.features.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            format!("no feature {name} among {}", names.join(", "))
        })
    }
}

impl Values {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "byte strings",
            Self::Floats(_) => "single-precision numbers",
            Self::Integers(_) => "whole numbers",
        }
    }
}

/// The messages as they are encoded.
mod wire {
    use std::collections::BTreeMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Example {
        #[prost(message, optional, tag = "1")]
        pub(super) features: Option<Features>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Features {
        #[prost(btree_map = "string, message", tag = "1")]
        pub(super) feature: BTreeMap<String, Feature>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Feature {
        #[prost(oneof = "Kind", tags = "1, 2, 3")]
        pub(super) kind: Option<Kind>,
    }

    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(super) enum Kind {
        #[prost(message, tag = "1")]
        Bytes(BytesList),
        #[prost(message, tag = "2")]
        Float(FloatList),
        #[prost(message, tag = "3")]
        Int64(Int64List),
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct BytesList {
        #[prost(bytes = "vec", repeated, tag = "1")]
        pub(super) value: Vec<Vec<u8>>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct FloatList {
        #[prost(float, repeated, tag = "1")]
        pub(super) value: Vec<f32>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Int64List {
        #[prost(int64, repeated, tag = "1")]
        pub(super) value: Vec<i64>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(name: &str, kind: Option<wire::Kind>) -> Vec<u8> {
        let feature = BTreeMap::from([(name.to_owned(), wire::Feature { kind })]);
        wire::Example { features: Some(wire::Features { feature }) }.encode_to_vec()
    }

    #[test]
    fn doubles_are_bits_and_not_converted() {
        let value = vec![0.1_f64.to_bits().cast_signed(), (-0.0_f64).to_bits().cast_signed()];
        let bytes = encoded("x", Some(wire::Kind::Int64(wire::Int64List { value })));
        let example = Example::decode(&bytes).unwrap();
        assert_eq!(example.names().collect::<Vec<_>>(), ["x"]);
        let bits: Vec<u64> = example.doubles("x").unwrap().iter().map(|v| v.to_bits()).collect();
        assert_eq!(bits, [0.1_f64.to_bits(), (-0.0_f64).to_bits()]);
        assert_eq!(example.bytes("x").unwrap_err(), "feature x holds whole numbers");
        assert_eq!(example.integers("y").unwrap_err(), "no feature y among x");
    }

    #[test]
    fn an_image_is_one_byte_string() {
        let list = |value| Some(wire::Kind::Bytes(wire::BytesList { value }));
        let one = Example::decode(&encoded("image", list(vec![vec![1, 2]]))).unwrap();
        assert_eq!(one.bytes("image").unwrap(), [1, 2]);
        let two = Example::decode(&encoded("image", list(vec![vec![1], vec![2]]))).unwrap();
        assert_eq!(two.bytes("image").unwrap_err(), "feature image holds 2 byte strings");
    }

    #[test]
    fn garbage_and_empty_features_are_errors() {
        assert!(Example::decode(&[0xff; 20]).is_err());
        assert_eq!(Example::decode(&encoded("x", None)).unwrap_err(), "feature x holds nothing");
        assert!(Example::decode(&[]).unwrap().names().next().is_none());
    }
}
