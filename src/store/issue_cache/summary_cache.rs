//! The file format of cached summaries.

use crate::domain::id::IssueId;
use crate::domain::issue::{Priority, State, Summary};
use crate::store::file_stamp::FileStamp;

/// Changes with the format.
pub(crate) const MAGIC: &[u8; 8] = b"jitsum01";
/// Reading fewer files than this is faster than writing a cache.
const WORTH_KEEPING: usize = 256;

/// Cached summaries, decoded one by one.
#[derive(Default)]
pub(crate) struct SummaryCache {
    bytes: Vec<u8>,
    /// Sorted by id.
    offsets: Vec<(IssueId, usize)>,
}

impl SummaryCache {
    /// Whether this many new summaries are worth a cache.
    pub(crate) fn pays(new: usize) -> bool {
        new >= WORTH_KEEPING
    }

    /// The summaries in these bytes, if they belong to `owner` and are complete.
    pub(crate) fn of(bytes: Vec<u8>, owner: &[u8]) -> Option<Self> {
        let mut read = Reader { bytes: &bytes, at: 0 };
        if read.take(MAGIC.len())? != MAGIC || read.text()? != owner {
            return None;
        }
        let count = read.number()?;
        let mut offsets = Vec::with_capacity(count.min(1 << 20));
        for _ in 0..count {
            let id = read.id()?;
            let length = read.number()?;
            offsets.push((id, read.at));
            read.take(length)?;
        }
        let is_whole = read.at == bytes.len() && offsets.is_sorted_by_key(|(id, _)| *id);
        is_whole.then_some(Self { bytes, offsets })
    }

    /// The summary of an issue whose file has this stamp.
    ///
    /// `next` is the expected position if issues are looked up in order; it is updated.
    pub(crate) fn find(&self, id: IssueId, stamp: FileStamp, next: &mut usize) -> Option<Summary> {
        let is_next = self.offsets.get(*next).is_some_and(|(there, _)| *there == id);
        let place = if is_next { *next } else { self.offsets.binary_search_by_key(&id, |(id, _)| *id).ok()? };
        *next = place + 1;
        let mut read = Reader { bytes: &self.bytes, at: self.offsets[place].1 };
        for part in stamp.0 {
            if read.take(8)? != part.to_le_bytes() {
                return None;
            }
        }
        let (title, assignee, created_at) = (read.string()?, read.string()?, read.string()?);
        let (labels, dependencies) = (read.strings()?, read.strings()?);
        let flags = read.take(3)?;
        Some(Summary {
            id,
            title,
            state: *State::ALL.get(usize::from(flags[0]))?,
            priority: *Priority::ALL.get(usize::from(flags[1]))?,
            assignee: (flags[2] & 2 != 0).then_some(assignee),
            labels,
            dependencies,
            created_at,
            is_deleted: flags[2] & 1 != 0,
        })
    }
}

/// Encodes summaries that belong to `owner`.
pub(crate) fn encode<'s>(owner: &[u8], found: impl Iterator<Item = (&'s FileStamp, &'s Summary)>) -> Vec<u8> {
    let found: Vec<(&FileStamp, &Summary)> = found.collect();
    let mut bytes = MAGIC.to_vec();
    put_text(&mut bytes, owner);
    put_number(&mut bytes, found.len());
    let mut body = Vec::new();
    for (stamp, summary) in found {
        body.clear();
        for part in stamp.0 {
            body.extend(part.to_le_bytes());
        }
        for text in [&summary.title, summary.assignee.as_ref().unwrap_or(&String::new()), &summary.created_at] {
            put_text(&mut body, text.as_bytes());
        }
        for list in [&summary.labels, &summary.dependencies] {
            put_number(&mut body, list.len());
            for text in list {
                put_text(&mut body, text.as_bytes());
            }
        }
        body.extend([summary.state as u8, summary.priority as u8]);
        body.push(u8::from(summary.is_deleted) | u8::from(summary.assignee.is_some()) << 1);
        bytes.extend(summary.id.as_bytes());
        put_text(&mut bytes, &body);
    }
    bytes
}

pub(crate) fn put_number(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &[u8]) {
    put_number(bytes, text.len());
    bytes.extend(text);
}

/// Decodes bytes, and never reads beyond their end.
pub(crate) struct Reader<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize)
    }

    /// Bytes that are preceded by their length.
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    /// UTF-8 text.
    fn string(&mut self) -> Option<String> {
        std::str::from_utf8(self.text()?).ok().map(str::to_owned)
    }

    /// Texts that are preceded by their number. The capacity is exact, since there are thousands of such lists.
    fn strings(&mut self) -> Option<Vec<String>> {
        let count = self.number()?;
        let mut strings = Vec::with_capacity(count.min(self.bytes.len() - self.at));
        for _ in 0..count {
            strings.push(self.string()?);
        }
        Some(strings)
    }

    /// An issue id.
    pub(crate) fn id(&mut self) -> Option<IssueId> {
        Some(IssueId::from_bytes(self.take(16)?.try_into().ok()?))
    }
}
