//! The entries of an index file below `.jit`, or below another spelling of it.
//!
//! Entries are sorted by their bytes and these come early, so reading stops after them. The format is that of Git's
//! `Documentation/gitformat-index.txt`, versions 2 to 4. The checksum at the end is not verified.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use gix::ObjectId;

/// Bytes of an entry before and after its mode: the file's times, device, inode, owner and size, which are skipped.
const BEFORE_MODE: usize = 24;
const AFTER_MODE: usize = 12;
const BUFFER: usize = 64 * 1024;
/// No system accepts longer paths, so a longer one means that this is not an index.
const LONGEST_PATH: usize = 64 * 1024;

/// An index entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub path: Vec<u8>,
    pub mode: u32,
    pub oid: ObjectId,
    /// 0, or 1 to 3 in a conflict.
    pub stage: u16,
    /// Whether `git add --intent-to-add` created it.
    pub is_intent_to_add: bool,
}

/// The entries whose paths start with `top` in any case; `None` if the file is not understood.
pub(crate) fn below(path: &Path, hash: gix::hash::Kind, top: &[u8]) -> Option<Vec<IndexEntry>> {
    let mut reader = EntryReader::open(path, hash)?;
    let mut found = Vec::new();
    for _ in 0..reader.count {
        let entry = reader.next()?;
        let head = entry.path.get(..top.len()).unwrap_or(&entry.path);
        if head > top {
            break;
        }
        if head.eq_ignore_ascii_case(top) {
            found.push(entry);
        }
    }
    Some(found)
}

struct EntryReader {
    file: BufReader<File>,
    hash: gix::hash::Kind,
    version: u32,
    count: u32,
    /// The previous entry's path: version 4 stores only the part that differs from it.
    path: Vec<u8>,
}

impl EntryReader {
    fn open(path: &Path, hash: gix::hash::Kind) -> Option<Self> {
        let file = BufReader::with_capacity(BUFFER, File::open(path).ok()?);
        let mut reader = Self { file, hash, version: 0, count: 0, path: Vec::new() };
        let [signature, version, count] = [reader.bytes::<4>()?, reader.bytes()?, reader.bytes()?];
        (reader.version, reader.count) = (u32::from_be_bytes(version), u32::from_be_bytes(count));
        (&signature == b"DIRC" && (2..=4).contains(&reader.version)).then_some(reader)
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn next(&mut self) -> Option<IndexEntry> {
        self.bytes::<BEFORE_MODE>()?;
        let mode = u32::from_be_bytes(self.bytes()?);
        self.bytes::<AFTER_MODE>()?;
        let mut id = vec![0; self.hash.len_in_bytes()];
        self.file.read_exact(&mut id).ok()?;
        let flags = u16::from_be_bytes(self.bytes()?);
        let is_extended = flags & 0x4000 != 0;
        if is_extended && self.version < 3 {
            return None;
        }
        let extended = if is_extended { u16::from_be_bytes(self.bytes()?) } else { 0 };
        let before = BEFORE_MODE + 4 + AFTER_MODE + id.len() + if is_extended { 4 } else { 2 };
        if self.version == 4 {
            self.rest_of_path()?;
        } else {
            self.whole_path(before)?;
        }
        Some(IndexEntry {
            path: self.path.clone(),
            mode,
            oid: ObjectId::try_from(id.as_slice()).ok()?,
            stage: (flags >> 12) & 3,
            is_intent_to_add: extended & 0x2000 != 0,
        })
    }

    /// A path followed by one to eight zeros, which make the entry's length a multiple of eight.
    fn whole_path(&mut self, before: usize) -> Option<()> {
        self.path.clear();
        self.until_zero()?;
        let length = before + self.path.len();
        let padding = 8 - length % 8 - 1;
        let mut zeros = [0; 8];
        self.file.read_exact(&mut zeros[..padding]).ok()?;
        zeros[..padding].iter().all(|byte| *byte == 0).then_some(())
    }

    /// The number of bytes to remove from the previous path, then the text that replaces them.
    fn rest_of_path(&mut self) -> Option<()> {
        let mut byte = self.bytes::<1>()?[0];
        let mut gone = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.bytes::<1>()?[0];
            gone = gone.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        }
        self.path.truncate(self.path.len().checked_sub(gone)?);
        self.until_zero()
    }

    fn until_zero(&mut self) -> Option<()> {
        loop {
            match self.bytes::<1>()?[0] {
                0 => return Some(()),
                _ if self.path.len() > LONGEST_PATH => return None,
                byte => self.path.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), version in 0u8..6, count in 0u8..4) {
            let dir = tempfile::tempdir().expect("a directory");
            let path = dir.path().join("index");
            let whole = [b"DIRC\0\0\0".as_slice(), &[version, 0, 0, 0, count], &bytes].concat();
            for bytes in [whole, bytes] {
                crate::store::file::replace(&path, &bytes, crate::store::file::Modes::PRIVATE).expect("written");
                let _ = below(&path, gix::hash::Kind::Sha1, b".jit");
            }
        }
    }
}
