//! `helmstream publish`: events from a file or a pipe into INBOX, as a stream, and what became of
//! each, in the order of the input.

mod input;
mod told;

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::PathBuf,
};

use anyhow::Result;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use self::{
    input::{Content, Piece, Shape, shape_of, split},
    told::{Teller, Told},
};
use super::{bar::Bar, ending::Ending, output::Screen};
use crate::client::{
    Client, Code, Failure,
    flow::{Flowed, Item, Load, flow},
    limits::{IN_FLIGHT_EVENTS_MAX, OUTCOME_SECONDS},
};

/// What `helmstream publish` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct PublishArgs {
    /// File with CloudEvents as JSON, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Publish as this user of the plane, with its credentials
    #[arg(long = "as", value_name = "USER", default_value = crate::client::direct::OPERATOR)]
    pub(super) publisher: String,
    /// Seconds without any word before outcomes count as unknown yet
    #[arg(long, value_name = "SECONDS", default_value_t = OUTCOME_SECONDS)]
    pub(super) outcome_wait: u64,
}

const AFTER_HELP: &str = "\
The input is one event, a list of events, or one event a line (.ndjson, .jsonl, or found out). Each
goes to the plane byte for byte; what is no event comes back as a dead letter with its reason. The
same event again is told as a duplicate, so a publish that was interrupted can simply be repeated.

Outcomes:
  event          it became an event of the log
  external fact  it has no meaning here and is kept as a fact of its source
  unchanged      it says what was known
  duplicate of   the same publish was accepted before
  refused        it should not have been asked; says why
  dead letter    it could not be read; says why, and what to do
  unknown yet    it lies in INBOX; ask again with `helmstream outcome`

As a table it shows what is no plain event, and a summary; the other formats show every event.

Examples:
  helmstream publish events.ndjson
  helmstream publish events.json --as faber
  jq -c .events[] export.json | helmstream publish -
  helmstream publish - -o ndjson
  helmstream publish events.ndjson -o ndjson | jq .outcome";

/// Publishes, and tells what became of each event.
pub(super) async fn publish(
    client: &impl Client,
    screen: &Screen,
    args: PublishArgs,
) -> Result<Ending> {
    let (pieces, bytes) = open(&args)?;
    let mut flowed = flow(client, pieces.map(|piece| piece.map(item))).boxed_local();
    let mut teller = Teller::new(screen, Bar::new(bytes));
    while let Some(flowed) = flowed.next().await {
        match flowed {
            Ok(Flowed { tag: At { number, line, read_to }, what }) => {
                let Some(what) = what else { continue };
                teller.tell(Told { number, line, what }, read_to)?;
            }
            Err(failure) => {
                teller.stop()?;
                return Err(failure.into());
            }
        }
    }
    teller.finish(&args.publisher)
}

/// The events of the input and how many bytes it has, if that is known. It is read on a thread of
/// its own, because reading a terminal or a pipe cannot be interrupted.
fn open(
    args: &PublishArgs,
) -> Result<(impl Stream<Item = Result<Piece, Failure>> + use<>, Option<u64>), Failure> {
    let name = args.file.display().to_string();
    let (input, shape, bytes): (Box<dyn Read + Send>, Shape, Option<u64>) = if name == "-" {
        if io::stdin().is_terminal() {
            eprintln!("reading events from the terminal; Ctrl-D ends them");
        }
        (Box::new(io::stdin()), Shape::Unknown, None)
    } else {
        let file = File::open(&args.file).map_err(|error| unreadable(&name, &error))?;
        let bytes = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len());
        (Box::new(file), shape_of(&name), bytes)
    };
    let (sender, receiver) = mpsc::channel(IN_FLIGHT_EVENTS_MAX);
    std::thread::spawn(move || match split(input, shape) {
        Ok(pieces) => {
            for piece in pieces {
                let piece = piece.map_err(|error| unreadable(&name, &error));
                if sender.blocking_send(piece).is_err() {
                    return;
                }
            }
        }
        Err(error) => drop(sender.blocking_send(Err(unreadable(&name, &error)))),
    });
    let pieces =
        stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    Ok((pieces, bytes))
}

/// Where a piece stood in the input.
struct At {
    number: u64,
    line: u64,
    read_to: u64,
}

fn item(piece: Piece) -> Item<At> {
    let Piece { number, line, read_to, content } = piece;
    let load = match content {
        Content::TooLarge { bytes } => Load::TooLarge { bytes },
        Content::Event(event) => Load::Event(event),
    };
    Item { tag: At { number, line, read_to }, load }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "publish the whole file again: what was taken is told as a duplicate"
        }
        _ => "check the path, and that it may be read; `-` reads standard input",
    };
    Failure::new(Code::Input, format!("cannot read {name}"), error.to_string(), hint)
}
