//! Authority by chains: an edit is covered if recorded transitions lead from the old version to the new one.
//!
//! A transition records that this version of the file became that one under a lease. Authority is bound to content and so survives
//! amend, rebase, squash and cherry-pick. An old version can come back only if a lease holder brings it back.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// One version of a file: the blob's object id and the mode, as in Git's tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FileVersion {
    /// The blob's object id, lower-case hexadecimal.
    pub oid: String,
    /// The mode, for example `0o100644`.
    pub mode: u16,
}

/// A change from one version to another; `None` means that the file does not exist.
pub(crate) type Transition = (Option<FileVersion>, Option<FileVersion>);

/// The shortest chain of `steps` from `from` to `to`; empty if they are equal.
///
/// Absence can start or end a chain but is never inside one. Every version was absent once, so one removal would otherwise lead to all
/// of them.
pub(crate) fn chain(steps: &[Transition], from: Option<&FileVersion>, to: Option<&FileVersion>) -> Option<Vec<Transition>> {
    if from == to {
        return Some(Vec::new());
    }
    let mut came_by: BTreeMap<Option<&FileVersion>, &Transition> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(here) = open.pop_front() {
        for step in steps.iter().filter(|(start, _)| start.as_ref() == here) {
            let next = step.1.as_ref();
            if next == from || came_by.contains_key(&next) {
                continue;
            }
            came_by.insert(next, step);
            if next == to {
                return Some(traced(&came_by, from, to));
            }
            if next.is_some() {
                open.push_back(next);
            }
        }
    }
    None
}

fn traced(
    came_by: &BTreeMap<Option<&FileVersion>, &Transition>,
    from: Option<&FileVersion>,
    to: Option<&FileVersion>,
) -> Vec<Transition> {
    let mut chain = Vec::new();
    let mut here = to;
    while here != from {
        let step = came_by[&here];
        chain.push(step.clone());
        here = step.0.as_ref();
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str) -> Option<FileVersion> {
        (name != "-").then(|| FileVersion { oid: name.to_owned(), mode: 0o100_644 })
    }

    #[test]
    fn chains_lead_forward_through_every_step_and_never_back() {
        let steps: Vec<Transition> =
            [("-", "a"), ("a", "b"), ("b", "c"), ("c", "b"), ("x", "-")].map(|(f, t)| (version(f), version(t))).into();
        let ok = |from: &str, to: &str| chain(&steps, version(from).as_ref(), version(to).as_ref()).is_some();
        assert!(ok("-", "c") && ok("a", "b") && ok("a", "c") && ok("a", "a") && ok("x", "-"));
        for (from, to) in [("b", "a"), ("c", "a"), ("c", "-"), ("a", "x"), ("a", "-"), ("x", "a"), ("x", "c")] {
            assert!(!ok(from, to), "{from} to {to}");
        }
    }

    #[test]
    fn a_chain_names_its_steps_and_is_the_shortest() {
        let step = |from: &str, to: &str| (version(from), version(to));
        let steps = [step("a", "b"), step("b", "c"), step("c", "d"), step("a", "c"), step("b", "a")];
        let found = chain(&steps, version("a").as_ref(), version("d").as_ref());
        assert_eq!(found, Some(vec![step("a", "c"), step("c", "d")]));
        assert_eq!(chain(&steps, version("a").as_ref(), version("a").as_ref()), Some(Vec::new()));
    }

    #[test]
    fn a_change_of_mode_is_a_change() {
        let plain = FileVersion { oid: "a".into(), mode: 0o100_644 };
        let link = FileVersion { mode: 0o120_000, ..plain.clone() };
        assert_eq!(chain(&[], Some(&plain), Some(&link)), None);
    }
}
