//! A block that git jit manages inside a file of the user: insert it, find it, remove it without touching another byte.
//!
//! Two comments mark the block. The first one has a checksum of the text between them. It tells an edit by hand from text that
//! an older version wrote, so neither is lost without `force`.

/// The start of the first line; the version, the checksum and `-->` follow.
const BEGIN: &str = "<!-- git-jit:begin v";
const VERSION: &str = "1";
const END: &str = "<!-- git-jit:end -->";

/// The state of the block in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockState {
    /// The text has no block.
    Missing,
    /// The block has the expected text.
    Current,
    /// The block is unedited text of another version.
    Outdated,
    /// The block was edited by hand.
    Edited,
}

/// Why a text is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The block was edited by hand.
    #[error("the git jit block was edited by hand")]
    Edited,
    /// The markers do not form one block.
    #[error("the markers of the git jit block do not match, at line {line}")]
    Broken {
        /// The line of the first wrong marker, counted from 1.
        line: usize,
    },
    /// A later version of this program wrote the block.
    #[error("a later version of git jit wrote the block")]
    Newer,
}

/// The text that remains without the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The text is unchanged: it had no block.
    Same,
    /// The text without the block.
    Text(String),
    /// The text was only the block.
    Nothing,
}

struct Span {
    start: usize,
    end: usize,
    /// The text between the markers, with `\
    /// ` as line end.
    body: String,
    is_intact: bool,
}

/// The block with `body`, which must end with a line end.
fn wrapped(body: &str) -> String {
    format!("{BEGIN}{VERSION} {:08x} -->\n{body}{END}\n", crc32fast::hash(body.as_bytes()))
}

/// The state of the block in `text`, compared with the expected `body`.
pub(crate) fn state(text: &str, body: &str) -> Result<BlockState, Trouble> {
    Ok(match find(text)? {
        None => BlockState::Missing,
        Some(span) if !span.is_intact => BlockState::Edited,
        Some(span) if span.body == body => BlockState::Current,
        Some(_) => BlockState::Outdated,
    })
}

/// The text with the block, appended if it had none; `None` if it is unchanged. `force` overwrites edits by hand.
pub(crate) fn put(text: Option<&str>, body: &str, force: bool) -> Result<Option<String>, Trouble> {
    let Some(text) = text else { return Ok(Some(wrapped(body))) };
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let block = wrapped(body).replace('\n', line_end);
    let Some(span) = find(text)? else {
        // Always one line end before the block, so that removing the block restores the file.
        return Ok(Some(format!("{text}{line_end}{block}")));
    };
    if !span.is_intact && !force {
        return Err(Trouble::Edited);
    }
    if span.is_intact && span.body == body {
        return Ok(None);
    }
    let has_end = text[..span.end].ends_with('\n');
    let block = if has_end { &block } else { block.trim_end() };
    Ok(Some(format!("{}{block}{}", &text[..span.start], &text[span.end..])))
}

/// The text without the block; `force` removes a block that was edited by hand too.
pub(crate) fn take_out(text: &str, force: bool) -> Result<Rest, Trouble> {
    let Some(span) = find(text)? else { return Ok(Rest::Same) };
    if !span.is_intact && !force {
        return Err(Trouble::Edited);
    }
    let (before, after) = (&text[..span.start], &text[span.end..]);
    if before.is_empty() && after.is_empty() {
        return Ok(Rest::Nothing);
    }
    let line_end = if text[span.start..span.end].contains("\r\n") { "\r\n" } else { "\n" };
    let kept = before.strip_suffix(line_end).unwrap_or(before);
    // Text that was added behind the block must not join the line before it.
    let is_apart = after.is_empty() || kept.is_empty() || kept.ends_with('\n');
    Ok(Rest::Text(format!("{}{after}", if is_apart { kept } else { before })))
}

fn find(text: &str) -> Result<Option<Span>, Trouble> {
    let (mut begin, mut found, mut at) = (None, None, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let (start, broken) = (at, Trouble::Broken { line: number + 1 });
        at += line.len();
        let line = line.trim_end();
        if let Some(mark) = line.strip_prefix(BEGIN) {
            if begin.is_some() || found.is_some() {
                return Err(broken);
            }
            begin = Some((start, at, mark.trim_end_matches("-->").trim(), number + 1));
        } else if line == END {
            let (start, body, mark, _) = begin.take().ok_or(broken)?;
            found = Some(span((start, at), &text[body..at], mark)?);
        }
    }
    match begin {
        Some((_, _, _, line)) => Err(Trouble::Broken { line }),
        None => Ok(found),
    }
}

