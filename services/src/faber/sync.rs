//! A project's folder onto the plane: what is new in it is read in order, published with a bounded
//! number on its way, and told file by file. Nothing is remembered from one sync to the next: the
//! same content gives the same events, and the door tells a repeat.

use std::{sync::Arc, time::Instant};

use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::{mpsc, watch::Receiver},
    task::spawn_blocking,
};

use super::{
    Project, history,
    read::{Seen, read},
    told::{Said, Told},
    walk::{Bounds, Found, walk},
    watch::Watch,
};
use crate::{
    client::{
        Client, Failure,
        flow::{Flowed, Item, Load, flow},
        limits::IN_FLIGHT_EVENTS_MAX,
    },
    limits::FABER_WATCH_EVERY,
    patience::pause,
};

/// How a folder is synced.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Goes on with what is new until it is stopped.
    pub watch: bool,
    /// Begins with what the repository knows.
    pub history: bool,
    /// Turns true when no more is to be read.
    pub stop: Receiver<bool>,
}

/// What became of a file, and how far the sync is.
#[derive(Debug, Clone)]
pub struct Synced {
    pub told: Told,
    /// Files read so far, and how many there are to read by what is known.
    pub done: u64,
    pub all: u64,
}

/// Syncs, and tells each file in the order in which they were read. It ends when all is told, or
/// when it is stopped and what was read until then is told.
pub fn sync<'a>(
    client: &'a impl Client,
    project: Project,
    wanted: Wanted,
) -> impl Stream<Item = Result<Synced, Failure>> + 'a {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT_EVENTS_MAX);
    tokio::spawn(async move {
        let mut reader = Reader { project: Arc::new(project), sender, done: 0, all: 0 };
        if let Err(Ended::By(failure)) = reader.read(wanted).await {
            let _ = reader.sender.send(Err(failure)).await;
        }
    });
    let items =
        stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let mut current: Option<Told> = None;
    flow(client, items).filter_map(move |flowed| {
        std::future::ready(flowed.map(|flowed| gather(&mut current, flowed)).transpose())
    })
}

/// A piece's place in its file.
struct Tag {
    file: Arc<Told>,
    said: Said,
    is_last: bool,
    done: u64,
    all: u64,
}

/// Adds a piece to its file; the file, once all its pieces are there.
fn gather(current: &mut Option<Told>, flowed: Flowed<Tag>) -> Option<Synced> {
    let Flowed { tag, what } = flowed;
    let told = current.get_or_insert_with(|| Told::clone(&tag.file));
    if let Some(what) = what {
        told.add(&tag.said, &what);
    }
    let told = if tag.is_last { current.take() } else { None };
    told.map(|told| Synced { told, done: tag.done, all: tag.all })
}

/// Why reading ended before its end.
enum Ended {
    By(Failure),
    /// Nobody listens any more.
    Deaf,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::By(failure)
    }
}

/// What reads the folder, beside what publishes.
struct Reader {
    project: Arc<Project>,
    sender: mpsc::Sender<Result<Item<Tag>, Failure>>,
    done: u64,
    all: u64,
}

impl Reader {
    async fn read(&mut self, wanted: Wanted) -> Result<(), Ended> {
        if wanted.history {
            self.read_history(&wanted).await?;
        }
        let mut watch = Watch::default();
        loop {
            let found = self.walk().await?;
            watch.keep(&found);
            let new: Vec<Found> = found.into_iter().filter(|found| watch.is_new(found)).collect();
            self.all += new.len() as u64;
            for found in new {
                if *wanted.stop.borrow() {
                    break;
                }
                let (found, seen) = self.one(found).await?;
                if wanted.watch && watch.holds(&found, seen.is_whole(), Instant::now()) {
                    // It is looked at again in the next round, whether it changed or not.
                    self.all -= 1;
                    continue;
                }
                self.send(seen).await?;
                watch.saw(found);
            }
            if !wanted.watch || pause(&wanted.stop, FABER_WATCH_EVERY).await {
                break;
            }
        }
        for path in watch.held() {
            let shape = helmstream_core::faber::Shape::Unreadable;
            let why = "it was not whole yet when watching ended; sync again";
            self.send(Seen::nothing(&path, shape, why)).await?;
        }
        Ok(())
    }

    async fn read_history(&mut self, wanted: &Wanted) -> Result<(), Ended> {
        let found = self.walk().await?;
        let project = self.project.clone();
        let versions = blocking(move || history::versions(&project, &found)).await??;
        self.all += versions.len() as u64;
        for version in versions {
            if *wanted.stop.borrow() {
                break;
            }
            let project = self.project.clone();
            match blocking(move || history::read(&project, &version)).await?? {
                Some(seen) => self.send(seen).await?,
                None => self.all -= 1,
            }
        }
        Ok(())
    }

    async fn walk(&self) -> Result<Vec<Found>, Ended> {
        let project = self.project.clone();
        blocking(move || walk(&project.dir, Bounds::default())).await
    }

    async fn one(&self, found: Found) -> Result<(Found, Seen), Ended> {
        let project = self.project.clone();
        blocking(move || {
            let seen = read(&project, &found);
            (found, seen)
        })
        .await
    }

    async fn send(&mut self, seen: Seen) -> Result<(), Ended> {
        self.done += 1;
        let (done, all) = (self.done, self.all.max(self.done));
        let file = Arc::new(Told::of(&seen));
        let last = seen.pieces.len().saturating_sub(1);
        let none = || Item {
            tag: Tag {
                file: file.clone(),
                said: Said { place: None, quarantined: None },
                is_last: true,
                done,
                all,
            },
            load: Load::Nothing,
        };
        let nothing = seen.pieces.is_empty().then(none);
        let items = seen.pieces.iter().enumerate().map(|(index, piece)| Item {
            tag: Tag {
                file: file.clone(),
                said: Said::from(piece),
                is_last: index == last,
                done,
                all,
            },
            load: Load::Event(piece.event.to_string().into_bytes()),
        });
        for item in items.chain(nothing) {
            self.sender.send(Ok(item)).await.map_err(|_| Ended::Deaf)?;
        }
        Ok(())
    }
}

/// Reading a disk can take its time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Ended> {
    // A panic there ends the process's work here as well.
    spawn_blocking(work).await.map_err(|_| Ended::Deaf)
}
