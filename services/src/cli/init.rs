//! `helmstream init`: what was made, and what the servers have to be given.

use anyhow::Result;

use super::{
    ending::Ending,
    output::{Format, Screen},
};
use crate::{
    init::{InitArgs, Made, init},
    local::nats::MAX_PAYLOAD_BYTES,
};

pub(super) fn answer(screen: &Screen, args: InitArgs) -> Result<Ending> {
    let made = init(args)?;
    match screen.format {
        Format::Table => screen.print(&said(&made))?,
        _ => screen.data(&made, "")?,
    }
    Ok(Ending::Done)
}

fn said(made: &Made) -> String {
    let Made { plane, accounts_file, database_owner, password_file } = made;
    format!(
        "{} is a plane's directory. What is still to be done:\n\
         * every NATS server includes {}, and has JetStream and `max_payload: {MAX_PAYLOAD_BYTES}`\n\
         * Postgres has the role `{database_owner}`, which may create roles, has the password in {}, and owns the database\n\
         * `helmstream setup` makes streams, roles and views\n",
        plane.display(),
        accounts_file.display(),
        password_file.display()
    )
}