/// Reads the block at these offsets: `rest` follows its first line, `mark` is the content of that line.
fn span((start, end): (usize, usize), rest: &str, mark: &str) -> Result<Span, Trouble> {
    let body = rest.trim_end().strip_suffix(END).unwrap_or(rest).replace("\r\n", "\n");
    let (version, checksum) = mark.split_once(' ').unwrap_or((mark, ""));
    if version.parse::<u32>().is_ok_and(|version| version > 1) {
        return Err(Trouble::Newer);
    }
    let is_intact = version == VERSION && u32::from_str_radix(checksum, 16) == Ok(crc32fast::hash(body.as_bytes()));
    Ok(Span { start, end, body, is_intact })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "# Ours\n\n- text\n";

    #[test]
    fn a_text_comes_back_to_the_byte() {
        for text in ["", "a", "a\n", "a\n\n", "a\r\nb\r\n", "a\r\nb", "\n", "# x\n\n<!-- a comment -->\n"] {
            let put_in = put(Some(text), BODY, false).expect("no trouble").expect("a change");
            assert_eq!(state(&put_in, BODY), Ok(BlockState::Current), "{text:?}");
            assert_eq!(put(Some(&put_in), BODY, false), Ok(None), "{text:?}");
            assert_eq!(take_out(&put_in, false), Ok(Rest::Text(text.to_owned())), "{put_in:?}");
            assert_eq!(put_in.contains('\r'), text.contains('\r'));
            let changed = put(Some(&put_in), "other\n", false).expect("no trouble").expect("a change");
            assert_eq!(take_out(&changed, false), Ok(Rest::Text(text.to_owned())));
        }
        let alone = put(None, BODY, false).expect("no trouble").expect("a change");
        assert_eq!(take_out(&alone, false), Ok(Rest::Nothing));
        assert_eq!(take_out("a\n", false), Ok(Rest::Same));
    }

    #[test]
    fn what_stands_around_it_since_stays() {
        let block = wrapped(BODY);
        for (text, rest) in [
            (format!("{block}after\n"), "after\n"),
            (format!("before\n\n{block}after"), "before\nafter"),
            (format!("before\n{block}after"), "before\nafter"),
            (format!("before\n{}", block.trim_end()), "before"),
        ] {
            assert_eq!(take_out(&text, false), Ok(Rest::Text(rest.to_owned())), "{text:?}");
            let changed = put(Some(&text), "new\n", false).expect("no trouble").expect("a change");
            assert_eq!(changed, text.replace(block.trim_end(), wrapped("new\n").trim_end()));
        }
    }

    #[test]
    fn what_was_edited_or_does_not_fit_together_is_left_alone() {
        let block = wrapped(BODY);
        let edited = block.replace("text", "texts");
        assert_eq!(state(&edited, BODY), Ok(BlockState::Edited));
        assert_eq!(put(Some(&edited), BODY, false), Err(Trouble::Edited));
        assert_eq!(take_out(&edited, false), Err(Trouble::Edited));
        assert_eq!(put(Some(&edited), BODY, true), Ok(Some(block.clone())));
        assert_eq!(take_out(&edited, true), Ok(Rest::Nothing));
        assert_eq!(state(&block, "other\n"), Ok(BlockState::Outdated));
        for (text, line) in [
            (format!("{block}{block}"), 6),
            (format!("a\n{END}\n"), 2),
            (block.replace(END, ""), 1),
            (format!("{BEGIN}1 0 -->\n{block}"), 2),
        ] {
            assert_eq!(put(Some(&text), BODY, true), Err(Trouble::Broken { line }), "{text:?}");
        }
        assert_eq!(take_out(&block.replace("begin v1", "begin v2"), true), Err(Trouble::Newer));
        assert_eq!(state(&block.replace("begin v1 ", "begin v1 x"), BODY), Ok(BlockState::Edited));
        // A text that only mentions the marker has no block.
        assert_eq!(state(&format!("say `{END}`\n"), BODY), Ok(BlockState::Missing));
    }
}
