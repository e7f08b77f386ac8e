//! Names of worktrees and branches: `issue-<number>-<slug>`. A title may contain anything; a slug only `[a-z0-9-]`.

use crate::domain::issue::Issue;
use crate::store::worktrees::Worktree;

/// The maximum length of a slug, in characters.
const MAX_SLUG: usize = 40;

/// The name for an issue: its number here or on GitHub, and the slug of its title.
pub(crate) fn of_issue(number: &str, title: &str) -> String {
    let slug = slug(title, MAX_SLUG);
    if slug.is_empty() { format!("issue-{number}") } else { format!("issue-{number}-{slug}") }
}

/// The complete number in such a name, so that 42 never matches 421.
pub(crate) fn number(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("issue-")?;
    Some(rest.split('-').next().unwrap_or(rest))
}

/// Whether a worktree or its branch is named after the issue with this number.
pub(crate) fn has_number(worktree: &Worktree, wanted: &str) -> bool {
    let branch = worktree.branch.as_deref().and_then(number);
    number(&worktree.name()) == Some(wanted) || branch == Some(wanted)
}

/// The number of an issue: its number on GitHub, or the short form of its id.
pub(crate) fn number_of(issue: &Issue) -> String {
    github_number(issue).unwrap_or_else(|| issue.id.short())
}

/// The number of an issue on GitHub, if it came from there.
pub(crate) fn github_number(issue: &Issue) -> Option<String> {
    issue.context.get("github")?.as_str().and_then(as_github_number).map(str::to_owned)
}

/// Parses the number of an issue on GitHub: `#42`, or fewer than eight digits without the sign.
pub(crate) fn as_github_number(text: &str) -> Option<&str> {
    let text = text.trim();
    let (digits, has_sign) = text.strip_prefix('#').map_or((text, false), |digits| (digits, true));
    let is_number =
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) && (digits.len() < 8 || has_sign && digits.len() < 20);
    let number = digits.trim_start_matches('0');
    (is_number && !number.is_empty()).then_some(number)
}

/// The title reduced to `[a-z0-9-]`, cut at a word to at most `max` characters.
pub(crate) fn slug(title: &str, max: usize) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    if slug.len() > max {
        let word_end = slug[..=max].rfind('-').filter(|at| *at > 0);
        slug.truncate(word_end.unwrap_or(max));
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_cut_at_a_word_and_has_only_plain_characters() {
        for (title, expected) in [
            ("Fix login", "fix-login"),
            ("  $(rm -rf /) ../../etc/passwd ", "rm-rf-etc-passwd"),
            ("Über-große Änderung", "ber-gro-e-nderung"),
            ("日本語", ""),
            ("a very long title that runs on and on and on for ever", "a-very-long-title-that-runs-on-and-on"),
            (&"x".repeat(60), &"x".repeat(40)),
            ("1234567890 1234567890 1234567890 1234567 x", "1234567890-1234567890-1234567890-1234567"),
        ] {
            assert_eq!(slug(title, MAX_SLUG), expected, "{title}");
        }
        assert_eq!(of_issue("42", "日本語"), "issue-42");
    }

    #[test]
    fn a_number_is_the_complete_number() {
        assert_eq!(number("issue-421-fix"), Some("421"));
        assert_eq!(number("issue-42"), Some("42"));
        assert_eq!(number("main"), None);
    }

    #[test]
    fn fewer_than_eight_digits_are_a_number_on_github() {
        for (text, expected) in [
            ("42", Some("42")),
            ("#42", Some("42")),
            (" #042 ", Some("42")),
            ("1234567", Some("1234567")),
            ("12345678", None),
            ("#12345678", Some("12345678")),
            ("0", None),
            ("1a2b", None),
            ("", None),
            ("#", None),
            ("-5", None),
        ] {
            assert_eq!(as_github_number(text), expected, "{text}");
        }
    }
}
