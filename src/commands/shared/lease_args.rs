//! Arguments of the verbs that take or end leases.

use crate::commands::shared::args::duration_secs;
use crate::domain::lease::LONGEST_TTL_SECS;
use crate::domain::policy::Policy;
use crate::error::Error;

/// The maximum length of a reason, in characters: a log record is one write.
const LONGEST_REASON: usize = 500;

/// Seconds that a lease should last; 0 for an indefinite lease. Without `--ttl`, the policy's default.
pub(crate) fn ttl_secs(typed: Option<&str>, policy: &Policy) -> Result<u64, Error> {
    match typed {
        Some(typed) if typed.trim() == "0" => Ok(0),
        Some(typed) => duration_secs(typed),
        None => Ok(policy.default_ttl_secs.clamp(1, LONGEST_TTL_SECS)),
    }
}

/// An optional reason, if it is valid.
pub(crate) fn reason(text: Option<String>) -> Result<Option<String>, Error> {
    text.map(|text| valid_reason(text, "Give a reason in one line, or omit --reason")).transpose()
}

/// A reason that the verb requires.
pub(crate) fn required_reason(text: String) -> Result<String, Error> {
    valid_reason(text, "Give a reason in one line for others to read")
}

fn valid_reason(text: String, hint: &str) -> Result<String, Error> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_REASON {
        return Err(Error::Usage { what: "a reason must have 1 to 500 characters".to_owned(), hint: hint.to_owned() });
    }
    Ok(text)
}
