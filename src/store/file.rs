//! Reading and writing files: a file is replaced atomically, or appended to by one write of one line. Nothing is truncated.
//!
//! A rename over an existing file costs about a millisecond, because ext4 flushes it; an append costs microseconds. So logs are
//! appended to, and only small files are replaced.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

use crate::store::{Error, Result};

/// The permissions of files that are created below the common directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes {
    /// The mode of files.
    pub file: u32,
    /// The mode of directories. Shared ones have the set-group-id bit, so that new files in them get the group.
    pub dir: u32,
    /// Whether the umask does not apply.
    pub is_exact: bool,
}

impl Modes {
    /// Access for the owner only.
    #[cfg(test)]
    pub(crate) const PRIVATE: Self = Self { file: 0o600, dir: 0o700, is_exact: false };

    /// The modes for a value of `core.sharedRepository`: `group`, `all`, a boolean or an octal mode.
    pub(crate) fn shared(value: Option<&str>) -> Self {
        let file = match value.map(str::to_ascii_lowercase).as_deref() {
            Some("group" | "true" | "yes" | "on" | "1") => 0o660,
            Some("all" | "world" | "everybody" | "2") => 0o664,
            Some(octal) if octal.starts_with('0') && octal.len() > 1 => match u32::from_str_radix(octal, 8) {
                Ok(mode) if mode & 0o600 == 0o600 => mode & 0o666,
                _ => 0o600,
            },
            _ => 0o600,
        };
        let is_exact = file != 0o600;
        let set_group = if is_exact { 0o2000 } else { 0 };
        Self { file, dir: file | ((file & 0o444) >> 2) | set_group, is_exact }
    }
}

/// The content of a file; `None` if it does not exist. Any other failure is an error.
pub(crate) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// The content of a regular file. Anything else is an error: a named pipe, for example, may never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let mut file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names in a directory, in no particular order; none if it does not exist.
pub(crate) fn names(dir: &Path) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    each_name(dir, |name| names.push(name))?;
    Ok(names)
}

/// Calls `take` with each name in a directory, in no particular order; not at all if it does not exist.
pub(crate) fn each_name(dir: &Path, mut take: impl FnMut(OsString)) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(Error::io("list", dir)(error)),
    };
    for entry in entries {
        take(entry.map_err(Error::io("list", dir))?.file_name());
    }
    Ok(())
}

/// The files below a directory, relative to it, without a `.git` at the top. Symbolic links are not followed.
pub(crate) fn below(root: &Path) -> Result<Vec<String>> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for name in names(&root.join(&folder))? {
            let path = folder.join(&name);
            let kind = root.join(&path).symlink_metadata().map_err(Error::io("read", &path))?.file_type();
            if kind.is_dir() && path != Path::new(".git") {
                folders.push(path);
            } else if path != Path::new(".git") {
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    Ok(files)
}

/// Creates a directory and its missing parents, each with these modes.
pub(crate) fn make_dir(path: &Path, modes: Modes) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_dir(above, modes)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    builder.mode(modes.dir);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(Error::io("create directory", path)(error)),
        Ok(()) => widen(path, modes.dir, modes),
    }
}

/// Restores permissions that the umask removed, if the modes are exact.
#[cfg(unix)]
fn widen(path: &Path, mode: u32, modes: Modes) -> Result<()> {
    if !modes.is_exact {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(Error::io("set permissions of", path))
}

#[cfg(not(unix))]
fn widen(_: &Path, _: u32, _: Modes) -> Result<()> {
    Ok(())
}

/// Whether its owner may execute it.
pub(crate) fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    let runs = std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0);
    #[cfg(not(unix))]
    let runs = path.exists();
    runs
}

/// A number that distinguishes a file from another one of the same name.
pub(crate) fn number_of(metadata: &std::fs::Metadata) -> u64 {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let number = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |at| at.as_secs());
    number
}

/// Opens a file to append to; creates it if it does not exist.
pub(crate) fn open_append(path: &Path, modes: Modes) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    match options.open(path) {
        Ok(file) => return Ok(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("open", path)(error)),
    }
    #[cfg(unix)]
    options.mode(modes.file);
    let file = options.create(true).open(path).map_err(Error::io("create", path))?;
    widen(path, modes.file, modes)?;
    Ok(file)
}

/// The prefix of temporary files.
pub(crate) const TEMPORARY: &str = ".jit-tmp-";

/// A complete temporary file, to be renamed or linked to `target`.
pub(crate) struct Finished {
    file: tempfile::NamedTempFile,
    target: PathBuf,
}

/// Writes `bytes` to a temporary file in the directory of `target`; durably with `sync`.
pub(crate) fn finish_beside(target: &Path, bytes: &[u8], modes: Modes, sync: bool) -> Result<Finished> {
    finish(target.parent().unwrap_or(Path::new(".")), target, bytes, modes, sync)
}

/// Writes `bytes` to a temporary file in `scratch`, so that a crash leaves nothing beside `target`.
pub(crate) fn finish_in(scratch: &Path, target: &Path, bytes: &[u8], modes: Modes) -> Result<Finished> {
    finish(scratch, target, bytes, modes, false)
}

