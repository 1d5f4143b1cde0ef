//! What a request has to be before anybody looks what it says: one reading of it, the same for us
//! and for every proxy before us. The HTTP library is lenient where two readers could differ; this
//! is not.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::{HeaderMap, Request, header};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::problem::Problem;
use crate::http::limits::{HEAD_BYTES_MAX, PREFER_BYTES_MAX, WRITE_STALL};

/// Refuses a request that two readers could take for two different ones.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let headers = request.headers();
    let lines = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    if lines.sum::<usize>() + request.uri().to_string().len() > HEAD_BYTES_MAX {
        return Err(Problem::head_too_large(HEAD_BYTES_MAX));
    }
    let host = only(headers, header::HOST.as_str(), "Host")?
        .ok_or_else(|| Problem::bad_request("the header `Host` is missing"))?;
    if host.is_empty() {
        return Err(Problem::bad_request("the header `Host` is empty"));
    }
    let named = request.uri().authority().map(|authority| authority.as_str());
    if named.is_some_and(|named| !named.eq_ignore_ascii_case(host)) {
        return Err(Problem::bad_request("the request line names another host than `Host`"));
    }
    only(headers, header::AUTHORIZATION.as_str(), "Authorization")?;
    only(headers, header::CONTENT_TYPE.as_str(), "Content-Type")?;
    only(headers, "idempotency-key", "Idempotency-Key")?;
    let preferences = headers.get_all("prefer").iter().map(|value| value.len());
    if preferences.sum::<usize>() > PREFER_BYTES_MAX {
        let detail = format!("the header `Prefer` is longer than {PREFER_BYTES_MAX} bytes");
        return Err(Problem::bad_request(detail));
    }
    Ok(())
}

fn only<'a>(headers: &'a HeaderMap, name: &str, shown: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("the header `{shown}` stands more than once")));
    }
    let text = value.map(|value| value.to_str()).transpose();
    text.map_err(|_| Problem::bad_request(format!("the header `{shown}` is not ASCII")))
}

/// A connection whose lines end as they must, and that takes what it is sent. A line feed without its
/// carriage return is handed on as a byte that no head may hold, so that the request is refused
/// where it stands.
pub(super) struct Strict<S> {
    inner: S,
    lines: Lines,
    /// Until when it has to take a byte; absent while it takes them.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Strict<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, lines: Lines::default(), stalled: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        self.lines.check(&mut buffer.filled_mut()[filled..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.unless_stalled(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.unless_stalled(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S> Strict<S> {
    fn unless_stalled(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_STALL)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing more was taken")))
    }
}

/// Where in a row of requests a connection stands. It follows only as much as is needed to tell
/// lines from bodies; what it cannot follow the HTTP library refuses.
#[derive(Debug, Default)]
struct Lines {
    at: At,
    /// The line so far, without its end.
    line: Vec<u8>,
    /// What the head said of its body.
    body: Body,
    /// Bytes of the head so far.
    head_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Head,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    /// Nothing more is followed: the connection ends here.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Body {
    #[default]
    None,
    Length(u64),
    Chunked,
}

/// No head and no size of a chunk may hold it.
const FORBIDDEN: u8 = 0;

/// The HTTP library looks how large a head is before it reads on, so that what it takes can be twice
/// as large as it is told.
const FOLLOWED_BYTES_MAX: usize = 2 * HEAD_BYTES_MAX + 1_024;

impl Lines {
    fn check(&mut self, bytes: &mut [u8]) {
        let mut next = 0;
        while next < bytes.len() {
            match &mut self.at {
                At::Lost => return,
                At::Body(left) | At::Chunk(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - next);
                    *left -= here as u64;
                    next += here;
                    if *left == 0 {
                        self.at =
                            if matches!(self.at, At::Body(_)) { At::Head } else { At::ChunkEnd };
                    }
                }
                _ => {
                    self.byte(&mut bytes[next]);
                    next += 1;
                }
            }
        }
    }

    fn byte(&mut self, byte: &mut u8) {
        if *byte != b'\n' {
            self.head_bytes += 1;
            self.line.push(*byte);
            if self.head_bytes > FOLLOWED_BYTES_MAX {
                *byte = FORBIDDEN;
                self.at = At::Lost;
            }
            return;
        }
        if self.line.pop() != Some(b'\r') {
            *byte = FORBIDDEN;
            self.at = At::Lost;
            return;
        }
        let line = std::mem::take(&mut self.line);
        self.at = match self.at {
            // An empty line before a request is none, as RFC 9112 has it.
            At::Head if line.is_empty() && self.head_bytes <= 1 => At::Head,
            At::Head if line.is_empty() => self.after_head(),
            At::Head => {
                if !self.header(&line) {
                    *byte = FORBIDDEN;
                    self.at = At::Lost;
                }
                return;
            }
            At::ChunkSize => match chunk_size(&line) {
                Some(0) => At::Trailer,
                Some(size) => At::Chunk(size),
                None => At::Lost,
            },
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::Trailer if line.is_empty() => self.after_body(),
            At::Trailer => At::Trailer,
            _ => At::Lost,
        };
        self.head_bytes = 0;
    }

    /// Whether a head may go on after this line: the second that says how long the body is may be
    /// read by somebody who has not seen the first.
    fn header(&mut self, line: &[u8]) -> bool {
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|l| l.split_once(':'))
        else {
            return true;
        };
        let told = if name.eq_ignore_ascii_case("content-length") {
            value.trim().parse().map_or(Body::None, Body::Length)
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            Body::Chunked
        } else {
            return true;
        };
        let is_first = self.body == Body::None;
        self.body = told;
        is_first
    }

    fn after_head(&mut self) -> At {
        match std::mem::take(&mut self.body) {
            Body::None | Body::Length(0) => At::Head,
            Body::Length(length) => At::Body(length),
            Body::Chunked => At::ChunkSize,
        }
    }

    fn after_body(&mut self) -> At {
        self.body = Body::None;
        At::Head
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let size = text.split(';').next()?.trim();
    u64::from_str_radix(size, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is handed on when the text comes in pieces of every length.
    fn handed_on(text: &str) -> Vec<u8> {
        let whole = {
            let mut bytes = text.as_bytes().to_vec();
            Lines::default().check(&mut bytes);
            bytes
        };
        for length in 1..text.len().min(9) {
            let mut lines = Lines::default();
            let mut pieces = Vec::new();
            for piece in text.as_bytes().chunks(length) {
                let mut piece = piece.to_vec();
                lines.check(&mut piece);
                pieces.extend(piece);
            }
            assert_eq!(pieces, whole, "in pieces of {length}");
        }
        whole
    }

    #[test]
    fn a_proper_row_of_requests_is_handed_on_as_it_is() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na\nb\ncGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n\n\n\n\r\n0\r\nT: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            assert_eq!(handed_on(text), text.as_bytes());
        }
    }

    #[test]
    fn a_head_that_says_twice_how_long_its_body_is_is_never_handed_on() {
        let (length, chunked) = ("Content-Length: 2\r\n", "transfer-encoding: chunked\r\n");
        for both in [[length, chunked], [chunked, length], [length, length], [chunked, chunked]] {
            let text = format!("POST / HTTP/1.1\r\n{}\r\n", both.concat());
            assert!(handed_on(&text).contains(&FORBIDDEN), "{text:?}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_never_handed_on_outside_of_a_body() {
        for text in [
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\n\nGET / HTTP/1.1\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
        ] {
            let handed_on = handed_on(text);
            assert!(handed_on.contains(&FORBIDDEN), "{text:?}");
        }
    }
}
