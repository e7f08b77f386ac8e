//! The identity of a clone: `clone.json` in the folder that all worktrees share. See decision 0105.
//!
//! Readers never write it. The first writer of a lease creates it; a writer in a copy replaces it and draws a new id.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::clone::{AtRecordedPath, Folder, Ownership, Recognition, RecordedFolder, recognise};
use crate::domain::id::CloneId;
use crate::store::file::{self, Modes};
use crate::store::file_stamp::FileStamp;
use crate::store::lock::{self, PATIENCE};
use crate::store::log::LeaseLog;
use crate::store::{Error, Result};

/// The Git setting that names the id of this clone where its inode is not always the same.
pub(crate) const SETTING: &str = "jit.clone";
const SCHEMA_VERSION: u32 = 1;

/// The content of `clone.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CloneRecord {
    schema_version: u32,
    clone_id: CloneId,
    /// The inode of the folder that the file is in.
    inode: u64,
    /// The path of that folder.
    path: String,
    /// The clone to which leases without a clone belong; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    founder: Option<CloneId>,
    /// The clone that this one was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copied_from: Option<Original>,
}

/// The clone that another one was copied from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Original {
    pub clone_id: CloneId,
    /// Its last known path.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    founder: Option<CloneId>,
}

/// What a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FolderStatus {
    /// It has no id yet.
    New,
    /// It is the clone that its record names.
    Known,
    /// It is, and its record has an old path.
    Moved,
    /// It is a copy that has no id of its own yet.
    Copied,
}

/// The clone of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CloneState {
    status: FolderStatus,
    /// Which leases of the log are its own.
    pub ownership: Ownership,
    /// The clone that it was copied from, if it is a copy.
    pub original: Option<Original>,
}

/// The folder that all worktrees of a clone share.
#[derive(Debug)]
pub(crate) struct CloneFolder {
    dir: PathBuf,
    modes: Modes,
    takes_locks: bool,
    /// The value of [`SETTING`].
    setting: Option<String>,
}

impl CloneFolder {
    pub(crate) fn new(dir: PathBuf, modes: Modes, takes_locks: bool, setting: Option<String>) -> Self {
        Self { dir, modes, takes_locks, setting }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("clone.json")
    }

    /// What the record looks like; `None` if there is none.
    pub(crate) fn stamp(&self) -> Option<FileStamp> {
        FileStamp::of(&self.path())
    }

    /// The clone that this folder is. Writes nothing.
    pub(crate) fn look(&self) -> Result<CloneState> {
        let named = self.named()?;
        let record = read(&self.dir)?;
        let known = |status, ownership, original| CloneState { status, ownership, original };
        match (named, record) {
            (named, None) => Ok(known(FolderStatus::New, Ownership { own: named, founder: named }, None)),
            (Some(own), Some(record)) => {
                Ok(known(FolderStatus::Known, Ownership { own: Some(own), founder: record.founder }, None))
            }
            (None, Some(record)) => {
                let recorded = record.folder();
                let here = self.folder()?;
                // The record of another folder is needed only if this one may have been renamed.
                let was_renamed = here.inode == recorded.inode && here.path != recorded.path;
                let there = if was_renamed { look_at(&record.path, &here, &recorded) } else { AtRecordedPath::Nothing };
                let ownership = Ownership { own: Some(record.clone_id), founder: record.founder };
                Ok(match recognise(&recorded, &here, &there) {
                    Recognition::Same => known(FolderStatus::Known, ownership, record.copied_from),
                    Recognition::Moved => known(FolderStatus::Moved, ownership, record.copied_from),
                    Recognition::Copied => {
                        let founder = Some(record.founder.unwrap_or(CloneId::UNKNOWN));
                        known(FolderStatus::Copied, Ownership { own: None, founder }, Some(record.into_original()))
                    }
                })
            }
        }
    }

    /// The clone that this folder is, with an id of its own that is durable.
    pub(crate) fn ensure(&self, log: &LeaseLog) -> Result<CloneState> {
        let state = self.look()?;
        if state.status == FolderStatus::Known {
            return Ok(state);
        }
        let _guard = self.lock()?;
        let state = self.look()?;
        let bits = CloneId::from_bits(uuid::Uuid::new_v4().as_u128());
        let record = match state.status {
            FolderStatus::Known => return Ok(state),
            FolderStatus::New => {
                let clone_id = state.ownership.own.unwrap_or(bits);
                let founder = if log.names_other_clones()? { None } else { Some(clone_id) };
                self.record(clone_id, founder, None)?
            }
            FolderStatus::Moved => {
                let Some(record) = read(&self.dir)? else { return Err(Error::Contended { path: self.path() }) };
                self.record(record.clone_id, record.founder, record.copied_from)?
            }
            FolderStatus::Copied => {
                log.join_names()?;
                self.record(bits, state.ownership.founder, state.original)?
            }
        };
        self.write(&record, state.status == FolderStatus::New)?;
        self.look()
    }

