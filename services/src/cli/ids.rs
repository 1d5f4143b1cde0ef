//! What can stand for an event, a command or a publish on the command line.

use std::str::FromStr;

use uuid::Uuid;

/// An event by its id or its position on EVENTS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventName {
    Id(Uuid),
    Sequence(u64),
}

impl FromStr for EventName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.parse(), text.parse()) {
            (Ok(sequence), _) => Ok(Self::Sequence(sequence)),
            (_, Ok(id)) => Ok(Self::Id(id)),
            _ => Err("an event is a position such as 17, or an id (UUID)".to_owned()),
        }
    }
}

/// Publishes by their positions in INBOX, or a command by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Inbox(u64, u64),
    Command(Uuid),
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Command(id));
        }
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Self::Inbox(first, last)),
            _ => Err("write a position in INBOX such as 41, a range such as 41..93, or a command's id (UUID)".to_owned()),
        }
    }
}

/// Positions as few ranges, in the form that is read back: `3`, `5..9`.
pub(super) fn ranges(positions: &[u64]) -> String {
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for position in sorted {
        match ranges.last_mut() {
            Some((_, last)) if position <= last.saturating_add(1) => *last = position,
            _ => ranges.push((position, position)),
        }
    }
    let said = ranges.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}..{last}"),
    });
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_position_or_an_id() {
        assert_eq!("17".parse(), Ok(EventName::Sequence(17)));
        let id = Uuid::from_u128(7);
        assert_eq!(id.to_string().parse(), Ok(EventName::Id(id)));
        assert!("run".parse::<EventName>().unwrap_err().contains("17"));
    }

    #[test]
    fn publishes_are_asked_by_position_and_range_as_they_are_shown() {
        assert_eq!(ranges(&[9, 3, 6, 5, 7, 8]), "3 5..9");
        let read: Vec<Asked> =
            ranges(&[9, 3, 6, 5, 7, 8]).split(' ').map(|range| range.parse().unwrap()).collect();
        assert_eq!(read, [Asked::Inbox(3, 3), Asked::Inbox(5, 9)]);
        assert!("9..3".parse::<Asked>().is_err());
    }
}
