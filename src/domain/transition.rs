//! Authority by chains: an edit is covered if recorded transitions lead from the old version to the new.
//!
//! A transition says "under this lease, that version of the issue became this one". Authority is thus
//! bound to what was changed into what, and survives amend, rebase, squash and cherry-pick, while an old
//! version cannot come back unless somebody with a lease brought it back.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

/// One version of a file: its object id in hexadecimal and its mode, as Git's tree has them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Version {
    /// The blob's object id, lower-case hexadecimal.
    pub oid: String,
    /// The mode, for example `0o100644`.
    pub mode: u16,
}

/// What became of one version; `None` is "not there".
pub(crate) type Step = (Option<Version>, Option<Version>);

/// Whether `steps` lead from `from` to `to`, in one step or several.
///
/// Absence may be where a chain begins or ends and never lies on the way: every version was absent once, so that a
/// single removal would lead back to all of them.
pub(crate) fn leads(steps: &[Step], from: Option<&Version>, to: Option<&Version>) -> bool {
    if from == to {
        return true;
    }
    let mut seen = BTreeSet::from([from]);
    let mut open = VecDeque::from([from]);
    while let Some(here) = open.pop_front() {
        for (_, next) in steps.iter().filter(|(start, _)| start.as_ref() == here) {
            if next.as_ref() == to {
                return true;
            }
            if next.is_some() && seen.insert(next.as_ref()) {
                open.push_back(next.as_ref());
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str) -> Option<Version> {
        (name != "-").then(|| Version { oid: name.to_owned(), mode: 0o100_644 })
    }

    #[test]
    fn chains_lead_forward_through_every_step_and_never_back() {
        let steps: Vec<Step> =
            [("-", "a"), ("a", "b"), ("b", "c"), ("c", "b"), ("x", "-")].map(|(f, t)| (version(f), version(t))).into();
        let ok = |from: &str, to: &str| leads(&steps, version(from).as_ref(), version(to).as_ref());
        assert!(ok("-", "c") && ok("a", "b") && ok("a", "c") && ok("a", "a") && ok("x", "-"));
        for (from, to) in [("b", "a"), ("c", "a"), ("c", "-"), ("a", "x"), ("a", "-"), ("x", "a"), ("x", "c")] {
            assert!(!ok(from, to), "{from} to {to}");
        }
    }

    #[test]
    fn a_change_of_mode_is_a_change() {
        let plain = Version { oid: "a".into(), mode: 0o100_644 };
        let link = Version { mode: 0o120_000, ..plain.clone() };
        assert!(!leads(&[], Some(&plain), Some(&link)));
    }
}
