//! The kinds of paths below `.jit/`.

use gix::bstr::ByteSlice;

use crate::domain::id::IssueId;

/// The kind of a path below `.jit/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// An issue's file.
    Issue(IssueId),
    /// A note on an issue. Anyone may add one; changing or removing one is an edit of the issue.
    Note(IssueId),
    /// `config.toml` or `gates.json`.
    Policy,
    /// A file that no rule is about.
    Other,
}

impl PathKind {
    /// The kind of this path.
    pub(crate) fn of(path: &[u8]) -> Self {
        let names: Vec<&[u8]> = path.split_str("/").collect();
        match names.as_slice() {
            [b"config.toml" | b"gates.json"] => Self::Policy,
            [b"issues", name] => IssueId::from_file_name(name).map_or(Self::Other, Self::Issue),
            [b"notes", id, _note] => id.to_str().ok().and_then(|id| id.parse().ok()).map_or(Self::Other, Self::Note),
            _ => Self::Other,
        }
    }

    /// The issue that an edit of this path edits.
    pub(crate) fn issue(self) -> Option<IssueId> {
        match self {
            Self::Issue(id) | Self::Note(id) => Some(id),
            Self::Policy | Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_issues_own_file_is_an_issue() {
        let id = "1a2b3c4d-0000-4000-8000-000000000001";
        let issue = |path: String| PathKind::of(path.as_bytes());
        assert!(matches!(issue(format!("issues/{id}.json")), PathKind::Issue(_)));
        assert!(matches!(issue(format!("notes/{id}/01J.json")), PathKind::Note(_)));
        for other in [
            "issues/.gitkeep".to_owned(),
            format!("issues/{id}.json.lock"),
            format!("issues/x/{id}.json"),
            format!("{id}.json"),
            format!("notes/{id}.json"),
            format!("issues/{}.json", id.to_uppercase()),
        ] {
            assert_eq!(PathKind::of(other.as_bytes()), PathKind::Other, "{other}");
        }
        assert_eq!(PathKind::of(b"config.toml"), PathKind::Policy);
        assert_eq!(PathKind::of(b"issues/config.toml"), PathKind::Other);
    }
}
