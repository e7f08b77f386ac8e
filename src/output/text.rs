//! Text for people: styles, tables, and text from files without control characters.

use owo_colors::Style;

use crate::domain::issue::deceives;
use crate::output::width::width;

/// Styles by meaning; all plain if the stream has no colour.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Styles {
    id: Style,
    good: Style,
    warn: Style,
    bad: Style,
    faint: Style,
    head: Style,
}

impl Styles {
    /// No colour.
    pub(crate) fn plain() -> Self {
        Self::default()
    }

    /// The colours of a terminal.
    pub(crate) fn colourful() -> Self {
        Self {
            id: Style::new().yellow(),
            good: Style::new().green(),
            warn: Style::new().yellow().bold(),
            bad: Style::new().red().bold(),
            faint: Style::new().dimmed(),
            head: Style::new().bold(),
        }
    }

    /// Whether there is any colour.
    pub(crate) fn has_colour(&self) -> bool {
        self.id != Style::default()
    }

    /// An id.
    pub(crate) fn id(&self, text: &str) -> String {
        self.id.style(text).to_string()
    }

    /// Something done.
    pub(crate) fn good(&self, text: &str) -> String {
        self.good.style(text).to_string()
    }

    /// Something that needs attention.
    pub(crate) fn warn(&self, text: &str) -> String {
        self.warn.style(text).to_string()
    }

    /// Something wrong.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.bad.style(text).to_string()
    }

    /// Something secondary.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.faint.style(text).to_string()
    }

    /// A heading.
    pub(crate) fn head(&self, text: &str) -> String {
        self.head.style(text).to_string()
    }
}

/// Text from a file or a ref, without control characters and invisible characters that could deceive a reader. Line ends stay.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if deceives(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The same on one line.
pub(crate) fn plain_line(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    plain(text).replace('\n', " ")
}

/// A number and a noun, for example "2 issues".
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A table: each column is as wide as its widest cell, with two spaces in between; the last one is not padded.
///
/// `paint` styles a cell, given its column. It is not called without colour. Padding is added after it.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>], styles: &Styles, paint: impl Fn(usize, &str) -> String) -> String {
    let natural = |column: usize| rows.iter().map(|row| width(&row[column])).chain([heads[column].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(natural).collect();
    let (mut text, has_colour) = (String::new(), styles.has_colour());
    put_line(&mut text, &widths, heads, has_colour.then_some(&|_, head: &str| styles.head(head)));
    for row in rows {
        put_line(&mut text, &widths, row, has_colour.then_some(&paint));
    }
    text
}

/// Appends a row. A table has thousands, so none is a string of its own.
fn put_line(text: &mut String, widths: &[usize], cells: &[impl AsRef<str>], paint: Option<&impl Fn(usize, &str) -> String>) {
    let start = text.len();
    for (column, (cell, columns)) in cells.iter().map(AsRef::as_ref).zip(widths).enumerate() {
        match paint {
            Some(paint) => text.push_str(&paint(column, cell)),
            None => text.push_str(cell),
        }
        if column + 1 < cells.len() {
            text.extend(std::iter::repeat_n(' ', columns - width(cell) + 2));
        }
    }
    text.truncate(start + text[start..].trim_end().len());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_paint_the_terminal() {
        assert_eq!(plain_line("a\u{1b}[31mb\r\nc"), "a\u{fffd}[31mb\u{fffd} c");
        assert_eq!(Styles::plain().bad("x"), "x");
        assert_ne!(Styles::colourful().bad("x"), "x");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_owned(), "long".to_owned()], vec!["bbb".to_owned(), String::new()]];
        let text = table(&["x", "y"], &rows, &Styles::plain(), |_, cell| cell.to_owned());
        assert_eq!(text, "x    y\na    long\nbbb\n");
        let rows = [vec![String::new(), String::new()], vec!["é".to_owned(), "b".to_owned()]];
        let colourful = table(&["x", "y"], &rows, &Styles::colourful(), |_, cell| format!("<{cell}>"));
        assert!(colourful.ends_with("\n<>   <>\n<é>  <b>\n"), "{colourful:?}");
        assert_eq!(table(&["x", "y"], &rows, &Styles::plain(), |_, _| unreachable!()), "x  y\n\né  b\n");
        let wide = [vec!["日本".to_owned(), "b".to_owned()], vec!["e\u{301}".to_owned(), "c".to_owned()]];
        let text = table(&["x", "y"], &wide, &Styles::plain(), |_, cell| cell.to_owned());
        assert_eq!(text, "x     y\n日本  b\ne\u{301}     c\n", "by the columns that a terminal needs");
    }
}
