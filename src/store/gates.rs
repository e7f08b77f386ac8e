//! `gates.json`, and the output of gate runs.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::domain::id::IssueId;
use crate::domain::tracker::gate::Registry;
use crate::store::file;
use crate::store::issue_sources::IssueSources;
use crate::store::issues::IssueWriter;
use crate::store::layout::Layout;
use crate::store::{Error, Result};

const FILE: &str = "gates.json";
/// How many outputs of an issue's gates are kept: the newest ones.
const OUTPUTS_KEPT: usize = 50;

/// The defined gates, from the first source that has the file; none if no source has it.
pub(crate) fn registry(places: IssueSources<'_>) -> Result<Registry> {
    let Some((bytes, _, path)) = places.read(FILE)? else { return Ok(Registry::default()) };
    Registry::parse(&bytes).map_err(|why| Error::Corrupt { path, line: None, why })
}

/// Writes the definitions to this worktree.
pub(crate) fn write(writer: &IssueWriter, registry: &Registry) -> Result<()> {
    writer.write_data(FILE, registry.as_bytes())
}

/// A new file for the output of a gate; `key` must be safe in a file name.
pub(crate) fn output(layout: &Layout, issue: IssueId, key: &str) -> Result<(File, PathBuf)> {
    let dir = layout.shared_dir().join("gate-runs").join(issue.to_string());
    file::make_dir(&dir, layout.modes)?;
    let mut old = file::names(&dir)?;
    old.sort();
    for name in old.iter().rev().skip(OUTPUTS_KEPT) {
        let _ = std::fs::remove_file(dir.join(name));
    }
    let path = dir.join(format!("{}-{key}.log", ulid::Ulid::new()));
    Ok((file::open_append(&path, layout.modes)?, path))
}

/// The last bytes of a file, as text; empty if it cannot be read.
pub(crate) fn end_of(path: &Path, bytes: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut end = Vec::new();
        file.take(bytes).read_to_end(&mut end)?;
        Ok(end)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
