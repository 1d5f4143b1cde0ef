//! Lists for people: columns without rules, as wide as the terminal at most. Columns that hold ids
//! are never wrapped, so that an id can be copied.

use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets::NOTHING,
};

use helmstream_projections::questions::{cursor::Cursor, order::Order};

use super::{escape::escaped, output::Screen, page::Tone};

/// The head of a column, and what becomes of it where there is little room.
#[derive(Clone, Copy)]
pub(super) enum Head {
    /// It stays, in one piece.
    Whole(&'static str),
    /// Its content is wrapped.
    Wraps(&'static str),
    /// It goes, the last one first: what it says can be asked otherwise.
    Spare(&'static str),
}

/// Narrower than this a column that wraps cannot be read.
const WRAPPED_COLUMNS_MIN: u16 = 12;

/// Space between columns.
const GAP: u16 = 2;

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
        Head::Whole(name) | Head::Wraps(name) | Head::Spare(name) => toned(Tone::Quiet, name),
    }));
    for row in rows {
        table.add_row(row);
    }
    let shown = shown(heads, &table.column_max_content_widths(), screen.width);
    for ((column, head), shown) in table.column_iter_mut().zip(heads).zip(shown) {
        column.set_padding((0, GAP));
        let constraint = match head {
            _ if !shown => ColumnConstraint::Hidden,
            Head::Whole(_) | Head::Spare(_) => ColumnConstraint::ContentWidth,
            Head::Wraps(_) => continue,
        };
        column.set_constraint(constraint);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// Which columns there is room for.
fn shown(heads: &[Head], widths: &[u16], room: Option<u16>) -> Vec<bool> {
    let mut shown = vec![true; heads.len()];
    let Some(room) = room else { return shown };
    let needs = |shown: &[bool]| {
        let each = heads.iter().zip(widths).zip(shown).filter(|(_, shown)| **shown);
        let each = each.map(|((head, width), _)| match head {
            Head::Wraps(_) => (*width).min(WRAPPED_COLUMNS_MIN).saturating_add(GAP),
            Head::Whole(_) | Head::Spare(_) => width.saturating_add(GAP),
        });
        each.fold(0, u16::saturating_add)
    };
    let spare = (0..heads.len()).rev().filter(|at| matches!(heads[*at], Head::Spare(_)));
    let wrapped = (0..heads.len()).rev().filter(|at| matches!(heads[*at], Head::Wraps(_)));
    for at in spare.chain(wrapped) {
        if needs(&shown) <= room {
            break;
        }
        shown[at] = false;
    }
    shown
}

/// How the next page of a list is asked for, if there may be one.
pub(super) fn further<L>(sort: Option<Order<L>>, next: Option<&Cursor>) -> String {
    match (next, sort) {
        (None, _) => String::new(),
        (Some(next), None) => format!("earlier ones: --before {next}\n"),
        (Some(next), Some(sort)) => format!("more: --sort {sort} --before {next}\n"),
    }
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
        assert!(
            text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
    }

    #[test]
    fn where_there_is_no_room_what_is_spare_goes_first_and_the_last_of_it_before() {
        let heads = [Head::Whole("A"), Head::Spare("B"), Head::Spare("C"), Head::Wraps("D")];
        let widths = [20, 10, 10, 40];
        let names = |room| {
            let shown = shown(&heads, &widths, room);
            ["A", "B", "C", "D"]
                .into_iter()
                .zip(shown)
                .filter(|(_, shown)| *shown)
                .map(|(name, _)| name)
                .collect::<String>()
        };
        let rooms = [None, Some(60), Some(59), Some(47), Some(35), Some(5)].map(names);
        assert_eq!(rooms, ["ABCD", "ABCD", "ABD", "AD", "A", "A"]);
    }

    #[test]
    fn in_a_pipe_every_row_is_a_line() {
        let rows =
            vec![vec![cell("a\u{1b}[2Jb"), cell("x".repeat(300))], vec![cell("c\nd"), cell("")]];
        let text = table(&screen(None), &[Head::Whole("A"), Head::Wraps("B")], rows);
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("a\\u{1b}[2Jb") && text.contains("c\\nd"), "{text}");
    }
}
