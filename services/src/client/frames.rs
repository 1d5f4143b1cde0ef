//! Server-sent events, as a reader has them: bytes in, in whatever pieces they come, frames out. It
//! knows nothing of where they come from or what they say.

use crate::http::limits::STREAM_FRAME_BYTES_MAX;

/// Reads frames, piece by piece.
#[derive(Debug, Default)]
pub struct Frames {
    line: Vec<u8>,
    frame: Frame,
    /// What of this frame was read, comments included.
    bytes: usize,
    /// The last line ended with CR; a LF that comes now belongs to it.
    after_cr: bool,
    /// The first line was read; before it there may be a mark of the order of bytes.
    has_begun: bool,
}

/// One frame: what stands between two empty lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// What whoever is cut off is to name when it comes again.
    pub id: Option<String>,
    /// What kind it is of; empty if it does not say.
    pub event: String,
    /// Its lines of data, joined.
    pub data: String,
}

/// A frame that does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame is over {STREAM_FRAME_BYTES_MAX} bytes")]
pub struct TooLong;

impl Frames {
    /// The frames that end in this piece. Those that say nothing, such as comments, are left out.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<Vec<Frame>, TooLong> {
        let mut frames = Vec::new();
        while let Some(&first) = piece.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                piece = &piece[1..];
                continue;
            }
            let end = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &piece[..end.unwrap_or(piece.len())];
            self.bytes += part.len();
            if self.bytes > STREAM_FRAME_BYTES_MAX {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.after_cr = piece[end] == b'\r';
            piece = &piece[end + 1..];
            frames.extend(self.line_ended());
        }
        Ok(frames)
    }

    fn line_ended(&mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = match std::mem::replace(&mut self.has_begun, true) {
            true => &line,
            false => line.strip_prefix('\u{feff}').unwrap_or(&line),
        };
        if line.is_empty() {
            self.bytes = 0;
            let mut frame = std::mem::take(&mut self.frame);
            // Every line of data ended with a line end; the last of them is no part of it.
            frame.data.pop();
            return Some(frame).filter(|frame| frame != &Frame::default());
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                self.frame.data.push_str(value);
                self.frame.data.push('\n');
            }
            "event" => self.frame.event = value.to_owned(),
            "id" if !value.contains('\0') => self.frame.id = Some(value.to_owned()),
            // Comments, and what is not known here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(id: Option<&str>, event: &str, data: &str) -> Frame {
        Frame { id: id.map(str::to_owned), event: event.into(), data: data.into() }
    }

    fn read(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut frames = Frames::default();
        pieces.iter().flat_map(|piece| frames.push(piece).unwrap()).collect()
    }

    #[test]
    fn a_frame_is_what_stands_between_two_empty_lines() {
        let text = "\u{feff}retry: 2000\nid: 6\n\nid: 7\nevent: event\ndata: {\"a\": 1}\n\n\
                    : alive\n\ndata:one\ndata: two\ndata\n\nevent: event\ndata: not whole\n";
        let wanted = [
            frame(Some("6"), "", ""),
            frame(Some("7"), "event", "{\"a\": 1}"),
            frame(None, "", "one\ntwo\n"),
        ];
        assert_eq!(read(&[text.as_bytes()]), wanted);
    }

    #[test]
    fn lines_end_in_each_of_the_three_ways_wherever_a_piece_ends() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["id: 1", "data: caf\u{e9}", "", ": a", "", "data: b", "", ""].join(end);
            let wanted = [frame(Some("1"), "", "caf\u{e9}"), frame(None, "", "b")];
            assert_eq!(read(&[text.as_bytes()]), wanted, "{end:?}");
            for cut in 0..text.len() {
                let (before, after) = text.as_bytes().split_at(cut);
                assert_eq!(read(&[before, after]), wanted, "{end:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_frame_that_does_not_end_is_not_read_for_ever() {
        let mut frames = Frames::default();
        let piece = [b"data: ".as_slice(), &[b'x'; 1 << 20]].concat();
        let pieces = STREAM_FRAME_BYTES_MAX / piece.len();
        (0..pieces).for_each(|_| assert_eq!(frames.push(&piece), Ok(vec![])));
        assert_eq!(frames.push(&piece), Err(TooLong));
        let mut lines = Frames::default();
        let line = [b": ".as_slice(), &[b'x'; 1 << 20], b"\n"].concat();
        (0..pieces).for_each(|_| assert_eq!(lines.push(&line), Ok(vec![])));
        assert_eq!(lines.push(&line), Err(TooLong), "many lines are no way around it");
    }

    #[test]
    fn many_frames_may_be_longer_together_than_one_may_be() {
        let mut frames = Frames::default();
        let line = [b"data: ".as_slice(), &[b'x'; 1 << 20], b"\n\n"].concat();
        for _ in 0..STREAM_FRAME_BYTES_MAX / line.len() + 2 {
            assert_eq!(frames.push(&line).unwrap().len(), 1);
        }
    }

    #[test]
    fn it_does_not_matter_in_which_pieces_bytes_come() {
        let bytes =
            b"\r\n\n:\rdata\xff\n\r\r\ndata:\n\ndata: \xc3\xa9\r\nid:\0\nid\n\r\nevent:x\r\r\n\n";
        let whole = read(&[bytes]);
        assert_eq!(whole, [frame(Some(""), "", "\u{e9}"), frame(None, "x", "")]);
        for size in 1..bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(read(&pieces), whole, "in pieces of {size}");
        }
    }
}
