//! The id of a clone.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::IdError;

/// The id of a clone: `c:` and 32 hexadecimal digits, created with the first lease. A copy of a clone gets a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline)]
pub(crate) struct CloneId([u8; 16]);

impl CloneId {
    /// The id of a clone that is not known. It is never the id of this clone.
    pub(crate) const UNKNOWN: Self = Self([0; 16]);

    /// The id with 128 random bits that the caller generated.
    pub(crate) fn from_bits(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }
}

impl fmt::Display for CloneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c:{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for CloneId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed = || IdError::Malformed { kind: "clone id", text: text.to_owned(), want: "c: and 32 digits" };
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = text.strip_prefix("c:").filter(|rest| rest.len() == 32 && rest.bytes().all(is_digit)).ok_or_else(malformed)?;
        u128::from_str_radix(digits, 16).map(Self::from_bits).map_err(|_| malformed())
    }
}

impl TryFrom<String> for CloneId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<CloneId> for String {
    fn from(id: CloneId) -> Self {
        id.to_string()
    }
}
