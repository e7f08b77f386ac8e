//! Which clone a folder is: the one that its record names, or a copy of it; and which leases of its log are its own.
//!
//! The folder is `jit` in the common directory. Its record names its inode and its path at the time of writing. Devices are compared
//! only between two folders that are looked at now, since the device number of a file system changes when it is mounted again.

use crate::domain::id::CloneId;

/// A folder as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    pub device: u64,
    pub inode: u64,
    pub path: String,
}

/// The recorded facts about the folder of a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedFolder {
    pub clone_id: CloneId,
    pub inode: u64,
    pub path: String,
}

/// What is at the recorded path now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AtRecordedPath {
    /// No folder that can be seen, or one without a record.
    Nothing,
    /// A folder with this record.
    Clone { device: u64, inode: u64, record: RecordedFolder },
    /// Something that this user has no access to.
    Hidden,
    /// A folder whose record cannot be read.
    Unreadable,
}

/// Whether a folder is the clone that its record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recognition {
    /// It is, where it was.
    Same,
    /// It is, and it was renamed.
    Moved,
    /// It was copied, restored or moved to another disk, which cannot be told apart.
    Copied,
}

/// Recognises the folder `here`.
///
/// A folder at the recorded path is the clone only if its own record names its own inode: a copy that was put there does not.
pub(crate) fn recognise(recorded: &RecordedFolder, here: &Folder, there: &AtRecordedPath) -> Recognition {
    if here.inode != recorded.inode {
        return Recognition::Copied;
    }
    if here.path == recorded.path {
        return Recognition::Same;
    }
    match there {
        AtRecordedPath::Nothing | AtRecordedPath::Hidden => Recognition::Moved,
        AtRecordedPath::Clone { device, inode, .. } if (*device, *inode) == (here.device, here.inode) => Recognition::Same,
        AtRecordedPath::Clone { inode, record, .. } if record.clone_id != recorded.clone_id || record.inode != *inode => {
            Recognition::Moved
        }
        AtRecordedPath::Clone { .. } | AtRecordedPath::Unreadable => Recognition::Copied,
    }
}

/// Which leases of a log belong to the clone that reads it.
///
/// The log names the clone of each lease. In memory, [`Holder::clone_id`](crate::domain::id::Holder::clone_id) is `None` for this
/// clone and names any other one, so that equal holders hold the same leases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// The id of this clone; `None` before it has one.
    pub own: Option<CloneId>,
    /// The clone to which leases without a clone belong, which git jit 0.1 wrote.
    pub founder: Option<CloneId>,
}

impl Ownership {
    /// The clone of a lease in memory, from the one in the log.
    pub(crate) fn read(&self, stored: Option<CloneId>) -> Option<CloneId> {
        match stored {
            None if self.own == self.founder => None,
            None => Some(self.founder.unwrap_or(CloneId::UNKNOWN)),
            Some(id) if self.own == Some(id) => None,
            Some(id) => Some(id),
        }
    }

    /// The clone of a lease in the log, from the one in memory.
    pub(crate) fn written(&self, clone_id: Option<CloneId>) -> Option<CloneId> {
        clone_id.or(self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CloneId = CloneId::UNKNOWN;

    fn record(clone_id: CloneId, inode: u64, path: &str) -> RecordedFolder {
        RecordedFolder { clone_id, inode, path: path.to_owned() }
    }

    #[test]
    fn a_folder_is_the_clone_that_its_record_names_or_a_copy() {
        let b = CloneId::from_bits(2);
        let nothing = || AtRecordedPath::Nothing;
        let there = |device, inode, record| AtRecordedPath::Clone { device, inode, record };
        let table = [
            // What happened; device, inode and path now; what is at the recorded path /p; what it is.
            ("nothing", (1, 10, "/p"), nothing(), Recognition::Same),
            ("the file system was mounted again", (7, 10, "/p"), nothing(), Recognition::Same),
            ("mv p q", (1, 10, "/q"), nothing(), Recognition::Moved),
            ("a container that sees only /work", (1, 10, "/work"), nothing(), Recognition::Moved),
            ("a bind mount beside the original", (1, 10, "/work"), there(1, 10, record(A, 10, "/p")), Recognition::Same),
            ("cp -r p q, in q", (1, 11, "/q"), there(1, 10, record(A, 10, "/p")), Recognition::Copied),
            ("a tar, unpacked elsewhere", (1, 11, "/q"), nothing(), Recognition::Copied),
            ("a restore in place", (1, 11, "/p"), nothing(), Recognition::Copied),
            ("rm -rf p; mv q p, q being a copy", (1, 11, "/p"), nothing(), Recognition::Copied),
            ("mv p q; cp -a q p, in q", (1, 10, "/q"), there(1, 11, record(A, 10, "/p")), Recognition::Moved),
            ("mv p q; cp -a q p, in p", (1, 11, "/p"), nothing(), Recognition::Copied),
            ("mv p q; another clone was made in p", (1, 10, "/q"), there(1, 11, record(b, 11, "/p")), Recognition::Moved),
            ("a snapshot of the disk, mounted beside it", (2, 10, "/s/p"), there(1, 10, record(A, 10, "/p")), Recognition::Copied),
            ("the same inode on another disk", (2, 10, "/q"), there(1, 10, record(A, 10, "/p")), Recognition::Copied),
            ("a container without access to /p", (1, 10, "/work"), AtRecordedPath::Hidden, Recognition::Moved),
            ("the record at /p is torn", (1, 10, "/q"), AtRecordedPath::Unreadable, Recognition::Copied),
        ];
        for (what, (device, inode, path), there, expected) in table {
            let here = Folder { device, inode, path: path.to_owned() };
            assert_eq!(recognise(&record(A, 10, "/p"), &here, &there), expected, "{what}");
        }
    }

    #[test]
    fn leases_without_a_clone_belong_to_the_first_one_of_the_log() {
        let (a, b) = (CloneId::from_bits(1), CloneId::from_bits(2));
        let table = [
            // The clone that reads; the first clone; the clone in the log; whether the lease is its own.
            (None, None, None, true),
            (None, None, Some(a), false),
            (Some(a), Some(a), None, true),
            (Some(a), Some(a), Some(a), true),
            (Some(b), Some(a), None, false),
            (Some(b), Some(a), Some(a), false),
            (Some(b), Some(a), Some(b), true),
            (Some(b), None, None, false),
        ];
        for (own, founder, stored, is_own) in table {
            let ownership = Ownership { own, founder };
            let read = ownership.read(stored);
            assert_eq!(read.is_none(), is_own, "{ownership:?} {stored:?}");
            let written = ownership.written(read);
            assert_eq!(ownership.read(written).is_none(), is_own, "{ownership:?} {stored:?} is written as {written:?}");
        }
    }
}
