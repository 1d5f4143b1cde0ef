//! In which order a list is given, and where a page of it ended. A list names the fields by which it
//! can be sorted; nothing else ever gets into its statement. A page ends at a value and an id, so
//! that the next one goes on there whatever was added or changed meanwhile.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tokio_postgres::Row;

use super::cursor::{Cursor, Ended};
use crate::error::ProjectionError;

/// Something by which a list can be sorted.
#[derive(Debug)]
pub struct Field {
    /// As answers name it.
    pub name: &'static str,
    /// As rows have it, and never NULL: what is absent is less than everything.
    sql: &'static str,
    kind: Kind,
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
}

impl Field {
    pub(super) const fn number(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, kind: Kind::Number }
    }

    pub(super) const fn text(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, kind: Kind::Text }
    }
}

/// A list that can be sorted.
pub trait Sorted: 'static {
    /// The first is the usual order, the greatest first: a position that no two rows share.
    const FIELDS: &'static [Field];
    /// An id that comes before every other.
    const ID_LEAST: &'static str = "";
}

/// An order of a list: by a field, and by id where that is the same.
pub struct Order<L> {
    field: &'static Field,
    descends: bool,
    list: PhantomData<fn() -> L>,
}

/// A list has no such field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}is not known here; known is {known}, or the same with `-` before it", named(.name))]
pub struct UnknownField {
    name: String,
    known: String,
}

/// What is named like a field is one that was misspelt, and is shown; anything else may be a secret
/// that went into the wrong place.
fn named(name: &str) -> String {
    let of_name = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-');
    match name.len() <= 32 && name.bytes().all(of_name) {
        true => format!("`{name}` "),
        false => "what it is to be sorted by ".to_owned(),
    }
}

impl<L: Sorted> Order<L> {
    /// Every order of the list, as each is written.
    pub fn all() -> Vec<String> {
        let both = |field: &Field| [field.name.to_owned(), format!("-{}", field.name)];
        L::FIELDS.iter().flat_map(both).collect()
    }

    /// Whether the greatest comes first.
    pub fn descends(&self) -> bool {
        self.descends
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// A statement in this order: what is sorted by, which way, and what is beyond where a page
    /// ended.
    pub(super) fn of_it(&self, sql: &str) -> String {
        let (way, beyond) = if self.descends { ("DESC", "<") } else { ("ASC", ">") };
        let kind = match self.field.kind {
            Kind::Number => "bigint",
            Kind::Text => "text",
        };
        sql.replace("{by}", self.field.sql)
            .replace("{kind}", kind)
            .replace("{way}", way)
            .replace("{beyond}", beyond)
    }

    /// The value and the id at which the page before ended.
    pub(super) fn ended(
        &self,
        cursor: Option<&Cursor>,
    ) -> Result<(Option<String>, Option<String>), ProjectionError> {
        let (value, id) = match cursor {
            None => return Ok((None, None)),
            Some(Cursor::Position(position)) if self.is_usual() => {
                (position.to_string(), L::ID_LEAST.to_owned())
            }
            Some(Cursor::Row(ended)) if ended.sort == self.to_string() => {
                (ended.value.clone(), ended.id.clone())
            }
            Some(_) => return Err(ProjectionError::NoSuchPage),
        };
        let is_number = |text: &str| text.parse::<i64>().is_ok();
        let fits = self.field.kind == Kind::Text || is_number(&value);
        match fits && (L::ID_LEAST.is_empty() || is_number(&id)) {
            true => Ok((Some(value), Some(id))),
            false => Err(ProjectionError::NoSuchPage),
        }
    }

    /// Where a page of these rows ended, if another one may follow.
    pub(super) fn next(&self, rows: &[Row], limit: i64) -> Option<Cursor> {
        let last = rows.last().filter(|_| rows.len() as i64 == limit)?;
        let (value, id): (String, String) = (last.get("sorted_by"), last.get("id"));
        match value.parse() {
            Ok(position) if self.is_usual() => Some(Cursor::Position(position)),
            _ => Some(Cursor::Row(Ended { sort: self.to_string(), value, id })),
        }
    }
}

impl<L: Sorted> Default for Order<L> {
    fn default() -> Self {
        Self { field: &L::FIELDS[0], descends: true, list: PhantomData }
    }
}

impl<L> Clone for Order<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Order<L> {}

impl<L> PartialEq for Order<L> {
    fn eq(&self, other: &Self) -> bool {
        (self.field.name, self.descends) == (other.field.name, other.descends)
    }
}

impl<L> Eq for Order<L> {}

impl<L> fmt::Debug for Order<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({self})")
    }
}

