//! The index: a cache of the log's outcome up to a byte, safe to delete at any moment.
//!
//! It carries the generation of the segment that it is about and a checksum. Absent, torn, about another
//! segment or beyond its end, it is as if it were not there, and the log is replayed; no index is never
//! read as no leases.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::row;
use crate::domain::lease::{Lease, Ledger};
use crate::store::file::{self, Modes};

#[derive(Serialize, Deserialize)]
struct Index {
    schema_version: u32,
    generation: String,
    offset: u64,
    sequence: u64,
    leases: Vec<Lease>,
}

/// The ledger at `offset` bytes of the segment `generation`, if the file at `path` knows it.
pub(crate) fn read(path: &Path, generation: &str, length: u64) -> Option<(Ledger, u64)> {
    let bytes = file::read_optional(path).ok()??;
    let object = row::unchecked(bytes.strip_suffix(b"\n")?)?;
    let index: Index = serde_json::from_slice(&object).ok()?;
    let fits = index.schema_version == row::SCHEMA_VERSION && index.generation == generation && index.offset <= length;
    fits.then(|| (Ledger::restored(index.sequence, index.leases), index.offset))
}

/// Writes the index anew; only its speed is lost where that fails.
pub(crate) fn write(path: &Path, generation: &str, ledger: &Ledger, offset: u64, modes: Modes) {
    let index = Index {
        schema_version: row::SCHEMA_VERSION,
        generation: generation.to_owned(),
        offset,
        sequence: ledger.sequence,
        leases: ledger.leases().cloned().collect(),
    };
    let object = serde_json::to_vec(&index).expect("an index serializes into memory");
    let _ = file::replace(path, &row::checked(&object), modes);
}
