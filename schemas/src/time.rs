//! An instant, exact to the nanosecond, as the log records it. No clock: where "now" is needed it
//! comes in as one of these.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Nanoseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339, or without a zone: a zone is never guessed.
    #[error("`{0}` is not an RFC 3339 time with a zone, such as 2026-01-31T09:30:00Z")]
    NotRfc3339(String),
    /// Outside the years 1678 to 2261, which is what nanoseconds in 64 bits can say.
    #[error("`{0}` is outside the years 1678 to 2261")]
    OutOfRange(String),
}

impl Timestamp {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339; any zone is taken and turned into UTC.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let instant = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| TimeError::NotRfc3339(text.to_owned()))?;
        i64::try_from(instant.unix_timestamp_nanos())
            .map(Self)
            .map_err(|_| TimeError::OutOfRange(text.to_owned()))
    }

    /// This instant and then `duration`; the last instant that can be said if that is too far.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos_of(duration)))
    }

    /// This instant less `duration`.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos_of(duration)))
    }

    /// How long after `earlier` this is; nothing if it is not after it.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        let nanos = self.0.checked_sub(earlier.0)?;
        u64::try_from(nanos).ok().filter(|n| *n > 0).map(Duration::from_nanos)
    }
}

fn nanos_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0))
            .ok()
            .and_then(|instant| instant.format(&Rfc3339).ok())
            .ok_or(fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A duration as FABER writes it: a whole number and one unit, such as `250ms`, `90s`, `5m`, `24h`
/// or `30d`.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok()?;
    let ms = match unit.trim() {
        "ms" => 1,
        "s" | "sec" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(ms).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_it_was_written() {
        for nanos in [0, 1, 1_767_225_600_123_456_789, i64::MIN, i64::MAX] {
            let instant = Timestamp::from_nanos(nanos);
            assert_eq!(Timestamp::parse(&instant.to_string()), Ok(instant));
        }
    }

    #[test]
    fn a_time_without_a_zone_is_not_taken_for_utc() {
        assert!(matches!(Timestamp::parse("2026-01-31T09:30:00"), Err(TimeError::NotRfc3339(_))));
    }

    #[test]
    fn another_zone_is_the_same_instant() {
        assert_eq!(
            Timestamp::parse("2026-01-31T10:30:00+01:00"),
            Timestamp::parse("2026-01-31T09:30:00Z")
        );
    }

    #[test]
    fn durations_are_read_as_they_are_written() {
        let ms = |text| duration(text).map(|duration| duration.as_millis());
        assert_eq!(ms("250ms"), Some(250));
        assert_eq!(
            [ms("90s"), ms(" 5m "), ms("24h")],
            [Some(90_000), Some(300_000), Some(86_400_000)]
        );
        assert_eq!(ms("30d"), Some(2_592_000_000));
        for text in [
            "",
            "5",
            "m",
            "-5m",
            "1.5h",
            "5 weeks",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}
