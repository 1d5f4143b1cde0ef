//! Lists for people: columns without rules, as wide as the terminal at most. Columns that hold ids
//! are never wrapped, so that an id can be copied.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets::NOTHING};

use super::{escape::escaped, output::Screen, page::Tone};

/// The head of a column, and whether its content may be wrapped.
#[derive(Clone, Copy)]
pub(super) enum Head {
    Wraps(&'static str),
    Whole(&'static str),
}

/// A cell from data.
pub(super) fn cell(text: impl AsRef<str>) -> Cell {
    Cell::new(escaped(text.as_ref()))
}

/// A cell from data, in a tone.
pub(super) fn toned(tone: Tone, text: impl AsRef<str>) -> Cell {
    let cell = cell(text);
    match tone {
        Tone::Plain => cell,
        Tone::Quiet => cell.add_attribute(Attribute::Dim),
        Tone::Strong => cell.add_attribute(Attribute::Bold),
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Warn => cell.fg(Color::DarkYellow),
        Tone::Bad => cell.fg(Color::DarkRed),
        Tone::Alarm => cell.fg(Color::White).bg(Color::DarkRed).add_attribute(Attribute::Bold),
    }
}

/// The text of a table.
pub(super) fn table(screen: &Screen, heads: &[Head], rows: Vec<Vec<Cell>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if screen.ink.is_coloured() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    match screen.width {
        Some(width) => table.set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(heads.iter().map(|head| match head {
        Head::Wraps(name) | Head::Whole(name) => toned(Tone::Quiet, name),
    }));
    for row in rows {
        table.add_row(row);
    }
    for (column, head) in table.column_iter_mut().zip(heads) {
        column.set_padding((0, 2));
        if matches!(head, Head::Whole(_)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::Timestamp;

    use super::*;
    use crate::cli::{output::Format, page::Ink};

    fn screen(width: Option<u16>) -> Screen {
        Screen { format: Format::Table, ink: Ink::none(), width, now: Timestamp::default() }
    }

    #[test]
    fn an_id_stays_in_one_piece_and_other_text_gives_way() {
        let id = "b6cd8e0a-0000-4000-8000-000000000001";
        let rows = vec![vec![cell(id), cell("a title of some length that has to give way")]];
        let text = table(&screen(Some(60)), &[Head::Whole("ID"), Head::Wraps("TITLE")], rows);
        assert!(text.contains(id), "{text}");
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= 60), "{text}");
    }

    #[test]
    fn in_a_pipe_every_row_is_a_line() {
        let rows = vec![vec![cell("a\u{1b}[2Jb"), cell("x".repeat(300))], vec![cell("c\nd"), cell("")]];
        let text = table(&screen(None), &[Head::Whole("A"), Head::Wraps("B")], rows);
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("a\\u{1b}[2Jb") && text.contains("c\\nd"), "{text}");
    }
}
