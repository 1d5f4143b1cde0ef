//! Amounts as people read them.

/// `1 event`, `2 events`.
pub fn counted(count: u64, one: &str) -> String {
    counted_as(count, one, &format!("{one}s"))
}

/// The same of a word whose plural is another one: `1 copy`, `2 copies`.
pub fn counted_as(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// `17 B`, `1.5 KiB`, `2.0 GiB`.
pub fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{value:.0} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::{bytes, counted_as};

    #[test]
    fn a_plural_is_what_it_is_said_to_be() {
        let told = [0, 1, 2].map(|count| counted_as(count, "copy", "copies"));
        assert_eq!(told, ["0 copies", "1 copy", "2 copies"]);
    }

    #[test]
    fn bytes_are_told_in_a_unit_that_can_be_read() {
        let told = [0, 1_023, 1_536, 5 * 1_024 * 1_024, u64::MAX].map(|count| bytes(count as f64));
        assert_eq!(told, ["0 B", "1023 B", "1.5 KiB", "5.0 MiB", "16777216.0 TiB"]);
    }
}
