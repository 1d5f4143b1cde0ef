//! Whether the file of accounts that lies in the plane's directory says what the files of
//! `nats/permissions` say. It is what the plane's own server was last started with; a server elsewhere
//! has its accounts elsewhere, and nobody of the plane may ask it for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    credentials::{names_by_key, wanted_accounts},
    plane::Plane,
};

/// The file's name in the plane's folder `nats`.
pub const FILE: &str = "accounts.conf";

/// What differs, a sentence each; none of it if there is no such file here.
pub fn differences(plane: &Plane) -> Result<Option<Vec<String>>> {
    let file: PathBuf = plane.directory().join("nats").join(FILE);
    if !file.exists() {
        return Ok(None);
    }
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let written =
        text.trim().strip_prefix("accounts: ").and_then(|text| serde_json::from_str(text).ok());
    let Some(written) = written else {
        return Ok(Some(vec!["it is not in the form in which Helmstream writes it".to_owned()]));
    };
    let secrets = plane.secrets();
    Ok(Some(compared(&wanted_accounts(&secrets)?, &written, &names_by_key(&secrets)?)))
}

fn compared(wanted: &Value, written: &Value, names: &BTreeMap<String, String>) -> Vec<String> {
    let (wanted_users, written_users) = (users(wanted), users(written));
    let keys: BTreeSet<&String> = wanted_users.keys().chain(written_users.keys()).collect();
    let mut all = Vec::new();
    for key in keys {
        let name = names.get(key).map_or(key.as_str(), String::as_str);
        match (wanted_users.get(key), written_users.get(key)) {
            (None, Some((account, _))) => {
                all.push(format!(
                    "user {name} of account {account} is in no file of nats/permissions"
                ));
            }
            (Some(_), None) => all.push(format!("user {name} is absent")),
            (Some((_, wanted)), Some((_, written))) if wanted != written => {
                all.extend(lists(name, wanted, written));
            }
            _ => {}
        }
    }
    let shared = |accounts: &Value, name: &str, what: &str| accounts[name][what].clone();
    for (name, _) in wanted.as_object().into_iter().flatten() {
        for what in ["exports", "imports"] {
            if shared(wanted, name, what) != shared(written, name, what) {
                all.push(format!("{what} of account {name} differ"));
            }
        }
    }
    all
}

/// Each user by its key, with its account and what it may.
fn users(accounts: &Value) -> BTreeMap<String, (String, Value)> {
    let mut all = BTreeMap::new();
    for (account, held) in accounts.as_object().into_iter().flatten() {
        for user in held["users"].as_array().into_iter().flatten() {
            let key = user["nkey"].as_str().or(user["user"].as_str()).unwrap_or("without a name");
            all.insert(key.to_owned(), (account.clone(), user["permissions"].clone()));
        }
    }
    all
}

/// What a user may beyond its file, and less than it.
fn lists(name: &str, wanted: &Value, written: &Value) -> Vec<String> {
    if !written.is_object() {
        return vec![format!("user {name} may do everything")];
    }
    let subjects = |permissions: &Value, direction: &str, list: &str| -> BTreeSet<String> {
        let subjects = permissions[direction][list].as_array().into_iter().flatten();
        subjects.filter_map(|subject| subject.as_str().map(str::to_owned)).collect()
    };
    let mut all = Vec::new();
    for direction in ["publish", "subscribe"] {
        for (list, more, less) in [("allow", "may", "may not"), ("deny", "may not", "may")] {
            let (wanted, written) =
                (subjects(wanted, direction, list), subjects(written, direction, list));
            for subject in written.difference(&wanted) {
                all.push(format!("user {name} {more} {direction} {subject}, unlike its file"));
            }
            for subject in wanted.difference(&written) {
                all.push(format!("user {name} {less} {direction} {subject}, unlike its file"));
            }
        }
    }
    if all.is_empty() {
        all.push(format!("user {name} is not as its file says"));
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn accounts(permissions: Value) -> Value {
        json!({"PLANE": {"users": [{"nkey": "UA", "permissions": permissions}]}})
    }

    #[test]
    fn what_is_wider_or_narrower_than_its_file_is_named_by_user_and_subject() {
        let names = BTreeMap::from([("UA".to_owned(), "run".to_owned())]);
        let wanted = accounts(json!({"publish": {"allow": ["a", "b"], "deny": ["c"]}}));
        assert!(compared(&wanted, &wanted, &names).is_empty());
        let wider = accounts(json!({"publish": {"allow": ["a", "b", "evt.>"]}}));
        assert_eq!(
            compared(&wanted, &wider, &names),
            [
                "user run may publish evt.>, unlike its file",
                "user run may publish c, unlike its file"
            ]
        );
        assert_eq!(
            compared(&wanted, &accounts(Value::Null), &names),
            ["user run may do everything"]
        );
    }

    #[test]
    fn a_user_that_no_file_names_and_one_that_is_gone_are_told() {
        let written = json!({"PLANE": {"users": [{"nkey": "UB"}]}});
        assert_eq!(
            compared(&accounts(json!({})), &written, &BTreeMap::new()),
            ["user UA is absent", "user UB of account PLANE is in no file of nats/permissions"]
        );
    }
}
