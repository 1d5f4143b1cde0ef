//! Rows in the binary form of COPY, as Postgres documents it. A row is made by whoever reads its
//! record, while the rows before it are on their way, and is sent as it is. What a row holds is its
//! view's affair.

use bytes::{BufMut, Bytes, BytesMut};

use crate::limits::COPY_PIECE_BYTES;

/// The signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The count of fields that no row has ends it.
const TAIL: i16 = -1;

/// The length of a value that is absent.
const ABSENT: i32 = -1;

/// A row of a table: the count of its fields, then of each its length and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRow(Vec<u8>);

impl CopyRow {
    /// A row of so many fields, which are about so many bytes together.
    pub(crate) fn new(fields: i16, bytes_expected: usize) -> Self {
        let places = 2 + 4 * usize::from(fields.unsigned_abs());
        let mut row = Vec::with_capacity(places + bytes_expected);
        row.put_i16(fields);
        Self(row)
    }

    /// The next field: a text as Postgres can hold it, or bytes.
    pub(crate) fn put(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else { return self.0.put_i32(ABSENT) };
        // A record has a megabyte at most.
        self.0.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.0.extend_from_slice(value);
    }

    /// The next field: a number of 64 bits.
    pub(crate) fn put_number(&mut self, value: Option<i64>) {
        self.put(value.map(i64::to_be_bytes).as_ref().map(|bytes| &bytes[..]));
    }
}

/// All of COPY's data, in pieces of a size that is worth a journey.
pub(crate) fn pieces<'a>(
    mut rows: impl Iterator<Item = &'a CopyRow>,
) -> impl Iterator<Item = Bytes> {
    let (mut piece, mut ended) = (BytesMut::from(HEAD), false);
    std::iter::from_fn(move || {
        while !ended && piece.len() < COPY_PIECE_BYTES {
            match rows.next() {
                Some(row) => piece.extend_from_slice(&row.0),
                None => {
                    piece.put_i16(TAIL);
                    ended = true;
                }
            }
        }
        (!piece.is_empty()).then(|| piece.split().freeze())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_fields_each_behind_its_length() {
        let mut row = CopyRow::new(4, 0);
        row.put(Some(b"ab"));
        row.put(None);
        row.put_number(Some(-2));
        row.put(Some(b""));
        let fields = [&[0, 4, 0, 0, 0, 2, b'a', b'b'][..], &[0xff; 4], &[0, 0, 0, 8]];
        assert_eq!(row.0, [&fields.concat()[..], &(-2_i64).to_be_bytes(), &[0; 4]].concat());
    }

    #[test]
    fn pieces_are_the_rows_between_head_and_tail_whatever_their_size() {
        for bytes in [0, 10, COPY_PIECE_BYTES - 1, 3 * COPY_PIECE_BYTES] {
            let mut row = CopyRow::new(1, bytes);
            row.put(Some(&vec![b'x'; bytes]));
            for count in [0, 1, 3] {
                let sent: Vec<Bytes> = pieces(std::iter::repeat_n(&row, count)).collect();
                let whole = [HEAD, &row.0.repeat(count), &[0xff, 0xff]].concat();
                assert_eq!(sent.concat(), whole, "{count} of {bytes}");
                assert!(sent.iter().all(|piece| piece.len() < COPY_PIECE_BYTES + row.0.len() + 2));
            }
        }
    }
}