    /// Makes this folder the clone again that it was copied from, if no other folder can be that clone. `has_leases` is whether this clone
    /// has acquired leases under its new id.
    pub(crate) fn take_over_original(&self, log: &LeaseLog, has_leases: impl FnOnce() -> Result<bool>) -> Result<CloneId> {
        let refused = |why: String, hint: &str| Error::NotMoved { why, hint: hint.to_owned() };
        if self.named()?.is_some() {
            let hint = format!("To see it: git config --get {SETTING}");
            return Err(refused(format!("the setting {SETTING} names the id of this clone"), &hint));
        }
        let not_copied = || refused("it was not copied, restored or moved to another disk since it got its id".to_owned(), "");
        self.look()?.original.ok_or_else(not_copied)?;
        let _guard = self.lock()?;
        let original = self.look()?.original.ok_or_else(not_copied)?;
        if has_leases()? {
            let hint = "To release them: git jit claim list, then git jit claim release";
            return Err(refused("it has acquired leases since".to_owned(), hint));
        }
        let recorded = RecordedFolder { clone_id: original.clone_id, inode: 0, path: original.path.clone() };
        let (path, here) = (&original.path, self.folder()?);
        match look_at(path, &here, &recorded) {
            AtRecordedPath::Nothing => {}
            AtRecordedPath::Clone { device, inode, record }
                if record.clone_id != original.clone_id || (device, inode) == (here.device, here.inode) => {}
            AtRecordedPath::Clone { .. } => {
                return Err(refused(format!("the clone that held the leases is at {path}"), "Work there, or remove it first"));
            }
            AtRecordedPath::Hidden => {
                return Err(refused(format!("access to {path} is denied, so the clone there may hold the leases"), ""));
            }
            AtRecordedPath::Unreadable => {
                return Err(refused(format!("the clone at {path} cannot be read, and may hold the leases"), ""));
            }
        }
        log.join_names()?;
        let record = self.record(original.clone_id, original.founder, None)?;
        self.write(&record, false)?;
        Ok(original.clone_id)
    }

    /// The id in the setting.
    fn named(&self) -> Result<Option<CloneId>> {
        let parse = |text: &String| text.trim().parse().map_err(|source| Error::BadSetting { key: SETTING, source });
        self.setting.as_ref().map(parse).transpose()
    }

    fn folder(&self) -> Result<Folder> {
        let metadata = self.dir.metadata().map_err(Error::io("read", &self.dir))?;
        Ok(Folder { device: device_of(&metadata), inode: file::number_of(&metadata), path: self.dir.display().to_string() })
    }

    fn record(&self, clone_id: CloneId, founder: Option<CloneId>, copied_from: Option<Original>) -> Result<CloneRecord> {
        let Folder { inode, path, .. } = self.folder()?;
        Ok(CloneRecord { schema_version: SCHEMA_VERSION, clone_id, inode, path, founder, copied_from })
    }

    /// Writes the record durably. A new one never replaces that of a faster process.
    fn write(&self, record: &CloneRecord, is_new: bool) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(record).expect("a record serializes into memory");
        bytes.push(b'\n');
        let finished = file::finish_beside(&self.path(), &bytes, self.modes, true)?;
        if is_new {
            finished.claim_name()?;
        } else {
            finished.replace()?;
        }
        file::sync_dir(&self.dir)
    }

    fn lock(&self) -> Result<Option<lock::Guard>> {
        file::make_dir(&self.dir, self.modes)?;
        self.takes_locks.then(|| lock::acquire(&lock::path(&self.dir, "clone"), self.modes, PATIENCE)).transpose()
    }
}

impl CloneState {
    /// Whether it has an id of its own, and its record is up to date.
    pub(crate) fn is_settled(&self) -> bool {
        self.status == FolderStatus::Known
    }

    /// Whether it is a copy that has no id of its own yet.
    pub(crate) fn is_unsettled_copy(&self) -> bool {
        self.status == FolderStatus::Copied
    }
}

impl CloneRecord {
    fn folder(&self) -> RecordedFolder {
        RecordedFolder { clone_id: self.clone_id, inode: self.inode, path: self.path.clone() }
    }

    fn into_original(self) -> Original {
        Original { clone_id: self.clone_id, path: self.path, founder: self.founder }
    }
}

/// The next step where the record cannot be read.
pub(crate) fn how_to_renew(file: &Path) -> String {
    let file = file.display();
    format!("To continue as a new clone, which holds no lease: mv '{file}' '{file}.bad'")
}

/// The record in a folder.
fn read(dir: &Path) -> Result<Option<CloneRecord>> {
    let path = dir.join("clone.json");
    let corrupt = |why: String| Error::Corrupt { path: path.clone(), line: None, why };
    let bytes = match file::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(corrupt(error.to_string())),
    };
    let record: CloneRecord = serde_json::from_slice(&bytes).map_err(|error| corrupt(error.to_string()))?;
    if record.schema_version > SCHEMA_VERSION {
        return Err(corrupt(format!("schema_version {} was written by a newer git jit", record.schema_version)));
    }
    Ok(Some(record))
}

/// What is at a recorded path now.
fn look_at(path: &str, here: &Folder, recorded: &RecordedFolder) -> AtRecordedPath {
    let path = Path::new(path);
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return AtRecordedPath::Hidden,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return AtRecordedPath::Nothing,
        Err(_) => return AtRecordedPath::Unreadable,
    };
    let (device, inode) = (device_of(&metadata), file::number_of(&metadata));
    if (device, inode) == (here.device, here.inode) {
        return AtRecordedPath::Clone { device, inode, record: recorded.clone() };
    }
    match read(path) {
        Ok(None) => AtRecordedPath::Nothing,
        Ok(Some(record)) => AtRecordedPath::Clone { device, inode, record: record.folder() },
        Err(_) => AtRecordedPath::Unreadable,
    }
}

fn device_of(metadata: &std::fs::Metadata) -> u64 {
    #[cfg(unix)]
    let device = std::os::unix::fs::MetadataExt::dev(metadata);
    #[cfg(not(unix))]
    let device = {
        let _ = metadata;
        0
    };
    device
}
