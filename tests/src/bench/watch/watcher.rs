//! One who watches, as cheaply as can be: it looks for the lines that name positions, and at nothing
//! else. A thousand of them share the machine with what they watch.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::BytesMut;
use helmstream_tests::web::Web;
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

/// How a line begins that names a position. No event holds a line end of its own.
const POSITION: &[u8] = b"\nid: ";

/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1_024;

pub(crate) struct Watcher {
    stream: TcpStream,
    held: BytesMut,
    arrivals: Arrivals,
}

/// What came to one who watches.
pub(crate) struct Arrivals {
    /// The position of its greeting: what comes after it is told.
    pub(crate) from: u64,
    /// The last position that came.
    pub(crate) to: u64,
    /// When everything up to a position was there, in order.
    reached: Vec<(u64, Instant)>,
}

impl Arrivals {
    /// When a position came.
    pub(crate) fn seen(&self, position: u64) -> Option<Instant> {
        let first = self.reached.partition_point(|(to, _)| *to < position);
        self.reached.get(first).map(|(_, at)| *at)
    }
}

impl Watcher {
    /// Begins to watch; it has had its greeting.
    pub(crate) async fn begin(web: &Web) -> Result<Self> {
        let mut stream = TcpStream::connect(web.address).await.context("nobody listens")?;
        let request = format!(
            "GET /v1/stream HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
            web.address, web.token
        );
        stream.write_all(request.as_bytes()).await?;
        let arrivals = Arrivals { from: 0, to: 0, reached: Vec::new() };
        let mut watcher = Self { stream, held: BytesMut::with_capacity(READ_BYTES), arrivals };
        while watcher.arrivals.to == 0 {
            watcher.read().await?;
        }
        watcher.arrivals.from = watcher.arrivals.to;
        Ok(watcher)
    }

    /// Watches until the last position that is told has come.
    pub(crate) async fn until(
        mut self,
        mut last: watch::Receiver<Option<u64>>,
    ) -> Result<Arrivals> {
        loop {
            if last.borrow().is_some_and(|last| self.arrivals.to >= last) {
                return Ok(self.arrivals);
            }
            tokio::select! {
                read = self.read() => read?,
                changed = last.changed() => changed?,
            }
        }
    }

    /// Reads what is there. Nothing is lost if it is given up while it waits.
    async fn read(&mut self) -> Result<()> {
        self.held.reserve(READ_BYTES);
        let count = self.stream.read_buf(&mut self.held).await?;
        ensure!(count > 0, "the stream ended");
        let mut begin = 0;
        while let Some(found) = memmem::find(&self.held[begin..], POSITION) {
            let digits = begin + found + POSITION.len();
            let Some(length) = memchr::memchr(b'\n', &self.held[digits..]) else { break };
            let Some(next) = self.held.get(digits + length + 1) else { break };
            let text = std::str::from_utf8(&self.held[digits..digits + length])?;
            let position: u64 = text.trim().parse().context("an id is no position")?;
            // An event says what it is; a sign of life tells only how far was looked.
            let known = self.arrivals.to;
            let awaited = if *next == b'e' { known + 1 } else { known };
            ensure!(known == 0 || position == awaited, "{position} came after {known}");
            self.arrivals.to = position;
            begin = digits + length;
        }
        let unread = self.held.len() - POSITION.len().min(self.held.len());
        // A line that is not whole yet stays.
        let keep_from =
            memmem::rfind(&self.held[begin..], POSITION).map_or(unread, |at| begin + at);
        let _ = self.held.split_to(keep_from.max(begin));
        self.arrivals.reached.push((self.arrivals.to, Instant::now()));
        Ok(())
    }
}
