//! What a policy does about a finding.

use schemars::JsonSchema;
use serde::Serialize;

/// The consequence of a finding, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Enforcement {
    /// Ignored.
    #[default]
    Off,
    /// Reported, but allowed.
    Warn,
    /// Refused.
    Strict,
}

impl Enforcement {
    /// Parses a value of `enforce_leases`, in any case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        [Self::Off, Self::Warn, Self::Strict].into_iter().find(|level| level.as_str() == text)
    }

    /// The spelling in `enforce_leases`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Strict => "strict",
        }
    }
}