impl<L> fmt::Display for Order<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descends { "-" } else { "" }, self.field.name)
    }
}

impl<L: Sorted> FromStr for Order<L> {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, UnknownField> {
        let (name, descends) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let field = L::FIELDS.iter().find(|field| field.name == name);
        field.map(|field| Self { field, descends, list: PhantomData }).ok_or_else(|| {
            let known: Vec<&str> = L::FIELDS.iter().map(|field| field.name).collect();
            UnknownField { name: text.to_owned(), known: known.join(", ") }
        })
    }
}

impl<L> Serialize for Order<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, L: Sorted> Deserialize<'de> for Order<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl<L: Sorted> JsonSchema for Order<L> {
    fn schema_name() -> Cow<'static, str> {
        format!("OrderBy_{}", Self::all().join("_")).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::all() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing;

    impl Sorted for Thing {
        const FIELDS: &'static [Field] =
            &[Field::number("made_seq", "made_seq"), Field::text("name", "name COLLATE \"C\"")];
    }

    fn order(text: &str) -> Order<Thing> {
        text.parse().expect("a field of it")
    }

    #[test]
    fn an_order_reads_back_as_it_was_written_and_the_usual_one_is_the_first_downwards() {
        for text in Order::<Thing>::all() {
            assert_eq!(order(&text).to_string(), text);
        }
        assert_eq!(Order::<Thing>::default(), order("-made_seq"));
        assert_ne!(Order::<Thing>::default(), order("made_seq"));
    }

    #[test]
    fn what_is_no_field_is_named_with_those_that_are_unless_it_may_be_a_secret() {
        let said = |text: &str| text.parse::<Order<Thing>>().unwrap_err().to_string();
        let known = "is not known here; known is made_seq, name, or the same with `-` before it";
        assert_eq!(said("-nmae"), format!("`-nmae` {known}"));
        for hidden in ["hst_0aB", "name; DROP TABLE x", &"a".repeat(33)] {
            assert_eq!(said(hidden), format!("what it is to be sorted by {known}"));
        }
    }

    #[test]
    fn a_page_goes_on_only_in_the_order_in_which_it_ended() {
        let at = |sort: &str, value: &str| {
            let [sort, value, id] = [sort, value, "b"].map(str::to_owned);
            Cursor::Row(Ended { sort, value, id })
        };
        let name = order("name");
        let (value, id) = name.ended(Some(&at("name", "a"))).unwrap();
        assert_eq!((value.as_deref(), id.as_deref()), (Some("a"), Some("b")));
        for other in [at("-name", "a"), at("made_seq", "1"), Cursor::Position(7)] {
            assert!(name.ended(Some(&other)).is_err(), "{other:?}");
        }
        let usual = Order::<Thing>::default();
        let (value, id) = usual.ended(Some(&Cursor::Position(7))).unwrap();
        assert_eq!((value.as_deref(), id.as_deref()), (Some("7"), Some("")));
        assert!(usual.ended(Some(&at("-made_seq", "x"))).is_err(), "no number");
        assert_eq!(usual.ended(None).unwrap(), (None, None));
    }

    #[test]
    fn a_statement_holds_what_the_list_names_and_nothing_that_was_asked() {
        let sql = "WHERE ({by}, id) {beyond} ($1::text::{kind}, $2) ORDER BY {by} {way}, id {way}";
        assert_eq!(
            order("-name").of_it(sql),
            "WHERE (name COLLATE \"C\", id) < ($1::text::text, $2) ORDER BY name COLLATE \"C\" DESC, id DESC"
        );
        assert_eq!(
            order("made_seq").of_it(sql),
            "WHERE (made_seq, id) > ($1::text::bigint, $2) ORDER BY made_seq ASC, id ASC"
        );
    }
}
