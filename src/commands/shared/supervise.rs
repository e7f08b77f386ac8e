//! Runs a command and keeps a lease alive while it runs, for `claim hold` and the agents of `worktree spawn`.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::commands::shared::edit_session::EditSession;
use crate::domain::id::{AgentId, IssueId, LeaseId};
use crate::domain::lease::LeaseOutcome;
use crate::error::Error;
use crate::lease::renewal::Backoff;
use crate::lease::{self, Deadline, Proof};
use crate::process::foreground::{ForegroundChild, ForegroundCommand};
use crate::store;

/// The longest time between two checks of the lease.
const EVERY: Duration = Duration::from_millis(500);

/// A command, and the lease that it needs.
pub(crate) struct SupervisedCommand<'a> {
    /// The lease.
    pub lease_id: &'a LeaseId,
    /// The issue.
    pub issue_id: IssueId,
    /// Its holder.
    pub agent_id: &'a AgentId,
    /// The lease's time to live in seconds; 0 is indefinite.
    pub ttl_secs: u64,
    /// The program and its arguments; not empty.
    pub argv: &'a [OsString],
    /// The directory to run it in, if not the current one.
    pub dir: Option<&'a Path>,
    /// Variables to remove from its environment.
    pub unset: &'a [&'a str],
    /// Whether the command is stopped when the lease is lost.
    pub ends_when_lost: bool,
}

/// Runs the command to its end. Returns its status, and how the lease was lost, if it was. `begun` gets its process id.
pub(crate) fn supervise(
    edit: &EditSession<'_>,
    supervised: &SupervisedCommand<'_>,
    begun: impl FnOnce(u32) -> Result<(), Error>,
) -> Result<(u8, Option<Error>), Error> {
    let env = vec![
        ("JIT_AGENT_ID", supervised.agent_id.to_string()),
        ("JIT_ISSUE_ID", supervised.issue_id.to_string()),
        ("JIT_LEASE_ID", supervised.lease_id.to_string()),
    ];
    let program = || std::path::PathBuf::from(supervised.argv.first().cloned().unwrap_or_default());
    let job = ForegroundCommand {
        argv: supervised.argv,
        dir: supervised.dir,
        env,
        unset: supervised.unset,
        stdout_to_stderr: edit.session.output.json,
    };
    let mut attended = ForegroundChild::start(job).map_err(|error| cannot_run(&program(), error))?;
    if let Err(error) = begun(attended.pid()) {
        attended.end().map_err(|error| cannot_run(&program(), error))?;
        return Err(error);
    }
    let proof = Proof { lease_id: supervised.lease_id.clone(), issue_id: Some(supervised.issue_id) };
    let mut keeper = Keeper { edit, proof, backoff: Backoff::default() };
    let (mut lost, mut is_over) = (None, false);
    let pause = EVERY.min(Duration::from_millis(supervised.ttl_secs.max(1).saturating_mul(1000).div_ceil(10)));
    loop {
        if let Some(status) = attended.wait(pause).map_err(|error| cannot_run(&program(), error))? {
            return Ok((status, lost));
        }
        if lost.is_none()
            && !is_over
            && let Some(error) = keeper.look()
        {
            if ended_well(&error) {
                is_over = true;
                continue;
            }
            edit.session.output.warn(&error.to_string());
            lost = Some(error);
            if supervised.ends_when_lost {
                attended.end().map_err(|error| cannot_run(&program(), error))?;
                return Ok((1, lost));
            }
        }
    }
}

/// Whether the holder ended the lease: by a release, or by the commit that a closing lease waits for.
fn ended_well(error: &Error) -> bool {
    matches!(error, Error::Leases(lease::Error::Lost { outcome, .. }) if **outcome == LeaseOutcome::Concluded)
}

/// Whether the holder ended a lease that no longer exists.
pub(crate) fn was_concluded(edit: &EditSession<'_>, lease_id: &LeaseId) -> bool {
    let proof = Proof { lease_id: lease_id.clone(), issue_id: None };
    edit.session.leases(edit.layout).outcome(&proof).is_ok_and(|outcome| outcome == LeaseOutcome::Concluded)
}

fn cannot_run(program: &Path, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        let hint = "The command stands behind --, with its arguments".to_owned();
        return Error::NotThere { what: "program", name: program.display().to_string(), hint };
    }
    store::Error::io("run", program)(error).into()
}

/// Keeps one lease alive.
struct Keeper<'a> {
    edit: &'a EditSession<'a>,
    proof: Proof,
    backoff: Backoff,
}

impl Keeper<'_> {
    /// Checks the lease, and renews it after a third of its time. Returns how it was lost, if it was.
    fn look(&mut self) -> Option<Error> {
        if !self.backoff.is_due(Instant::now()) {
            return None;
        }
        match self.try_look() {
            Ok(()) => self.backoff.succeeded(),
            Err(error) if !error.is_passing() => return Some(error.into()),
            // A later try may succeed before the lease expires.
            Err(error) => {
                if self.backoff.failed(Instant::now()) {
                    self.edit.session.output.warn(&format!("the lease could not be renewed yet: {error}"));
                }
            }
        }
        None
    }

    fn try_look(&self) -> lease::Result<()> {
        let (session, limits) = (self.edit.session, &self.edit.policy.limits);
        let claims = self.edit.session.leases(self.edit.layout);
        let ledger = claims.ledger()?;
        let Some(lease) = ledger.lease(&self.proof.lease_id) else {
            let outcome = Box::new(claims.outcome(&self.proof)?);
            return Err(lease::Error::Lost { lease_id: self.proof.lease_id.clone(), outcome, successor: None });
        };
        if lease.wants_renewal(&session.cx.clock().now(), limits.stale_after_secs) {
            claims.renew(&[lease], limits, &Deadline::soon())?.into_iter().collect::<lease::Result<Vec<_>>>()?;
        }
        Ok(())
    }
}
