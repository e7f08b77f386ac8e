//! Identifiers. Input is resolved to a full id once, before anything is locked, compared or stored.
//!
//! Invariants: an [`IssueId`] is a complete UUID; an [`AgentId`] and a [`WorktreeId`] are safe as one word in a message, a file name
//! and a log line. A prefix resolves to exactly one id, or to an error that lists the candidates.

mod clone;
mod error;
mod holder;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use clone::CloneId;
pub(crate) use error::IdError;
pub(crate) use holder::Holder;

/// The minimum length of an issue id prefix, in digits.
pub(crate) const SHORTEST_PREFIX: usize = 4;

/// The id of an issue: a UUID, printed in lower case with hyphens. It is the stem of the issue's file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, extend("format" = "uuid"))]
pub(crate) struct IssueId(Uuid);

impl IssueId {
    /// Wraps a UUID that the caller generated.
    pub(crate) fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id with these 16 bytes.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes, which sort like the ids.
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The first eight digits, for display.
    pub(crate) fn short(&self) -> String {
        self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer())[..8].to_owned()
    }

    /// The id in a file name of the exact form `<uuid>.json`.
    pub(crate) fn from_file_name(name: &[u8]) -> Option<Self> {
        let stem = std::str::from_utf8(name).ok()?.strip_suffix(".json")?;
        stem.parse().ok()
    }

    /// The length of an issue's file name in bytes.
    pub(crate) const FILE_NAME_LENGTH: usize = 41;

    /// Writes the name of this issue's file into `buffer`, without an allocation.
    pub(crate) fn write_file_name<'a>(&self, buffer: &'a mut [u8; Self::FILE_NAME_LENGTH]) -> &'a str {
        buffer[36..].copy_from_slice(b".json");
        self.0.hyphenated().encode_lower(&mut buffer[..36]);
        std::str::from_utf8(buffer).expect("hexadecimal digits, hyphens and .json")
    }

    /// The name of this issue's file.
    pub(crate) fn file_name(&self) -> String {
        format!("{self}.json")
    }
}

impl Ord for IssueId {
    /// Compares as numbers, which equals the order of the bytes and of the text. Listings sort thousands of ids.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_u128().cmp(&other.0.as_u128())
    }
}

impl PartialOrd for IssueId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for IssueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for IssueId {
    type Err = IdError;

    /// Accepts only the canonical form: 36 characters, lower case, with hyphens.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed = || IdError::Malformed { kind: "issue id", text: text.to_owned(), want: "a UUID in lower case" };
        let is_canonical = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        Uuid::try_parse(text).ok().filter(|_| is_canonical).map(Self).ok_or_else(malformed)
    }
}

/// An issue as typed by a person: a full id or a prefix, trimmed and in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssueRef {
    typed: String,
    /// The first four digits; `None` if a hyphen is among them, which matches no id.
    begin: Option<[u8; 2]>,
}

impl IssueRef {
    /// Parses the input; fails if no id can start with it.
    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        let typed = text.trim().to_ascii_lowercase();
        let digits = typed.chars().filter(char::is_ascii_hexdigit).count();
        if !typed.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
            return Err(IdError::Malformed { kind: "issue id", text: text.trim().to_owned(), want: "hexadecimal digits" });
        }
        if digits < SHORTEST_PREFIX {
            return Err(IdError::TooShort { text: text.trim().to_owned() });
        }
        let begin = typed.get(..SHORTEST_PREFIX).and_then(|first| u16::from_str_radix(first, 16).ok());
        Ok(Self { typed, begin: begin.map(u16::to_be_bytes) })
    }

    /// The full id, if the input is one.
    pub(crate) fn full(&self) -> Option<IssueId> {
        Uuid::try_parse(&self.typed).ok().filter(|_| self.typed.len() >= 32).map(IssueId)
    }

    /// Whether `id` starts with the input.
    pub(crate) fn matches(&self, id: &IssueId) -> bool {
        // This rejects almost all ids cheaply.
        if self.begin.as_ref().is_none_or(|begin| !id.as_bytes().starts_with(begin)) {
            return false;
        }
        let (mut with, mut without) = ([0; 36], [0; 32]);
        id.0.hyphenated().encode_lower(&mut with).starts_with(&self.typed)
            || id.0.simple().encode_lower(&mut without).starts_with(&self.typed)
    }

    /// The only id in `known` that starts with the input.
    pub(crate) fn resolve(&self, known: impl IntoIterator<Item = IssueId>) -> Result<IssueId, IdError> {
        let mut found: Vec<IssueId> = known.into_iter().filter(|id| self.matches(id)).collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => Err(IdError::NoSuchIssue { text: self.typed.clone() }),
            [one] => Ok(*one),
            many => Err(IdError::Ambiguous { text: self.typed.clone(), candidates: many.to_vec() }),
        }
    }
}

/// The id of a lease: a ULID, so that ids sort by the time of their grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct LeaseId(String);

