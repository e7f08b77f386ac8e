//! Which files differ between two trees, or between a tree and a list.
//!
//! Two trees are compared by object id, then by their common leading bytes, so that unchanged parts are not read.
//! Renames are not detected.

use std::cmp::Ordering;

use gix::bstr::{BStr, BString, ByteSlice};
use gix::hash::Kind;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryRef;
use gix::{ObjectId, Repository};

use crate::git::tree::{FOLDER, FilesByPath, TreeEntry, visit};
use crate::git::{Error, Result};

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Relative to `.jit/`.
    pub path: BString,
    /// `None` if it was added.
    pub old: Option<TreeEntry>,
    /// `None` if it was removed.
    pub new: Option<TreeEntry>,
}

/// The files of two `.jit` trees that differ.
pub(crate) fn differences(repo: &Repository, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    walk(repo, (old, new), &BString::default(), &mut found)?;
    Ok(found)
}

/// The files that differ between a `.jit` tree and a list, without building a list of the tree.
///
/// A path that is out of order is reported as removed and as added, and never hidden.
pub(crate) fn differences_from(repo: &Repository, old: Option<ObjectId>, new: &FilesByPath) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    let mut rest = new.iter().peekable();
    let mut compare = |path: &BString, old: TreeEntry| {
        while let Some((added, entry)) = rest.next_if(|(new, _)| *new < path) {
            found.push(Difference { path: added.clone(), old: None, new: Some(*entry) });
        }
        let new = rest.next_if(|(new, _)| *new == path).map(|(_, entry)| *entry);
        if new != Some(old) {
            found.push(Difference { path: path.clone(), old: Some(old), new });
        }
    };
    old.map(|old| visit(repo, old, &mut BString::default(), &mut compare)).transpose()?;
    found.extend(rest.map(|(path, entry)| Difference { path: path.clone(), old: None, new: Some(*entry) }));
    Ok(found)
}

/// Finds the files below `above` that differ between two trees.
fn walk(
    repo: &Repository,
    (old, new): (Option<ObjectId>, Option<ObjectId>),
    above: &BString,
    found: &mut Vec<Difference>,
) -> Result<()> {
    if old == new {
        return Ok(());
    }
    let read = |id: Option<ObjectId>| id.map(|id| repo.find_tree(id).map_err(Error::unreadable(format!("tree {id}")))).transpose();
    let (old, new) = (read(old)?, read(new)?);
    let (old, new) = (old.as_ref().map_or(&[][..], |tree| &tree.data), new.as_ref().map_or(&[][..], |tree| &tree.data));
    each_that_differs(old, new, repo.object_hash(), &mut |name, old, new| {
        let path = join(above, name);
        if old.or(new).is_some_and(|entry| entry.mode == FOLDER) {
            return walk(repo, (old.map(|entry| entry.oid), new.map(|entry| entry.oid)), &path, found);
        }
        found.push(Difference { path, old, new });
        Ok(())
    })
}

