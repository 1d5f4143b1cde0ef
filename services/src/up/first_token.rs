//! The first token of a plane: an administrator's, made once, in a file that only its owner can
//! read. Whoever can read that file could also read every other secret of the plane.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use helmstream_schemas::{Actor, ActorKind, access::Role, outcome::Outcome};

use crate::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        token::{Made, Wish},
    },
    clock,
    limits::{FIRST_TOKEN_DAYS, OUTCOME_SECONDS},
    local::plane::Plane,
};

/// As whom whoever has it comes in.
const ACTOR: &str = "admin";
const LABEL: &str = "first";

/// Makes the token unless it was made before; the file it is in.
pub(super) async fn make(plane: &Plane) -> Result<PathBuf> {
    let place = plane.secrets().join("admin.token");
    if place.exists() {
        return Ok(place);
    }
    // Whatever is interrupted goes on with the token that was begun: it may be known already.
    let draft = place.with_added_extension("draft");
    let made = begun(&draft)?;
    let client = client(plane)?;
    let receipt = client.publish(made.ask(&wish())).await?;
    match client.settle(receipt).await?.counted() {
        Some(Outcome::Event { .. }) => {}
        // It was made before this was interrupted.
        Some(Outcome::Refused { reason, .. }) if reason == "id_taken" => {}
        Some(Outcome::Refused { detail, .. } | Outcome::DeadLetter { detail, .. }) => {
            let _ = fs::remove_file(&draft);
            bail!("the plane refuses it: {detail}");
        }
        other => bail!("it is not known what became of it: {other:?}"),
    }
    fs::rename(&draft, &place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

/// The token that was begun, or a new one, kept before anybody is asked to let it in.
fn begun(draft: &Path) -> Result<Made> {
    let cannot = || format!("cannot write {}", draft.display());
    let made = Made::new()?;
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(draft) {
        Ok(mut file) => {
            writeln!(file, "{}", made.reveal()).with_context(cannot)?;
            file.sync_all().with_context(cannot)?;
            Ok(made)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(draft).with_context(cannot)?;
            if let Some(before) = Made::again(text.trim()) {
                return Ok(before);
            }
            // It was cut in the middle, so nobody was asked.
            fs::write(draft, format!("{}\n", made.reveal())).with_context(cannot)?;
            Ok(made)
        }
        Err(error) => Err(error).with_context(cannot),
    }
}

fn wish() -> Wish {
    Wish {
        actor: Actor { id: ACTOR.into(), kind: ActorKind::Human },
        label: LABEL.into(),
        role: Role::Admin,
        scopes: BTreeSet::new(),
        expires_at: clock::now().plus(Duration::from_hours(24 * FIRST_TOKEN_DAYS)),
    }
}

fn client(plane: &Plane) -> Result<Direct> {
    let outcome_wait = Duration::from_secs(OUTCOME_SECONDS);
    let manner = Manner { publisher: OPERATOR.into(), wait: Some(outcome_wait), outcome_wait };
    Ok(Direct::new(Plane::open(plane.directory())?, manner)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_begun_is_gone_on_with_and_what_was_cut_is_begun_anew() {
        let folder = std::env::temp_dir().join(format!("helmstream-first-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let draft = folder.join("admin.token.draft");
        let first = begun(&draft).unwrap();
        assert_eq!(fs::metadata(&draft).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(begun(&draft).unwrap().reveal(), first.reveal());
        fs::write(&draft, "hst_ab").unwrap();
        let second = begun(&draft).unwrap();
        assert_ne!(second.reveal(), first.reveal());
        assert_eq!(begun(&draft).unwrap().reveal(), second.reveal());
        fs::remove_dir_all(&folder).unwrap();
    }
}
