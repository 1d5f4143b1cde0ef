//! Decisions about names: which aggregate a name stands for, and what follows when two aggregates
//! prove to be one. The first claim of a name wins; ids never change.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{Id, alias::Claimed};

/// What the log says of a name: to whom it was given, if to anybody, and the position of the first
/// event of the aggregate that carries it as its own identity, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub name: Id,
    pub claimed: Option<Claimed>,
    pub first_sequence: Option<u64>,
}

/// What follows from several names in one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The aggregate the report is for.
    pub id: Id,
    /// Names to be given to it.
    pub claim: Vec<Id>,
    /// Younger aggregates that prove to be this one.
    pub merge: Vec<Id>,
}

/// Resolves the names of one report; the report's own name comes first and there is at least one.
/// The oldest aggregate among those named stays; where none has events yet, the first name's.
pub fn resolve(names: &[Known]) -> Option<Resolution> {
    let mut ages: BTreeMap<&Id, u64> = BTreeMap::new();
    for known in names {
        match (&known.claimed, known.first_sequence) {
            // Of an aggregate that is not among the names no more is known than that it was there
            // when the name was given.
            (Some(claimed), _) => {
                ages.entry(&claimed.id).or_insert(0);
            }
            (None, Some(first)) => {
                ages.insert(&known.name, first);
            }
            (None, None) => {}
        }
    }
    let oldest = ages.iter().min_by_key(|(id, age)| (**age, **id)).map(|(id, _)| *id);
    let id = oldest.or(names.first().map(|known| &known.name))?.clone();
    let claim: Vec<Id> = names
        .iter()
        .filter(|known| known.claimed.is_none() && known.name != id)
        .map(|known| known.name.clone())
        .collect();
    // A name that is claimed just now is merged even if it has no events yet: a report under it
    // may be on its way, and its log has to say where it belongs.
    let mut merge: BTreeSet<Id> = claim.iter().cloned().collect();
    merge.extend(ages.into_keys().filter(|other| **other != id).cloned());
    Some(Resolution { id, claim, merge: merge.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    fn known(name: &str, claimed: Option<&str>, first: Option<u64>) -> Known {
        let claimed = claimed.map(|to| Claimed { context: "run".into(), id: id(to) });
        Known { name: id(name), claimed, first_sequence: first }
    }

    fn resolved(names: &[Known]) -> (String, Vec<String>, Vec<String>) {
        let texts = |ids: Vec<Id>| ids.into_iter().map(String::from).collect();
        let found = resolve(names).unwrap();
        (found.id.into(), texts(found.claim), texts(found.merge))
    }

    #[test]
    fn a_lone_name_is_its_own_aggregate() {
        assert_eq!(resolved(&[known("a", None, None)]), ("a".into(), vec![], vec![]));
        assert_eq!(resolved(&[known("a", None, Some(5))]), ("a".into(), vec![], vec![]));
    }

    #[test]
    fn a_name_given_away_leads_to_its_aggregate() {
        assert_eq!(resolved(&[known("b", Some("a"), None)]), ("a".into(), vec![], vec![]));
    }

    #[test]
    fn a_second_name_is_claimed_and_merged_even_before_it_has_a_life() {
        let names = [known("a", None, None), known("b", None, None)];
        assert_eq!(resolved(&names), ("a".into(), vec!["b".into()], vec!["b".into()]));
    }

    #[test]
    fn the_younger_of_two_is_merged_whichever_is_named_first() {
        let (old, young) = (known("old", None, Some(3)), known("young", None, Some(9)));
        let wanted = ("old".to_owned(), vec!["young".to_owned()], vec!["young".to_owned()]);
        assert_eq!(resolved(&[old.clone(), young.clone()]), wanted);
        assert_eq!(resolved(&[young, old]), wanted);
    }

    #[test]
    fn the_first_name_gives_way_to_a_second_that_has_events() {
        let names = [known("new", None, None), known("old", None, Some(3))];
        assert_eq!(resolved(&names), ("old".into(), vec!["new".into()], vec!["new".into()]));
    }

    #[test]
    fn a_run_that_lived_beside_its_alias_is_merged_into_it() {
        let names = [known("b", Some("a"), None), known("c", None, Some(7))];
        assert_eq!(resolved(&names), ("a".into(), vec!["c".into()], vec!["c".into()]));
    }

    #[test]
    fn an_aggregate_that_carries_a_name_is_as_old_as_its_own_first_event() {
        let names = [
            known("b", Some("a"), None),
            known("a", None, Some(9)),
            known("c", None, Some(7)),
            known("d", None, None),
        ];
        let wanted = ("c".into(), vec!["a".into(), "d".into()], vec!["a".into(), "d".into()]);
        assert_eq!(resolved(&names), wanted);
    }

    #[test]
    fn two_names_given_to_two_aggregates_make_those_one() {
        let names = [known("x", Some("b"), None), known("y", Some("a"), None)];
        assert_eq!(resolved(&names), ("a".into(), vec![], vec!["b".into()]));
        assert_eq!(resolve(&[]), None);
    }
}
