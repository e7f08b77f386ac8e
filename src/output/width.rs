//! The width of text in terminal columns.
//!
//! A grapheme can have zero, one or two columns. Text is cut only between graphemes.

use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

/// The width of a text, in columns.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, cut to at most `columns`, with `…` at the end if something is missing.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let span = Span::raw(text);
    let fitting = span.styled_graphemes(Style::new()).take_while(|grapheme| {
        used += width(grapheme.symbol);
        used <= room
    });
    fitting.map(|grapheme| grapheme.symbol).collect::<String>() + "…"
}

/// The text, cut or padded to exactly `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let fill = columns.saturating_sub(width(&text));
    text + &" ".repeat(fill)
}

/// Other columns shrink to this width before the `firm` one shrinks.
const MIN_WIDTH: usize = 3;

/// The widths of the columns of a table that is at most `columns` wide. While it is too wide, the widest column shrinks; the
/// `firm` one shrinks last. A column of width 0 has no gap.
pub(crate) fn widths(rows: &[Vec<&str>], columns: usize, gap: usize, firm: Option<usize>) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0).min(columns);
    let mut widths: Vec<usize> = (0..count).map(natural).collect();
    let total = |widths: &[usize]| {
        let shown = widths.iter().filter(|width| **width > 0).count();
        widths.iter().sum::<usize>() + gap * shown.saturating_sub(1)
    };
    while total(&widths) > columns {
        let other = (0..count).filter(|at| firm != Some(*at) && widths[*at] > MIN_WIDTH).max_by_key(|at| widths[*at]);
        // Of two equally wide columns the later one shrinks.
        let Some(widest) = other.or_else(|| (0..count).max_by_key(|at| widths[*at])) else { break };
        widths[widest] -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_graphemes_and_by_their_width() {
        for (text, columns, shown) in [
            ("plain", 5, "plain"),
            ("plain", 4, "pla…"),
            ("plain", 1, "…"),
            ("plain", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("👩‍🔬👩‍🔬", 3, "👩‍🔬…"),
        ] {
            assert_eq!(cut(text, columns), shown, "{text} in {columns}");
            assert_eq!(width(&pad(text, columns)), columns, "{text} in {columns}");
        }
    }

    #[test]
    fn columns_fit_and_the_widest_shrinks() {
        let rows = [vec!["12345678", "", "a rather long title of an issue"], vec!["12345678", "", "short"]];
        for (columns, gap, firm, expected) in [
            (80, 2, None, [8, 0, 31]),
            (30, 2, None, [8, 0, 20]),
            (10, 2, None, [4, 0, 4]),
            (13, 2, Some(0), [8, 0, 3]),
            (12, 2, Some(0), [7, 0, 3]),
            (1, 1, Some(0), [1, 0, 0]),
            (0, 1, Some(0), [0, 0, 0]),
        ] {
            assert_eq!(widths(&rows, columns, gap, firm), expected, "{columns}");
        }
        assert_eq!(widths(&[], 10, 1, None), [0; 0]);
    }
}
