//! Leases: `git jit claim`, `next`, `done` and `recover`.

mod acquire;
pub(crate) mod claim;
pub(crate) mod done;
pub(crate) mod next;
pub(crate) mod recover;

use crate::commands::shared::lease_report::Acquired;
use crate::output::schema::Answer;

/// What the verbs of this group answer with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer::of::<Acquired>("claim acquire"),
    Answer::of::<Acquired>("next"),
    Answer::of::<Acquired>("claim next"),
    Answer::of::<Acquired>("claim renew"),
    Answer::of::<Acquired>("claim transfer"),
    Answer::of::<claim::Beaten>("claim heartbeat"),
    Answer::of::<claim::Evicted>("claim force-evict"),
    Answer::of::<claim::Held>("claim hold"),
    Answer::of::<claim::KeepaliveEnded>("claim keepalive"),
    Answer::of::<claim::Detached>("claim keepalive --detach"),
    Answer::of::<claim::KeepaliveStopped>("claim keepalive --stop"),
    Answer::of::<claim::LeaseHistory>("claim log"),
    Answer::of::<claim::Released>("claim release"),
    Answer::of::<claim::LeaseList>("claim status"),
    Answer::of::<claim::LeaseList>("claim list"),
    Answer::of::<done::Done>("done"),
    Answer::of::<recover::Recovered>("recover"),
];
