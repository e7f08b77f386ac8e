//! Summaries as bytes: how many of them are kept in one file, and read back one by one.

use crate::domain::id::IssueId;
use crate::domain::issue::{Priority, State, Summary};
use crate::store::file_stamp::FileStamp;

/// Changes with the form of what is kept.
pub(crate) const MAGIC: &[u8; 8] = b"jitsum01";
/// Fewer files than this are read sooner than a cache is written.
const WORTH_KEEPING: usize = 256;

/// Summaries as they were kept, read one by one.
pub(crate) struct SummaryCache {
    bytes: Vec<u8>,
    /// Sorted by id.
    offsets: Vec<(IssueId, usize)>,
}

impl SummaryCache {
    /// Whether so many that were not kept yet are worth keeping.
    pub(crate) fn pays(new: usize) -> bool {
        new >= WORTH_KEEPING
    }

    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self { bytes: Vec::new(), offsets: Vec::new() }
    }

    /// What these bytes keep, if they belong to `owner` and are whole.
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

    /// What was kept of an issue whose file looks like this.
    ///
    /// `next` is where whoever asks for them in order would find the next one, and becomes where the one after this is.
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

/// Summaries as bytes that belong to `owner`.
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

/// Reads on, and never beyond the end.
pub(crate) struct Reader<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// So many bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    /// A number.
    pub(crate) fn number(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize)
    }

    /// So many bytes as a number before them says.
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    /// Text that is text.
    fn string(&mut self) -> Option<String> {
        std::str::from_utf8(self.text()?).ok().map(str::to_owned)
    }

    /// As many of them as a number before them says, in a list that is no longer than it has to be: there are thousands.
    fn strings(&mut self) -> Option<Vec<String>> {
        let count = self.number()?;
        let mut strings = Vec::with_capacity(count.min(self.bytes.len() - self.at));
        for _ in 0..count {
            strings.push(self.string()?);
        }
        Some(strings)
    }

    /// An id.
    pub(crate) fn id(&mut self) -> Option<IssueId> {
        Some(IssueId::from_bytes(self.take(16)?.try_into().ok()?))
    }
}
