-- list dead letters, with what was decided about each
SELECT
    letter.seq, letter.recorded_at, letter.payload, decided.view,
    ({by})::text AS sorted_by, letter.seq::text AS id
FROM ledger.record AS letter
LEFT JOIN dead_letter.dead_letter AS decided ON decided.inbox_seq = letter.inbox_seq
WHERE letter.stream = 'JOURNAL' AND letter.kind = 'helmstream.journal.dead_letter.v1'
    AND ($1::text IS NULL OR ({by}, letter.seq) {beyond} ($1::text::{kind}, $2::text::bigint))
    AND ($3::boolean OR decided.standing IS NULL OR decided.standing = 'retry_failed')
ORDER BY {by} {way}, letter.seq {way}
LIMIT $4
