//! One of the two processes of a race: `racer PLANE grant SEED` or `racer PLANE expire 0`. Both
//! decide the same approvals, each by itself, as two instances of the service would that do not
//! know of each other; only the guard stands between them. A line on standard input releases the
//! one that grants: `FIRST COUNT NANOS`, the races and when their time is over.

use std::{io::BufRead, path::Path};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt, stream};
use helmstream_core::{approval::Approval, due::command_of_due};
use helmstream_schemas::{Subject, Timestamp};
use helmstream_services::local::plane::Plane;
use helmstream_stream::{
    connect,
    consume::{self, Delivery, Durable},
    deadline::DEADLINES,
    decide::Desk,
};
use helmstream_tests::{kill::chance::Chance, race};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [plane, role, seed] = &words[..] else {
        anyhow::bail!("usage: racer PLANE grant|expire SEED")
    };
    let connection = connect(&Plane::open(Path::new(plane))?.address("approval")).await?;
    let desk = Desk::<Approval>::new(connection.clone(), 1);
    match role.as_str() {
        "grant" => grant(&desk, seed.parse()?).await,
        _ => {
            let durable = Durable { stream: DEADLINES, name: "approval-due".into(), group: None };
            let (_stay, stop) = watch::channel(false);
            let lane = |delivery: &Delivery| delivery.record.subject.clone();
            consume::work(&connection, &durable, stop, lane, |delivery| expire(&desk, delivery))
                .await?;
            Ok(())
        }
    }
}

/// Grants each released batch in an order of its own.
async fn grant(desk: &Desk<Approval>, seed: u64) -> Result<()> {
    let mut chance = Chance::new(seed);
    let (lines, mut released) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    println!("ready");
    while let Some(line) = released.recv().await {
        let numbers: Vec<i64> =
            line.split(' ').map(str::parse).collect::<Result<_, _>>().context("a release")?;
        let [first, count, nanos] = numbers[..] else { anyhow::bail!("not a release: {line}") };
        let mut races: Vec<usize> = (first as usize..(first + count) as usize).collect();
        chance.shuffle(&mut races);
        let expires_at = Timestamp::from_nanos(nanos);
        // Both begin at the same instant, by the same clock as the server's.
        let rest = expires_at.since(race::now()).unwrap_or_default();
        tokio::time::sleep(rest).await;
        let mut settling = stream::iter(races)
            .map(|race| async move {
                desk.settle(&race::approval(race), &race::grant(race, expires_at)).await
            })
            .buffer_unordered(race::AT_ONCE);
        while let Some(settled) = settling.next().await {
            settled?;
        }
        println!("granted {first}");
    }
    Ok(())
}

/// Decides what a fired deadline asks; reminders change nothing that is raced for.
async fn expire(
    desk: &Desk<Approval>,
    delivery: Delivery,
) -> Result<Delivery, helmstream_stream::StreamError> {
    if let Ok(command) = command_of_due::<Approval>(&delivery.record, delivery.scheduler.as_deref())
        && let Ok(Subject::Due { id, .. }) = delivery.record.subject.parse()
    {
        let command = race::as_delivered(command, delivery.record.sequence);
        desk.settle(&id, &command).await?;
    }
    Ok(delivery)
}
