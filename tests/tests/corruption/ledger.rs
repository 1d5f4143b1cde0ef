//! The ledger was changed, or has not read everything yet.

use helmstream_projections::verify::Kind;
use helmstream_stream::append::EVENTS;
use helmstream_tests::faber::whole;

use super::{at, at_rest, difference, run_sql, verified};

#[tokio::test]
async fn whatever_is_changed_in_the_ledger_is_found_where_it_is() {
    let (plane, client) = at_rest(1).await;
    run_sql(&plane, "CREATE TABLE public.kept AS SELECT * FROM ledger_v1.record").await;
    let row = "stream = 'EVENTS' AND seq = 4";
    let changed = |column: &str, value: &str| {
        format!("UPDATE ledger_v1.record SET {column} = {value} WHERE {row}")
    };
    let copied = |stream: &str, seq: &str| {
        format!(
            "CREATE TABLE public.one AS SELECT * FROM ledger_v1.record WHERE {row}; \
             UPDATE public.one SET stream = '{stream}', seq = {seq}; \
             INSERT INTO ledger_v1.record SELECT * FROM public.one; DROP TABLE public.one"
        )
    };
    let cases = [
        (changed("payload", "payload || '\\x20'"), Kind::RowAltered, EVENTS, 4),
        (
            changed("attributes", "replace(attributes, 'faber', 'other')"),
            Kind::RowAltered,
            EVENTS,
            4,
        ),
        (changed("attributes", "'no JSON'"), Kind::RowAltered, EVENTS, 4),
        (changed("recorded_at", "recorded_at + 1"), Kind::RowAltered, EVENTS, 4),
        (changed("subject", "'evt.run.x'"), Kind::RowAltered, EVENTS, 4),
        (changed("hash", "decode(repeat('00', 32), 'hex')"), Kind::RowAltered, EVENTS, 4),
        (changed("hash", "'\\x00'"), Kind::RowAltered, EVENTS, 4),
        (changed("actor", "'somebody'"), Kind::ColumnAltered, EVENTS, 4),
        (changed("causation_id", "NULL"), Kind::ColumnAltered, EVENTS, 4),
        (changed("claimed_at", "coalesce(claimed_at, 0) + 1"), Kind::ColumnAltered, EVENTS, 4),
        (format!("DELETE FROM ledger_v1.record WHERE {row}"), Kind::RowMissing, EVENTS, 4),
        (copied("EVENTS", "1000000"), Kind::RowOfNoRecord, EVENTS, 1_000_000),
        (copied("EVENTS", "-3"), Kind::RowOfNoRecord, EVENTS, 0),
        (copied("JOURNAL", "1000000"), Kind::RowOfNoRecord, "JOURNAL", 1_000_000),
        (copied("OTHER", "3"), Kind::RowOfNoRecord, "OTHER", 3),
        (
            "UPDATE ledger_v1.record SET payload = '\\x7b7d' WHERE stream = 'COMMANDS' AND seq = 2"
                .into(),
            Kind::RowAltered,
            "COMMANDS",
            2,
        ),
    ];
    assert_eq!(difference(&client).await, None);
    for (change, kind, stream, sequence) in cases {
        run_sql(&plane, &change).await;
        assert_eq!(difference(&client).await, at(kind, stream, sequence), "{change}");
        let back =
            "TRUNCATE ledger_v1.record; INSERT INTO ledger_v1.record SELECT * FROM public.kept";
        run_sql(&plane, back).await;
    }
    assert_eq!(difference(&client).await, None);
}

#[tokio::test]
async fn what_the_ledger_has_not_read_yet_is_no_difference_and_is_said() {
    let (mut plane, client) = at_rest(1).await;
    plane.serve(&["door", "run"]);
    let faber = plane.publisher("faber").await;
    let before = plane.events(">").await.len();
    for event in whole("acme/later") {
        faber.publish(&event).await;
    }
    let wanted = before + 9;
    helmstream_tests::patience::eventually("events of the later run", async || {
        (plane.events(">").await.len() >= wanted).then_some(())
    })
    .await;
    let (progress, difference) = verified(&client, 1).await;
    assert_eq!(difference, None);
    let events = &progress.streams[2];
    assert_eq!(events.to_seq, before as u64);
    assert!(events.head_seq >= wanted as u64 && !progress.has_all_commands, "{progress:?}");
}

#[tokio::test]
async fn a_checkpoint_that_was_changed_is_told_with_its_view() {
    let (plane, client) = at_rest(1).await;
    let zeroes = "decode(repeat('00', 32), 'hex')";
    for (change, kind) in [
        (format!("UPDATE run_v1.checkpoint SET applied_hash = {zeroes}"), Kind::CheckpointAltered),
        ("UPDATE run_v1.checkpoint SET read_to_seq = 1000000".into(), Kind::BeyondHead),
        (
            "UPDATE run_v1.checkpoint SET epoch = '00000000-0000-0000-0000-000000000001'".into(),
            Kind::OtherEpoch,
        ),
    ] {
        run_sql(&plane, "CREATE TABLE public.kept AS SELECT * FROM run_v1.checkpoint").await;
        run_sql(&plane, &change).await;
        let (_, found) = verified(&client, 1).await;
        let found = found.expect("it is a difference");
        assert_eq!((found.kind, found.view.as_deref()), (kind, Some("run v1")), "{change}");
        let back = "TRUNCATE run_v1.checkpoint; \
                    INSERT INTO run_v1.checkpoint SELECT * FROM public.kept; DROP TABLE public.kept";
        run_sql(&plane, back).await;
    }
    assert_eq!(difference(&client).await, None);
}
