//! `helmstream token create`: the token is made here, its digest is asked for, and it is shown once,
//! on the screen or in a file that only its owner can read.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use helmstream_schemas::{Actor, ActorKind, Context, access::Role, outcome::Outcome};
use serde_json::json;

use super::super::{
    asked::{Told, ask, duration},
    ending::Ending,
    output::{Format, Screen},
};
use crate::client::{
    Client,
    token::{Made, Wish},
};

#[derive(Debug, clap::Args)]
pub(in super::super) struct CreateArgs {
    /// As whom its bearer acts; what is done by it stands on the log under this name
    #[arg(long, value_name = "ACTOR")]
    actor: String,
    /// What kind of being that is: human, service, agent
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: ActorKind,
    /// What it may: viewer, publisher, operator, approver, admin
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,
    /// Limit its rights to this context; may be said several times
    #[arg(long = "scope", value_name = "CONTEXT", value_parser = context)]
    scopes: Vec<String>,
    /// Tells the actor's tokens from each other: a machine, a purpose
    #[arg(long, value_name = "LABEL", default_value = "main")]
    label: String,
    /// After how long it lets nobody in any more, 366d at most
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration)]
    expires: Duration,
    /// Put it into this new file, which only its owner can read, and do not show it
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

pub(super) async fn create(
    client: &impl Client,
    screen: &Screen,
    args: CreateArgs,
) -> Result<Ending> {
    let wish = Wish {
        actor: Actor { id: args.actor, kind: args.kind },
        label: args.label,
        role: args.role,
        scopes: args.scopes.into_iter().collect(),
        expires_at: screen.now.plus(args.expires),
    };
    let made = Made::new()?;
    // Kept before it is asked for: a token that lets somebody in and that nobody has is of no use.
    if let Some(path) = &args.file {
        keep(path, made.reveal())?;
    }
    let asked = ask(client, made.ask(&wish)).await;
    let is_made = |told: &Told| matches!(told.counted(), Some(Outcome::Event { .. }));
    let is_refused = |told: &Told| told.counted().is_some() && !is_made(told);
    if let (Some(path), true) = (&args.file, asked.as_ref().is_ok_and(is_refused)) {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    let told = asked?;
    if !is_made(&told) {
        return told.finish(screen, |_| String::new());
    }
    let shown = match &args.file {
        Some(_) => None,
        None => Some(made.reveal()),
    };
    if screen.format != Format::Table {
        let data = json!({
            "id": made.id(), "token": shown, "file": args.file, "actor": wish.actor,
            "role": wish.role, "scopes": wish.scopes, "label": wish.label,
            "expires_at": wish.expires_at, "sequence": told.sequence(),
        });
        screen.data(&data, "")?;
        return Ok(Ending::Done);
    }
    let ending = told.finish(screen, |_| format!("created: {} of {}", made.id(), wish.actor.id))?;
    screen.print(&match (&args.file, shown) {
        (Some(path), _) => format!("it is in {}, which only you can read\n", path.display()),
        (None, shown) => format!(
            "\n  {}\n\nThis is shown once. Whoever has it comes in as {}.\n",
            shown.unwrap_or_default(),
            super::super::escape::escaped(&wish.actor.id)
        ),
    })?;
    Ok(ending)
}

/// Writes a token into a file that is made for it. One that is there is left as it is.
fn keep(path: &Path, token: &str) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        writeln!(file, "{token}")?;
        file.sync_all()
    };
    write().with_context(|| {
        format!("cannot write the token into {}; nothing was asked", path.display())
    })
}

fn kind(word: &str) -> Result<ActorKind, String> {
    word.parse().map_err(|()| "an actor is one of human, service, agent".to_owned())
}

fn role(word: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::word).join(", ");
    Role::named(word).ok_or_else(|| format!("a role is one of {}", known()))
}

fn context(name: &str) -> Result<String, String> {
    let known = || Context::ALL.map(Context::name).join(", ");
    let found = Context::named(name).map(|context| context.name().to_owned());
    found.ok_or_else(|| format!("a context is one of {}", known()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_goes_into_a_new_file_of_its_owner_and_into_no_other() {
        let folder = std::env::temp_dir().join(format!("helmstream-token-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.token");
        keep(&path, "first").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = keep(&path, "second").unwrap_err();
        assert!(format!("{refused:#}").contains("a.token"), "{refused:#}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "first\n");
        std::os::unix::fs::symlink(folder.join("elsewhere"), folder.join("link")).unwrap();
        assert!(keep(&folder.join("link"), "third").is_err(), "a link is not followed");
        fs::remove_dir_all(&folder).unwrap();
    }
}
