//! Instants and durations as people read them: UTC, short, with how long ago. "Now" comes in as
//! data, so that the same answer always looks the same.

use std::time::Duration;

use helmstream_schemas::Timestamp;

pub(super) use crate::clock::now;

/// `2026-01-31 09:30:12Z`.
pub(super) fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}Z"),
        _ => text,
    }
}

/// `2026-01-31`.
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// `09:30:12Z`.
pub(super) fn time_of_day(at: Timestamp) -> String {
    instant(at).split_off(11)
}

/// `2026-01-31 09:30:12Z (3m ago)`.
pub(super) fn instant_and_age(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", instant(at), age(at, now))
}

/// For lists: `09:30Z, 3m ago` today, `01-31 09:30Z, 2d ago` this year, `2025-01-31, 365d ago`.
pub(super) fn short_and_age(at: Timestamp, now: Timestamp) -> String {
    let (then, today) = (instant(at), instant(now));
    let short = match () {
        () if then.get(..10) == today.get(..10) => then.get(11..16).map(|time| format!("{time}Z")),
        () if then.get(..4) == today.get(..4) => then.get(5..16).map(|time| format!("{time}Z")),
        () => then.get(..10).map(str::to_owned),
    };
    format!("{}, {}", short.unwrap_or(then), age(at, now))
}

/// `3m ago`, `in 2h`, `now`.
pub(super) fn age(at: Timestamp, now: Timestamp) -> String {
    let coarse = |duration: Duration| {
        let all = span(Duration::from_secs(duration.as_secs()));
        all.split_whitespace().next().unwrap_or_default().to_owned()
    };
    match (now.since(at), at.since(now)) {
        (Some(past), _) if past.as_secs() > 0 => format!("{} ago", coarse(past)),
        (_, Some(ahead)) if ahead.as_secs() > 0 => format!("in {}", coarse(ahead)),
        _ => "now".to_owned(),
    }
}

/// `1h 02m`, `2m 03s`, `1.5s`, `20ms`: the two largest units.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{}ms", duration.as_millis()),
        1..=9 if duration.subsec_millis() >= 100 => {
            format!("{}.{}s", seconds, duration.subsec_millis() / 100)
        }
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn an_instant_is_short_and_says_that_it_is_utc() {
        let instant_at = at("2026-01-31T10:30:12.345+01:00");
        assert_eq!(instant(instant_at), "2026-01-31 09:30:12Z");
        assert_eq!(
            (day(instant_at).as_str(), time_of_day(instant_at).as_str()),
            ("2026-01-31", "09:30:12Z")
        );
        assert_eq!(instant(Timestamp::from_nanos(i64::MIN)), "1677-09-21 00:12:43Z");
    }

    #[test]
    fn an_age_has_one_unit_and_a_direction() {
        let now = at("2026-01-31T12:00:00Z");
        for (then, said) in [
            ("2026-01-31T12:00:00.5Z", "now"),
            ("2026-01-31T11:59:59.9Z", "now"),
            ("2026-01-31T11:59:50.9Z", "9s ago"),
            ("2026-01-31T11:57:01Z", "2m ago"),
            ("2026-01-29T12:00:00Z", "2d ago"),
            ("2036-01-31T12:00:00Z", "in 3652d"),
        ] {
            assert_eq!(age(at(then), now), said);
        }
    }

    #[test]
    fn in_a_list_a_time_is_as_short_as_it_can_be_told() {
        let now = at("2026-01-31T12:00:00Z");
        for (then, said) in [
            ("2026-01-31T09:30:12Z", "09:30Z, 2h ago"),
            ("2026-01-30T09:30:12Z", "01-30 09:30Z, 1d ago"),
            ("2025-01-31T12:00:00Z", "2025-01-31, 365d ago"),
        ] {
            assert_eq!(short_and_age(at(then), now), said);
        }
    }

    #[test]
    fn a_span_has_its_two_largest_units() {
        let millis = |ms| span(Duration::from_millis(ms));
        let spans = [0, 999, 1_000, 1_540, 59_999, 123_000, 3_720_000, 90_000_000].map(millis);
        assert_eq!(spans, ["0ms", "999ms", "1s", "1.5s", "59s", "2m 03s", "1h 02m", "1d 01h"]);
    }
}
