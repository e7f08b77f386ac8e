//! What a file looks like from outside, and whether another change of it would show.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::domain::id::IssueId;

/// The coarsest timestamp resolution of a file system: two changes within it may look like one.
pub(crate) const COARSEST_TICK: Duration = Duration::from_secs(2);

/// What distinguishes two versions of a file without reading them: size, modification and change time, inode, device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp(pub [i64; 5]);

impl FileStamp {
    /// For entries that belong to a Git tree, which need no stamp.
    pub(crate) const NONE: Self = Self([0; 5]);

    /// What the file at this path looks like; nothing where it cannot be read.
    ///
    /// A different stamp means that the file was changed or replaced. The same stamp promises nothing.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        let length = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let time = |seconds: i64, nanos: i64| seconds * 1_000_000_000 + nanos;
            let (written, changed) = (time(metadata.mtime(), metadata.mtime_nsec()), time(metadata.ctime(), metadata.ctime_nsec()));
            Some(Self([length, written, changed, metadata.ino().cast_signed(), metadata.dev().cast_signed()]))
        }
        #[cfg(not(unix))]
        {
            Some(Self([length, metadata.modified().map_or(0, nanos), 0, 0, 0]))
        }
    }

    /// When the file or its metadata last changed, in nanoseconds since 1970.
    pub(crate) fn touched(&self) -> i64 {
        self.0[1].max(self.0[2])
    }
}

/// A scan of the files in a directory, with the time when it began.
pub(crate) struct DirectoryScan {
    #[cfg(unix)]
    dir: Option<std::fs::File>,
    pub began: Instant,
    pub began_at: i64,
}

impl DirectoryScan {
    /// Begins a scan.
    pub(crate) fn begin(dir: &Path) -> Self {
        #[cfg(not(unix))]
        let _ = dir;
        Self {
            #[cfg(unix)]
            dir: std::fs::File::open(dir).ok(),
            began: Instant::now(),
            began_at: nanos(SystemTime::now()),
        }
    }

    /// The stamp of an issue's file; `None` if it cannot be determined.
    #[cfg(unix)]
    pub(crate) fn stamp(&self, id: IssueId) -> Option<FileStamp> {
        let mut name = [0; IssueId::FILE_NAME_LENGTH];
        let stat = rustix::fs::statat(self.dir.as_ref()?, id.write_file_name(&mut name), rustix::fs::AtFlags::empty()).ok()?;
        #[expect(clippy::useless_conversion, clippy::cast_possible_wrap, reason = "the types differ between systems")]
        let time = |seconds, nanos| i64::from(seconds) * 1_000_000_000 + nanos as i64;
        #[expect(clippy::cast_possible_wrap, reason = "only compared for equality")]
        let stamp = [
            stat.st_size,
            time(stat.st_mtime, stat.st_mtime_nsec),
            time(stat.st_ctime, stat.st_ctime_nsec),
            stat.st_ino as i64,
            stat.st_dev as i64,
        ];
        Some(FileStamp(stamp))
    }

    /// On other systems nothing is cached.
    #[cfg(not(unix))]
    pub(crate) fn stamp(&self, _: IssueId) -> Option<FileStamp> {
        None
    }

    /// Whether the last change is so old that another change would give a different stamp.
    pub(crate) fn is_settled(&self, stamp: &FileStamp) -> bool {
        stamp.touched() < self.began_at - ticks(COARSEST_TICK)
    }
}

pub(crate) fn ticks(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

pub(crate) fn nanos(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file::{Modes, replace};

    #[test]
    fn a_replaced_file_has_another_stamp_and_a_missing_one_has_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        assert_eq!(FileStamp::of(&path), None);
        replace(&path, b"one", Modes::PRIVATE).expect("written");
        let one = FileStamp::of(&path);
        assert!(one.is_some() && one == FileStamp::of(&path));
        replace(&path, b"two and more", Modes::PRIVATE).expect("written");
        assert_ne!(one, FileStamp::of(&path));
    }
}
