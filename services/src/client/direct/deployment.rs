//! Questions about what is deployed where, put to the view.

use std::collections::BTreeSet;

use helmstream_projections::questions::{
    AsOf,
    deployment::{UnitFilter, UnitShown, deployment_list, deployment_show, deployment_units},
};
use helmstream_schemas::{Id, deployment::Unit};

use super::{
    super::{
        Answer, Answered,
        deployment::{List, ListRequest, ShowRequest, Shown},
        failure::{Code, Failure},
    },
    Direct,
};

impl Direct {
    /// Units, those in which something was deployed last first.
    pub(super) async fn units(&self, request: ListRequest) -> Answered<List> {
        let ListRequest { domain, environment, standing, limit, sort, before, at } = request;
        let (order, cursor) = (sort.unwrap_or_default(), before);
        let filter = UnitFilter { domain, environment, standing, order, limit, cursor, past: None };
        let asked = self.ask_at("deployment", at, |database, past| {
            let filter = UnitFilter { past, ..filter.clone() };
            async move { deployment_list(&database, &filter).await }
        });
        let AsOf { as_of_seq, answer } = asked.await?;
        Ok(Answer { as_of_seq, answer: List { units: answer.units, next: answer.next } })
    }

    /// One unit, by its own id or by that of a deployment in it.
    pub(super) async fn unit(&self, request: ShowRequest) -> Answered<Shown> {
        let (name, at) = (request.name.trim(), request.at);
        self.reached(at, &["deployment", "ledger"]).await?;
        if let Some(unit) = Unit::of_id(name).and_then(|unit| Id::new(unit.id_text()).ok()) {
            let AsOf { as_of_seq, answer } =
                self.ask(|database| deployment_show(database, &unit, at)).await?;
            if let Some(unit) = answer {
                return Ok(Answer { as_of_seq, answer: self.shown(unit, None).await });
            }
        }
        let AsOf { answer: units, .. } =
            self.ask(|database| deployment_units(database, name, at)).await?;
        let unit = match &units[..] {
            [] => return Err(no_unit(name)),
            [unit] => unit,
            several => {
                let some: Vec<&str> = several.iter().take(5).map(Id::as_str).collect();
                let what = format!("several units hold a deployment `{name}`");
                let hint = "name the unit instead";
                return Err(Failure::new(Code::Ambiguous, what, some.join(", "), hint));
            }
        };
        let AsOf { as_of_seq, answer } =
            self.ask(|database| deployment_show(database, unit, at)).await?;
        let unit = answer.ok_or_else(|| no_unit(name))?;
        Ok(Answer { as_of_seq, answer: self.shown(unit, Some(name.to_owned())).await })
    }

    async fn shown(&self, unit: UnitShown, asked: Option<String>) -> Shown {
        let named = unit.chain.iter().filter_map(|link| link.told.deployment.deployed_by.clone());
        let persons: Vec<String> = named.collect::<BTreeSet<_>>().into_iter().collect();
        // Whoever may not see who they are sees the ids.
        let people = self.people(&persons).await;
        Shown { unit, asked, people }
    }
}

fn no_unit(name: &str) -> Failure {
    let hint = "`helmstream deployment list` shows which there are; what was registered just now may need a moment to be seen";
    Failure::not_found(format!("no unit and no deployment is called `{name}`"), hint)
}
