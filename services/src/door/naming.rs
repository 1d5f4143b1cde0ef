//! Names of runs, carried out: asks the log what it says of them, claims second names, and asks
//! for the merge of aggregates that prove to be one. What follows from the names is decided in the
//! core.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use helmstream_core::{
    NewCommand,
    alias::resolve,
    door::{Admitted, addressed, merge_command},
};
use helmstream_schemas::{Context, Id, alias::Claimed};
use helmstream_stream::{Connection, StreamError, alias, headers::to_headers, publish::store};

use crate::limits::DOOR_NAMES_MAX;

/// What the door knows of names.
pub(super) struct Names {
    connection: Connection,
    /// Which aggregate a name stands for. A name once given is never given again; one that was not
    /// given yet may be by now, and then its aggregate is merged and says where it belongs.
    young: HashMap<Id, Id>,
    old: HashMap<Id, Id>,
}

impl Names {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, young: HashMap::new(), old: HashMap::new() }
    }

    /// Asks the log for the names of a whole batch at once, so that addressing does not wait for
    /// each of them.
    pub(super) async fn learn<'a>(
        &mut self,
        admitted: impl Iterator<Item = &'a Admitted>,
    ) -> Result<(), StreamError> {
        let mut unknown: Vec<&Id> = admitted
            .filter_map(|admitted| match &admitted.names[..] {
                [name] if self.find(name).is_none() => Some(name),
                _ => None,
            })
            .collect();
        unknown.sort();
        unknown.dedup();
        let asked = unknown.iter().map(|name| alias::claimed(&self.connection, name));
        let claimed = try_join_all(asked).await?;
        for (name, claimed) in unknown.into_iter().zip(claimed) {
            let id = claimed.map_or_else(|| name.clone(), |claimed| claimed.id);
            self.remember(name.clone(), id);
        }
        Ok(())
    }

    /// The command, addressed to the aggregate that its names stand for.
    pub(super) async fn address(&mut self, admitted: &Admitted) -> Result<NewCommand, StreamError> {
        let run = match &admitted.names[..] {
            [] => return Ok(admitted.command.clone()),
            [name] => self.alone(name).await?,
            names => self.together(names, &admitted.command).await?,
        };
        Ok(addressed(admitted, run))
    }

    async fn alone(&mut self, name: &Id) -> Result<Id, StreamError> {
        if let Some(id) = self.find(name) {
            return Ok(id.clone());
        }
        let claimed = alias::claimed(&self.connection, name).await?;
        let id = claimed.map_or_else(|| name.clone(), |claimed| claimed.id);
        self.remember(name.clone(), id.clone());
        Ok(id)
    }

    /// Several names in one report: they are one from now on. The merges are asked for before the
    /// names are claimed, so that a claim on the log means that its merge is there too.
    async fn together(&mut self, names: &[Id], command: &NewCommand) -> Result<Id, StreamError> {
        let context = Context::Run;
        loop {
            let asked = names.iter().map(|name| alias::known(&self.connection, context, name));
            let known = try_join_all(asked).await?;
            let Some(resolution) = resolve(&known) else { return Ok(names[0].clone()) };
            for younger in resolution.merge {
                let merge = merge_command(command, younger, &resolution.id);
                let headers = to_headers(&merge.attributes);
                let subject = merge.subject().to_string();
                store(&self.connection, &subject, headers, merge.payload.into()).await?;
            }
            let to = Claimed { context: context.name().into(), id: resolution.id.clone() };
            let mut won = true;
            for name in &resolution.claim {
                won &= alias::claim(&self.connection, name, &to, command).await? == to;
            }
            if won {
                for name in names {
                    self.remember(name.clone(), resolution.id.clone());
                }
                return Ok(resolution.id);
            }
            // Another door gave one of the names away first; a name is given once, so this ends.
        }
    }

    fn find(&self, name: &Id) -> Option<&Id> {
        self.young.get(name).or_else(|| self.old.get(name))
    }

    fn remember(&mut self, name: Id, id: Id) {
        if self.young.len() >= DOOR_NAMES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, id);
    }
}