fn finish(dir: &Path, target: &Path, bytes: &[u8], modes: Modes, sync: bool) -> Result<Finished> {
    let fail = |verb| Error::io(verb, target);
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::fs::Permissions::from_mode(modes.file));
    let mut file = builder.tempfile_in(dir).map_err(fail("write beside"))?;
    file.write_all(bytes).map_err(fail("write"))?;
    widen(file.path(), modes.file, modes)?;
    if sync {
        file.as_file().sync_data().map_err(fail("sync"))?;
    }
    Ok(Finished { file, target: target.to_owned() })
}

impl Finished {
    /// Renames it to the target, which it replaces if it exists.
    pub(crate) fn replace(self) -> Result<()> {
        self.file.persist(&self.target).map(drop).map_err(|error| Error::io("replace", &self.target)(error.error))
    }

    /// Gives it the target's name; returns `false` if that is taken.
    pub(crate) fn claim_name(self) -> Result<bool> {
        link(self.file.path(), &self.target)
    }
}

/// Replaces a file that others own too, and keeps its permissions.
pub(crate) fn rewrite(finished: Finished) -> Result<()> {
    if let Ok(old) = std::fs::metadata(&finished.target) {
        let fail = Error::io("set permissions of", &finished.target);
        std::fs::set_permissions(finished.file.path(), old.permissions()).map_err(fail)?;
    }
    finished.replace()
}

/// Replaces a file atomically.
pub(crate) fn replace(target: &Path, bytes: &[u8], modes: Modes) -> Result<()> {
    finish_beside(target, bytes, modes, false)?.replace()
}

/// Gives an existing file a second name; returns `false` if that is taken.
pub(crate) fn link(existing: &Path, name: &Path) -> Result<bool> {
    match std::fs::hard_link(existing, name) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io("link", name)(error)),
    }
}

/// Makes `name` another name of the file `existing`, atomically, even if `name` exists.
pub(crate) fn relink(existing: &Path, name: &Path) -> Result<()> {
    let dir = name.parent().unwrap_or(Path::new("."));
    let spare = tempfile::Builder::new().prefix(TEMPORARY).make_in(dir, |path| std::fs::hard_link(existing, path));
    let spare = spare.map_err(Error::io("link", name))?.into_temp_path();
    let left = spare.to_path_buf();
    spare.persist(name).map_err(|error| Error::io("replace", name)(error.error))?;
    // If both are names of the same file, POSIX lets the rename do nothing, and the temporary name remains.
    let _ = std::fs::remove_file(left);
    Ok(())
}

/// The kind of network file system that a directory is on; `None` if it is local or unknown.
#[cfg(target_os = "linux")]
pub(crate) fn network(dir: &Path) -> Option<&'static str> {
    // The magic numbers of statfs(2).
    const KINDS: [(u64, &str); 8] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB2"),
        (0x0102_1997, "9p"),
        (0x6573_5546, "FUSE"),
        (0x7461_636f, "OCFS2"),
        (0x0bd0_0bd0, "Lustre"),
    ];
    let kind = rustix::fs::statfs(dir).ok()?.f_type;
    let kind = u64::try_from(kind).unwrap_or_default() & 0xffff_ffff;
    KINDS.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// Unknown on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network(_: &Path) -> Option<&'static str> {
    None
}

/// Makes the names in a directory durable, if the file system supports that.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    #[cfg(unix)]
    match File::open(path).and_then(|dir| dir.sync_all()) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            return Err(Error::io("sync", path)(error));
        }
        _ => {}
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_repositories_get_shared_modes() {
        for (value, file, dir) in [
            (None, 0o600, 0o700),
            (Some("umask"), 0o600, 0o700),
            (Some("group"), 0o660, 0o2770),
            (Some("TRUE"), 0o660, 0o2770),
            (Some("all"), 0o664, 0o2775),
            (Some("0640"), 0o640, 0o2750),
            (Some("0444"), 0o600, 0o700),
            (Some("nonsense"), 0o600, 0o700),
        ] {
            let modes = Modes::shared(value);
            assert_eq!((modes.file, modes.dir), (file, dir), "{value:?}");
        }
    }

    #[test]
    fn the_first_gets_the_name_and_a_replaced_file_is_complete() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("name");
        let finish = |bytes: &[u8]| finish_beside(&path, bytes, Modes::PRIVATE, true).expect("written");
        assert!(finish(b"first").claim_name().expect("linked"));
        assert!(!finish(b"second").claim_name().expect("refused"));
        assert_eq!(read_optional(&path).expect("read"), Some(b"first".to_vec()));
        finish(b"third").replace().expect("replaced");
        relink(&path, &dir.path().join("other")).expect("linked");
        relink(&path, &dir.path().join("other")).expect("linked again");
        assert_eq!(read_optional(&dir.path().join("other")).expect("read"), Some(b"third".to_vec()));
        assert_eq!(read_optional(&path.join("below")).expect("absent"), None);
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2, "no temporary file is left");
    }
}
