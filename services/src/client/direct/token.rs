//! Questions about tokens, put to the view; when each was last used, to the measurements.

use helmstream_projections::questions::{
    AsOf, Page,
    access::{AccessFilter, access_list},
    revision::revisions,
};
use helmstream_schemas::{Context, Id, Subject};
use helmstream_stream::signal;

use super::{
    super::{
        Answer, Answered, Failure,
        token::{List, ListRequest, TokenShown},
    },
    Direct,
};

impl Direct {
    /// Tokens of the holders about whom something was decided last first.
    pub(super) async fn tokens(&self, request: ListRequest) -> Answered<List> {
        let ListRequest { actor, id, standing, limit, sort, before, at, now } = request;
        // Whoever names a token may have made it a moment ago.
        if id.is_some() && at.is_none() {
            let head = self.extent().await?.last;
            self.reached(Some(head), &["access", "ledger"]).await?;
        }
        self.reached(at, &["ledger"]).await?;
        let (order, cursor) = (sort.unwrap_or_default(), before);
        let filter = AccessFilter { actor, token: id.clone(), order, limit, cursor, past: None };
        let asked = self.ask_at("access", at, |database, past| {
            let filter = AccessFilter { past, ..filter.clone() };
            async move { access_list(&database, &filter).await }
        });
        let AsOf { as_of_seq, answer: Page { rows: holders, next } } = asked.await?;
        let subject = |holder: &Id| {
            Subject::Event { context: Context::Access, id: holder.clone() }.to_string()
        };
        let subjects: Vec<String> = holders.iter().map(|holder| subject(&holder.id)).collect();
        // No further than what is shown: a later one would be of what nobody has seen.
        let AsOf { as_of_seq, answer: revisions } =
            self.ask(|database| revisions(database, &subjects, as_of_seq)).await?;
        let mut tokens = Vec::new();
        for holder in holders {
            let revision = revisions.get(&subject(&holder.id)).copied().unwrap_or_default();
            // The last one first, as in the list of their holders.
            for token in holder.view.tokens.into_iter().rev() {
                let stands = token.standing(now);
                let is_meant = id.as_ref().is_none_or(|id| *id == token.id)
                    && standing.is_none_or(|standing| standing == stands);
                if is_meant {
                    let holder = holder.id.clone();
                    let (standing, last_used_at) = (stands, None);
                    tokens.push(TokenShown { holder, revision, standing, last_used_at, token });
                }
            }
        }
        if at.is_none() {
            self.add_last_uses(&mut tokens).await?;
        }
        Ok(Answer { as_of_seq, answer: List { tokens, next } })
    }

    async fn add_last_uses(&self, tokens: &mut [TokenShown]) -> Result<(), Failure> {
        if tokens.is_empty() {
            return Ok(());
        }
        let log = self.log().await?;
        let ids: Vec<Id> =
            tokens.iter().filter_map(|one| Id::new(one.token.id.as_str()).ok()).collect();
        let uses = self.patience().with("NATS", || signal::last_uses(log, ids.clone())).await?;
        for (token, last_used_at) in tokens.iter_mut().zip(uses) {
            token.last_used_at = last_used_at;
        }
        Ok(())
    }
}