/// Walks two trees in step and reports each entry that differs, by its name.
///
/// An entry is skipped only if the other tree's entry has the same name, mode and id. So a tree that is not sorted as Git
/// sorts may report differences that are not there, but never hides one.
fn each_that_differs(
    mut old: &[u8],
    mut new: &[u8],
    hash: Kind,
    tell: &mut impl FnMut(&BStr, Option<TreeEntry>, Option<TreeEntry>) -> Result<()>,
) -> Result<()> {
    loop {
        let same = same_entries(old, new, hash);
        (old, new) = (&old[same..], &new[same..]);
        let (left, right) = (first(old, hash)?, first(new, hash)?);
        let order = match (&left, &right) {
            (Some((left, _)), Some((right, _))) => in_order(left, right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(()),
        };
        let (left, right) = (left.filter(|_| order != Ordering::Greater), right.filter(|_| order != Ordering::Less));
        let Some(name) = left.as_ref().or(right.as_ref()).map(|(entry, _)| entry.filename) else { return Ok(()) };
        let of = |entry: &EntryRef<'_>| TreeEntry { oid: entry.oid.to_owned(), mode: entry.mode.value() };
        let pair = (left.as_ref().map(|(entry, _)| of(entry)), right.as_ref().map(|(entry, _)| of(entry)));
        if pair.0 != pair.1 {
            tell(name, pair.0, pair.1)?;
        }
        old = left.map_or(old, |(_, rest)| rest);
        new = right.map_or(new, |(_, rest)| rest);
    }
}

/// The first entry of a tree and the bytes after it.
fn first(tree: &[u8], hash: Kind) -> Result<Option<(EntryRef<'_>, &[u8])>> {
    let mut entries = TreeRefIter::from_bytes(tree, hash);
    let entry = entries.next().transpose().map_err(Error::unreadable("a tree"))?;
    Ok(entry.map(|entry| (entry, &tree[entries.offset_to_next_entry(tree)..])))
}

/// The length in bytes of the entries that both trees start with.
fn same_entries(old: &[u8], new: &[u8], hash: Kind) -> usize {
    const STRIDE: usize = 256;
    let strides = old.chunks_exact(STRIDE).zip(new.chunks_exact(STRIDE)).take_while(|(old, new)| old == new).count();
    let far = strides * STRIDE;
    let shared = far + old[far..].iter().zip(&new[far..]).take_while(|(old, new)| old == new).count();
    let mut end = 0;
    while let Some(name) = old[end..shared].find_byte(0) {
        let next = end + name + 1 + hash.len_in_bytes();
        if next > shared {
            break;
        }
        end = next;
    }
    end
}

/// Git sorts a directory as if its name ended in a slash. A file of the same name is a different entry.
fn in_order(left: &EntryRef<'_>, right: &EntryRef<'_>) -> Ordering {
    let slash = |entry: &EntryRef<'_>| (entry.mode.value() == FOLDER).then_some(b'/');
    let (one, other) = (left.filename, right.filename);
    let shared = one.len().min(other.len());
    let rest = || one[shared..].iter().copied().chain(slash(left)).cmp(other[shared..].iter().copied().chain(slash(right)));
    one[..shared].cmp(&other[..shared]).then_with(rest)
}

fn join(above: &BString, name: &BStr) -> BString {
    let mut path = BString::new(Vec::with_capacity(above.len() + 1 + name.len()));
    path.extend_from_slice(above);
    if !above.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Line = (String, u8, bool);

    /// An entry: its name, the byte that fills its id, and whether it is a directory.
    fn lines() -> impl Strategy<Value = Vec<Line>> {
        prop::collection::vec(("[ab]{1,3}|[ab]{300}", 0..3_u8, any::<bool>()), 0..12)
    }

    fn tree(lines: &[Line]) -> Vec<u8> {
        let line = |(name, id, is_folder): &Line| {
            [if *is_folder { b"40000 " } else { b"100644 " as &[u8] }, name.as_bytes(), &[0], &[*id; 20]].concat()
        };
        lines.iter().flat_map(line).collect()
    }

    fn sorted(lines: Vec<Line>) -> Vec<Line> {
        let key = |(name, _, is_folder): &Line| if *is_folder { format!("{name}/") } else { name.clone() };
        let by_name: BTreeMap<String, Line> = lines.into_iter().map(|line| (key(&line), line)).collect();
        by_name.into_values().collect()
    }

    /// The entries that are reported for each side.
    fn told(old: &[Line], new: &[Line]) -> (Vec<Line>, Vec<Line>) {
        let (mut olds, mut news) = (Vec::new(), Vec::new());
        let line = |name: &BStr, entry: TreeEntry| (name.to_string(), entry.oid.as_bytes()[0], entry.mode == FOLDER);
        each_that_differs(&tree(old), &tree(new), Kind::Sha1, &mut |name, old, new| {
            olds.extend(old.map(|entry| line(name, entry)));
            news.extend(new.map(|entry| line(name, entry)));
            Ok(())
        })
        .expect("whole trees");
        (olds, news)
    }

    fn without(mut lines: Vec<Line>, others: &[Line]) -> Vec<Line> {
        for other in others {
            if let Some(at) = lines.iter().position(|line| line == other) {
                lines.remove(at);
            }
        }
        lines
    }

    proptest! {
        #[test]
        fn sorted_trees_report_exactly_their_differences(one in lines(), other in lines(), shared in lines()) {
            let old = sorted([one, shared.clone()].concat());
            let new = sorted([other, shared].concat());
            prop_assert_eq!(told(&old, &new), (without(old.clone(), &new), without(new, &old)));
        }

        #[test]
        fn unsorted_trees_never_hide_a_difference(old in lines(), new in lines()) {
            let (olds, news) = told(&old, &new);
            prop_assert_eq!(without(without(old.clone(), &new), &olds), Vec::<Line>::new());
            prop_assert_eq!(without(without(new, &old), &news), Vec::<Line>::new());
        }
    }

    #[test]
    fn a_tree_that_ends_within_an_entry_is_corrupt_even_beside_an_equal_prefix() {
        let whole = tree(&[("a".into(), 1, false), ("b".into(), 2, false)]);
        for length in 1..whole.len() {
            let is_whole = length == whole.len() / 2;
            let compared = each_that_differs(&whole, &whole[..length], Kind::Sha1, &mut |_, _, _| Ok(()));
            assert_eq!(compared.is_ok(), is_whole, "{length}");
        }
    }
}
