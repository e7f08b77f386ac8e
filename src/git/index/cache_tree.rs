//! Finds the cache-tree extension at the end of an index file without reading the entries before it.
//!
//! Git updates it before it runs a commit hook, so the id of the staged `.jit` tree is a few kilobytes before the end of a file of
//! megabytes. A candidate is accepted only if the chain of extensions that starts there ends exactly at the checksum. For the
//! format see Git's `Documentation/gitformat-index.txt`, "Cache tree".

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;

/// The size in bytes of the first window at the end; each further one is four times as large.
const WINDOW: u64 = 64 * 1024;
/// Beyond this distance from the end, reading the entries is faster.
const FURTHEST: u64 = 4 * 1024 * 1024;
const HEADER: usize = 8;

/// The ids of the staged root tree and of its subtree `name`, if the index at `path` has a valid cache-tree with both, and no
/// subtree with another spelling of the name; `None` otherwise.
///
/// The cache-tree has directories only: a top-level file with that name must be looked up in the root tree.
pub(crate) fn staged_tree(path: &Path, hash: gix::hash::Kind, name: &[u8]) -> Option<(ObjectId, ObjectId)> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len().checked_sub(hash.len_in_bytes() as u64)?;
    let mut window = WINDOW;
    loop {
        let start = length.saturating_sub(window);
        // Allocated at once, so that one read fills it.
        let mut bytes = vec![0; usize::try_from(length - start).ok()?];
        file.seek(SeekFrom::Start(start)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        if let Some(data) = find(&bytes) {
            return Reader { rest: data, id_length: hash.len_in_bytes() }.child(name);
        }
        if start == 0 || window >= FURTHEST {
            return None;
        }
        window *= 4;
    }
}

/// The data of the last `TREE` extension that starts a chain of extensions up to the end of `bytes`.
fn find(bytes: &[u8]) -> Option<&[u8]> {
    let mut before = bytes.len().saturating_sub(HEADER);
    let letters = std::iter::from_fn(|| {
        before = bytes[..before].rfind_byte(b'T')?;
        Some(before)
    });
    let starts = letters.filter(|at| bytes[*at..].starts_with(b"TREE"));
    starts.filter(|at| leads_to_the_end(bytes, *at)).find_map(|at| extension(bytes, at).map(|(data, _)| data))
}

fn leads_to_the_end(bytes: &[u8], mut at: usize) -> bool {
    while at < bytes.len() {
        match extension(bytes, at) {
            Some((_, next)) => at = next,
            None => return false,
        }
    }
    true
}

/// The data of the extension at `at`, and the offset of the next one.
fn extension(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let length = bytes.get(at + 4..at + HEADER)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let next = (at + HEADER).checked_add(length)?;
    Some((bytes.get(at + HEADER..next)?, next))
}

/// Reads nodes: name, NUL, number of entries (-1 if invalid), space, number of subtrees, newline, id unless invalid.
struct Reader<'a> {
    rest: &'a [u8],
    id_length: usize,
}

struct Node<'a> {
    name: &'a [u8],
    subtrees: usize,
    id: Option<ObjectId>,
}

impl<'a> Reader<'a> {
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.rest.iter().position(|byte| *byte == end)?;
        let (found, rest) = self.rest.split_at(at);
        self.rest = &rest[1..];
        Some(found)
    }

    fn node(&mut self) -> Option<Node<'a>> {
        let name = self.until(0)?;
        let is_valid = !self.until(b' ')?.starts_with(b"-");
        let subtrees = std::str::from_utf8(self.until(b'\n')?).ok()?.parse().ok()?;
        let mut id = None;
        if is_valid {
            let (bytes, rest) = self.rest.split_at_checked(self.id_length)?;
            id = Some(ObjectId::try_from(bytes).ok()?);
            self.rest = rest;
        }
        Some(Node { name, subtrees, id })
    }

    fn skip(&mut self, subtrees: usize) -> Option<()> {
        let mut open = subtrees;
        while open > 0 {
            open = (open - 1).checked_add(self.node()?.subtrees)?;
        }
        Some(())
    }

    fn child(mut self, wanted: &[u8]) -> Option<(ObjectId, ObjectId)> {
        let root = self.node()?;
        let root_id = root.id?;
        let mut found = None;
        for _ in 0..root.subtrees {
            let child = self.node()?;
            if child.name == wanted {
                found = Some(child.id?);
            } else if child.name.eq_ignore_ascii_case(wanted) {
                return None;
            } else if found.is_some() && child.name.len() > wanted.len() {
                // Subtrees are sorted by the length of their names.
                break;
            }
            self.skip(child.subtrees)?;
        }
        Some((root_id, found?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(name: &[u8], subtrees: &[Vec<u8>], id: Option<u8>) -> Vec<u8> {
        let count = if id.is_some() { "3" } else { "-1" };
        let head = [name, b"\0", format!("{count} {}\n", subtrees.len()).as_bytes()].concat();
        [head, id.map(|id| vec![id; 20]).unwrap_or_default(), subtrees.concat()].concat()
    }

    fn index(extensions: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
        let mut bytes = b"DIRC entries TREE\0\0\0\x03 and so on".to_vec();
        for (name, data) in extensions {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&u32::try_from(data.len()).expect("short").to_be_bytes());
            bytes.extend_from_slice(data);
        }
        bytes.extend_from_slice(&[9; 20]);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<u8> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::io::Write::write_all(&mut file.as_file(), bytes).expect("written");
        staged_tree(file.path(), gix::hash::Kind::Sha1, b".jit").map(|(_, id)| id.as_bytes()[0])
    }

    #[test]
    fn the_tree_is_found_after_any_data_but_only_if_valid() {
        let leaf = |name: &[u8], id| tree(name, &[], id);
        let deep = tree(b"a", &[leaf(b"b", None), tree(b"c", &[leaf(b".jit", Some(5))], Some(6))], Some(7));
        let root = |children: &[Vec<u8>]| (b"TREE".as_slice(), tree(b"", children, Some(1)));
        let other = (b"EOIE".as_slice(), vec![1; 30]);
        assert_eq!(read(&index(&[root(&[deep.clone(), leaf(b".jit", Some(4)), leaf(b"longer", Some(8))])])), Some(4));
        assert_eq!(read(&index(&[root(&[leaf(b".jit", Some(4))]), other.clone()])), Some(4));
        assert_eq!(read(&index(&[root(&[leaf(b".jit", None)])])), None, "invalid");
        assert_eq!(read(&index(&[root(std::slice::from_ref(&deep))])), None, "only deeper down");
        assert_eq!(read(&index(&[root(&[leaf(b".jit", Some(4)), leaf(b".JIT", Some(4))])])), None, "another spelling");
        assert_eq!(read(&index(&[other])), None, "none at all");
        assert_eq!(read(&index(&[root(&[leaf(b".jit", Some(4))])])[..60]), None, "cut short");
        assert_eq!(read(b""), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>()) {
            if bytes.len() > 40 {
                let at = at.index(bytes.len() - 30);
                bytes[at..at + 4].copy_from_slice(b"TREE");
                let length = u32::try_from(bytes.len() - 20 - at - 8).unwrap_or(0);
                bytes[at + 4..at + 8].copy_from_slice(&length.to_be_bytes());
            }
            let _ = read(&bytes);
        }
    }
}
