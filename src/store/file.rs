//! Every byte that is written: a file is replaced whole, or appended to by one write of one line.
//!
//! A rename costs about a millisecond where the target exists (ext4 flushes it), an append some
//! microseconds; so logs are appended to and only small files are replaced. Nothing is truncated.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

use crate::store::{Error, Result};

/// The permissions of what we make below the common directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes {
    /// Of files.
    pub file: u32,
    /// Of directories; with the set-group-id bit where they are shared, so that all that is made in them is too.
    pub dir: u32,
    /// Whether they hold whatever the umask is.
    pub is_exact: bool,
}

impl Modes {
    /// For the owner alone.
    #[cfg(test)]
    pub(crate) const PRIVATE: Self = Self { file: 0o600, dir: 0o700, is_exact: false };

    /// What `core.sharedRepository` asks for: `group`, `all`, a boolean or an octal mode.
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

/// The whole of a file, or nothing if it is not there. Whatever else happens is an error.
pub(crate) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// The whole of a regular file: of anything else, a named pipe for instance, there may be no end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let mut file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names in a directory, in no order; none if it is not there.
pub(crate) fn names(dir: &Path) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    each_name(dir, |name| names.push(name))?;
    Ok(names)
}

/// Hands on each name in a directory, in no order; none if it is not there.
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

/// The files below a directory, relative to it, links as what they are; without Git's own at the top.
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

/// Makes a directory and what is missing above it, each with these modes.
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
        Err(error) => Err(Error::io("make directory", path)(error)),
        Ok(()) => widen(path, modes.dir, modes),
    }
}

/// Takes back what the umask took, where the mode is exact.
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

/// Whether its owner may run it.
pub(crate) fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    let runs = std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0);
    #[cfg(not(unix))]
    let runs = path.exists();
    runs
}

/// What tells a file from another one of the same name.
pub(crate) fn number_of(metadata: &std::fs::Metadata) -> u64 {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let number = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |at| at.as_secs());
    number
}

/// Opens a file to append to, and makes it if it is not there.
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
    let file = options.create(true).open(path).map_err(Error::io("make", path))?;
    widen(path, modes.file, modes)?;
    Ok(file)
}

/// How the names of files begin that are not finished.
pub(crate) const TEMPORARY: &str = ".jit-tmp-";

/// A finished file under a name of its own beside `target`, to be renamed or linked into place.
pub(crate) struct Finished {
    file: tempfile::NamedTempFile,
    target: PathBuf,
}

/// Writes all of `bytes` beside `target`; with `sync`, so that a crash cannot take them back.
pub(crate) fn finish_beside(target: &Path, bytes: &[u8], modes: Modes, sync: bool) -> Result<Finished> {
    finish(target.parent().unwrap_or(Path::new(".")), target, bytes, modes, sync)
}

/// Writes all of `bytes` in `scratch`, so that nothing is left beside `target` whatever happens.
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
    /// Renames it over the target, whether that exists or not.
    pub(crate) fn replace(self) -> Result<()> {
        self.file.persist(&self.target).map(drop).map_err(|error| Error::io("replace", &self.target)(error.error))
    }

    /// Gives it the target's name unless that is taken: whether it was the first.
    pub(crate) fn claim_name(self) -> Result<bool> {
        link(self.file.path(), &self.target)
    }
}

/// Replaces a file whole that is not ours alone: it keeps the permissions it has.
pub(crate) fn rewrite(finished: Finished) -> Result<()> {
    if let Ok(old) = std::fs::metadata(&finished.target) {
        let fail = Error::io("set permissions of", &finished.target);
        std::fs::set_permissions(finished.file.path(), old.permissions()).map_err(fail)?;
    }
    finished.replace()
}

/// Replaces a file whole.
pub(crate) fn replace(target: &Path, bytes: &[u8], modes: Modes) -> Result<()> {
    finish_beside(target, bytes, modes, false)?.replace()
}

/// Gives an existing file a second name unless that is taken: whether it was the first.
pub(crate) fn link(existing: &Path, name: &Path) -> Result<bool> {
    match std::fs::hard_link(existing, name) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io("link", name)(error)),
    }
}

/// Makes `name` another name of the file `existing`, in one step, whatever `name` was.
pub(crate) fn relink(existing: &Path, name: &Path) -> Result<()> {
    let dir = name.parent().unwrap_or(Path::new("."));
    let spare = tempfile::Builder::new().prefix(TEMPORARY).make_in(dir, |path| std::fs::hard_link(existing, path));
    let spare = spare.map_err(Error::io("link", name))?.into_temp_path();
    let left = spare.to_path_buf();
    spare.persist(name).map_err(|error| Error::io("replace", name)(error.error))?;
    // Where both were names of one file already, POSIX lets the rename do nothing, and the spare one stays.
    let _ = std::fs::remove_file(left);
    Ok(())
}

/// The kind of network file system that a directory is on; nothing on a local one, and where that cannot be told.
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

/// The kind of network file system that a directory is on; here that cannot be told.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network(_: &Path) -> Option<&'static str> {
    None
}

/// Makes the names in a directory durable, where the file system has a way to.
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
    fn a_name_goes_to_the_first_and_a_replaced_file_is_whole() {
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
