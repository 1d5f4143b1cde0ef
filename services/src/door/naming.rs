//! Names of runs, carried out: asks the log what it says of them, claims second names, and asks
//! for the merge of aggregates that prove to be one. What follows from the names is decided in the
//! core.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use helmstream_core::{NewCommand, alias::resolve, door::{Admitted, merge_command}};
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

    /// The command, addressed to the aggregate that its names stand for.
    pub(super) async fn address(&mut self, admitted: &Admitted) -> Result<NewCommand, StreamError> {
        let mut command = admitted.command.clone();
        if command.context == Context::Run {
            command.id = match &admitted.names[..] {
                [name] => self.alone(name).await?,
                names => self.together(names, &command).await?,
            };
        }
        Ok(command)
    }

    async fn alone(&mut self, name: &Id) -> Result<Id, StreamError> {
        if let Some(id) = self.young.get(name).or_else(|| self.old.get(name)) {
            return Ok(id.clone());
        }
        let claimed = alias::claimed(&self.connection, name).await?;
        let id = claimed.map_or_else(|| name.clone(), |claimed| claimed.id);
        self.remember(name.clone(), id.clone());
        Ok(id)
    }

    /// Several names in one report: they are one from now on.
    async fn together(&mut self, names: &[Id], command: &NewCommand) -> Result<Id, StreamError> {
        let context = command.context;
        let known =
            try_join_all(names.iter().map(|name| alias::known(&self.connection, context, name))).await?;
        let Some(resolution) = resolve(&known) else { return Ok(command.id.clone()) };
        let to = Claimed { context: context.name().into(), id: resolution.id.clone() };
        for name in &resolution.claim {
            alias::claim(&self.connection, name, &to, command).await?;
        }
        for younger in resolution.merge {
            let merge = merge_command(command, younger, &resolution.id);
            let headers = to_headers(&merge.attributes);
            let subject = merge.subject().to_string();
            store(&self.connection, &subject, headers, merge.payload.into()).await?;
        }
        for name in names {
            self.remember(name.clone(), resolution.id.clone());
        }
        Ok(resolution.id)
    }

    fn remember(&mut self, name: Id, id: Id) {
        if self.young.len() >= DOOR_NAMES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, id);
    }
}