impl LeaseId {
    /// Wraps a ULID that the caller generated.
    pub(crate) fn new(ulid: impl fmt::Display) -> Self {
        Self(ulid.to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an agent: `type:name`, for example `agent:copilot-1`, `human:alice`, `ci:github-actions`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline)]
pub(crate) struct AgentId(String);

impl AgentId {
    /// The id of a person, from a Git user name with arbitrary characters.
    ///
    /// Every run of characters other than letters, digits and `._@+-` becomes one hyphen.
    pub(crate) fn human(user_name: &str) -> Option<Self> {
        let mut name = String::new();
        for c in user_name.trim().to_lowercase().chars() {
            if c.is_ascii_alphanumeric() || "._@+-".contains(c) {
                name.push(c);
            } else if !name.ends_with('-') && !name.is_empty() {
                name.push('-');
            }
        }
        let name: String = name.trim_matches('-').chars().take(48).collect();
        format!("human:{name}").parse().ok()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AgentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed =
            || IdError::Malformed { kind: "agent id", text: text.to_owned(), want: "type:name, for example agent:copilot-1" };
        let (kind, name) = text.split_once(':').ok_or_else(malformed)?;
        let of_kind = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'@' | b'+' | b'-' | b'/');
        let kind_fits = !kind.is_empty() && kind.bytes().all(of_kind);
        let name_fits = !name.is_empty() && name.bytes().all(of_name);
        if kind_fits && name_fits && text.len() <= 80 { Ok(Self(text.to_owned())) } else { Err(malformed()) }
    }
}

/// The id of a worktree: `wt:` and eight hexadecimal digits, generated once and kept when the worktree moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline)]
pub(crate) struct WorktreeId(u32);

impl WorktreeId {
    /// The id with 32 random bits that the caller generated.
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl fmt::Display for WorktreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wt:{:08x}", self.0)
    }
}

impl FromStr for WorktreeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed = || IdError::Malformed { kind: "worktree id", text: text.to_owned(), want: "wt: and eight digits" };
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = text.strip_prefix("wt:").filter(|rest| rest.len() == 8 && rest.bytes().all(is_digit)).ok_or_else(malformed)?;
        u32::from_str_radix(digits, 16).map(Self).map_err(|_| malformed())
    }
}

/// Serializes an id as its text, and parses only that text.
macro_rules! in_json_as_text {
    ($($id:ty),+) => {$(
        impl TryFrom<String> for $id {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.to_string()
            }
        }
    )+};
}

in_json_as_text!(IssueId, AgentId, WorktreeId);

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> IssueId {
        text.parse().expect("a full id")
    }

    #[test]
    fn a_prefix_stands_for_one_issue_or_lists_all() {
        let a = id("1a2b3c4d-0000-4000-8000-000000000001");
        let b = id("1a2b3c4d-0000-4000-8000-000000000002");
        let c = id("ffff0000-0000-4000-8000-000000000003");
        let resolve = |text: &str| IssueRef::parse(text).and_then(|r| r.resolve([a, b, c]));
        assert_eq!(resolve(" FFFF "), Ok(c));
        assert_eq!(resolve("ffff00000000"), Ok(c), "hyphens may be left out");
        assert_eq!(resolve(&a.to_string()), Ok(a));
        assert!(matches!(resolve("1a2b3c4d"), Err(IdError::Ambiguous { candidates, .. }) if candidates == [a, b]));
        assert!(matches!(resolve("fff"), Err(IdError::TooShort { .. })));
        assert!(matches!(resolve("ff--"), Err(IdError::TooShort { .. })));
        assert!(matches!(resolve("1a-2b3c4d"), Err(IdError::NoSuchIssue { .. })), "a hyphen where no id has one");
        assert!(matches!(resolve("1a2b3c4d-1"), Err(IdError::NoSuchIssue { .. })));
        assert_eq!(resolve("ffff0000-"), Ok(c));
        assert!(matches!(resolve("zzzz"), Err(IdError::Malformed { .. })));
        assert!(matches!(resolve("abcd"), Err(IdError::NoSuchIssue { .. })));
    }

    #[test]
    fn only_the_canonical_file_name_is_an_issue() {
        let name = "1a2b3c4d-0000-4000-8000-000000000001.json";
        assert!(IssueId::from_file_name(name.as_bytes()).is_some());
        for other in [".gitkeep", "1a2b.json", "1A2B3C4D-0000-4000-8000-000000000001.json", "1a2b3c4d000040008000000000000001.json"]
        {
            assert!(IssueId::from_file_name(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn agent_ids_are_one_safe_word() {
        for good in ["agent:copilot-1", "human:alice", "ci:github-actions", "agent:a/b@c+d.e_f"] {
            assert!(good.parse::<AgentId>().is_ok(), "{good}");
        }
        for bad in ["", "alice", ":x", "agent:", "agent:a b", "agent:a\nb", "Agent:x", "agent:\u{1b}[31m"] {
            assert!(bad.parse::<AgentId>().is_err(), "{bad:?}");
        }
        assert_eq!(AgentId::human("Ada  Lovelace <3").map(String::from), Some("human:ada-lovelace-3".to_owned()));
        assert_eq!(AgentId::human("日本"), None);
    }
}
