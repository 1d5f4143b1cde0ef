//! A wire between a client and the NATS server that can lose one answer: the server has stored, and
//! the client never hears of it. It reads only as much of the protocol as that takes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A wire to a server on loopback.
pub struct Wire {
    /// Where a client connects instead of to the server.
    pub url: String,
    state: Arc<State>,
}

struct State {
    /// What an answer holds that is to be lost.
    marks: std::sync::Mutex<Vec<String>>,
    lost: AtomicU64,
}

impl Wire {
    /// A wire to the server on this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("nats://{}", listener.local_addr().expect("its own address"));
        let state = Arc::new(State { marks: Default::default(), lost: AtomicU64::new(0) });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let server =
                        TcpStream::connect(("127.0.0.1", port)).await.expect("the server is there");
                    let ((mut from_client, to_client), (from_server, mut to_server)) =
                        (client.into_split(), server.into_split());
                    let answering =
                        tokio::spawn(async move { answers(from_server, to_client, &state).await });
                    let _ = copy(&mut from_client, &mut to_server).await;
                    answering.abort();
                });
            }
        });
        Self { url, state }
    }

    /// The next answer that holds `mark` is lost.
    pub fn lose_an_answer_with(&self, mark: &str) {
        self.state.marks.lock().expect("nobody panicked").push(mark.to_owned());
    }

    /// How many answers were lost.
    pub fn lost(&self) -> u64 {
        self.state.lost.load(Ordering::SeqCst)
    }
}

/// Hands on what the server says, message by message.
async fn answers(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &State,
) -> std::io::Result<()> {
    let mut from = BufReader::new(from);
    loop {
        let mut frame = Vec::new();
        if from.read_until(b'\n', &mut frame).await? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&frame).into_owned();
        if line.starts_with("MSG ") || line.starts_with("HMSG ") {
            // The last word is the length of what follows, without the line's end.
            let length: usize =
                line.split_whitespace().last().and_then(|n| n.parse().ok()).unwrap_or(0);
            let start = frame.len();
            frame.resize(start + length + 2, 0);
            from.read_exact(&mut frame[start..]).await?;
            if is_to_be_lost(&frame, state) {
                state.lost.fetch_add(1, Ordering::SeqCst);
                continue;
            }
        }
        to.write_all(&frame).await?;
    }
}

fn is_to_be_lost(frame: &[u8], state: &State) -> bool {
    let text = String::from_utf8_lossy(frame);
    let mut marks = state.marks.lock().expect("nobody panicked");
    let found = marks.iter().position(|mark| text.contains(mark.as_str()));
    found.map(|at| marks.remove(at)).is_some()
}
