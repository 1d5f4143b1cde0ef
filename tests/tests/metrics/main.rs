//! What a plane shows of itself: that its numbers are true and documented, that its rules and its
//! dashboard name what there is, that its log can be read by machines, and that its sign of life stops
//! when it has to.

mod alerts;
mod beats;
mod halted;
mod logs;
mod promtool;
mod stopping;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use helmstream_tests::tree;

/// The metrics of the guide: name, type, labels.
pub(crate) fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let guide = tree::text("docs/guides/metrics.md").expect("a text");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let each = rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().expect("a name").trim_end_matches('`').to_owned();
        let kind = cells.next().expect("a type").to_owned();
        let labels =
            cells.next().expect("labels").split(',').map(|label| label.trim().trim_matches('`'));
        let labels = labels.filter(|label| !label.is_empty()).map(str::to_owned).collect();
        (name, (kind, labels))
    });
    each.collect()
}
