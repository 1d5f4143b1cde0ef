//! What is to be registered, as entries of FABER's registry: out of a file, or made of what stands
//! on the command line. What an entry means the door decides; here it is only taken apart.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::Path,
};

use helmstream_schemas::Timestamp;
use serde_json::{Map, Value, json};

use super::super::when;
use crate::client::{Code, Failure, limits::REGISTRY_BYTES_MAX};

/// A deployment on the command line.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Flags {
    /// Domain, such as infrastructure
    #[arg(long, value_name = "DOMAIN", requires_all = ["environment", "name"])]
    domain: Option<String>,
    /// Environment, such as prod
    #[arg(long, value_name = "ENVIRONMENT", requires = "domain")]
    environment: Option<String>,
    /// What is deployed: a project, a service, an ARN
    #[arg(long, value_name = "NAME", requires = "domain")]
    name: Option<String>,
    /// The deployment's own id; without one it is made of the rest
    #[arg(long, value_name = "ID", requires = "domain")]
    id: Option<String>,
    /// The run that deployed it
    #[arg(long, value_name = "RUN", requires = "domain")]
    run: Option<String>,
    /// When it was deployed, as RFC 3339, or `now`
    #[arg(long, value_name = "TIME", requires = "domain", value_parser = instant)]
    deployed_at: Option<Timestamp>,
    /// Who or what deployed it
    #[arg(long, value_name = "TEXT", requires = "domain")]
    deployed_by: Option<String>,
    /// The work item that asked for it
    #[arg(long, value_name = "URL", requires = "domain")]
    work_item: Option<String>,
    /// Something it consists of: type=name, with `,arn=…` and `,url=…` if known; may be repeated
    #[arg(long = "resource", value_name = "TYPE=NAME", requires = "domain", value_parser = resource)]
    resources: Vec<Value>,
    /// How often it wants to be looked at, such as 5m
    #[arg(long, value_name = "DURATION", requires = "domain")]
    interval: Option<String>,
    /// Where its alerts go; may be repeated
    #[arg(long = "channel", value_name = "CHANNEL", requires = "domain")]
    channels: Vec<String>,
}

impl Flags {
    /// The entry that they make; `None` if there are none.
    pub(super) fn entry(self) -> Option<Result<Value, Failure>> {
        let Self { domain, environment, name, id, run, deployed_at, .. } = &self;
        let (domain, environment, name) = (domain.as_ref()?, environment.as_ref()?, name.as_ref()?);
        if id.is_none() && run.is_none() && deployed_at.is_none() {
            let what = "nothing tells this deployment from the next one";
            let detail = format!("{domain}/{environment}/{name} would be the same every time");
            let hint =
                "add --run, --id or --deployed-at (`--deployed-at now` is a new one each time)";
            return Some(Err(Failure::new(Code::Input, what, detail, hint)));
        }
        let mut entry = Map::new();
        let texts = [
            ("id", &self.id),
            ("domain", &self.domain),
            ("environment", &self.environment),
            ("unit", &self.name),
            ("run", &self.run),
            ("deployed_at", &self.deployed_at.map(|at| at.to_string())),
            ("deployed_by", &self.deployed_by),
            ("work_item", &self.work_item),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                entry.insert(key.into(), value.as_str().into());
            }
        }
        if !self.resources.is_empty() {
            entry.insert("resources".into(), self.resources.into());
        }
        let mut monitoring = Map::new();
        if let Some(interval) = self.interval {
            monitoring.insert("health_check_interval".into(), interval.into());
        }
        if !self.channels.is_empty() {
            monitoring.insert("alert_channels".into(), self.channels.into());
        }
        if !monitoring.is_empty() {
            monitoring.insert("enabled".into(), true.into());
            entry.insert("monitoring".into(), monitoring.into());
        }
        Some(Ok(entry.into()))
    }
}

/// The entries of a file, or of standard input under the name `-`.
pub(super) fn read(file: &Path) -> Result<Vec<Value>, Failure> {
    let name = file.display().to_string();
    let unreadable = |error: io::Error| {
        let hint = "check the path, and that it may be read; `-` reads standard input";
        Failure::new(Code::Input, format!("cannot read {name}"), error.to_string(), hint)
    };
    let input: Box<dyn Read> = if name == "-" {
        if io::stdin().is_terminal() {
            eprintln!("reading deployments from the terminal; Ctrl-D ends them");
        }
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    input.take(REGISTRY_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    of_bytes(&name, &bytes)
}

fn of_bytes(name: &str, bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    let refuse = |detail: String| {
        let what = format!("{name} is no registry of deployments");
        let hint =
            "it is one entry, a list of entries, or an object with a list `deployments`, as JSON";
        Failure::new(Code::Input, what, detail, hint)
    };
    if bytes.len() as u64 > REGISTRY_BYTES_MAX {
        return Err(refuse(format!("it has more than {REGISTRY_BYTES_MAX} bytes")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))? {
        Value::Array(entries) => Ok(entries),
        Value::Object(mut held) => match held.remove("deployments") {
            Some(Value::Array(entries)) => Ok(entries),
            Some(_) => Err(refuse("`deployments` is no list".into())),
            None => Ok(vec![Value::Object(held)]),
        },
        _ => Err(refuse("it is neither an object nor a list".into())),
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    match text {
        "now" => Ok(when::now()),
        text => Timestamp::parse(text).map_err(|error| error.to_string()),
    }
}

fn resource(text: &str) -> Result<Value, String> {
    let refuse = || "a resource is type=name, such as lambda=checkout,arn=arn:…".to_owned();
    let mut parts = text.split(',');
    let (kind, name) = parts.next().and_then(|first| first.split_once('=')).ok_or_else(refuse)?;
    if kind.is_empty() || name.is_empty() {
        return Err(refuse());
    }
    let mut resource = json!({ "type": kind, "name": name });
    for part in parts {
        match part.split_once('=') {
            Some((key @ ("arn" | "url"), value)) if !value.is_empty() => {
                resource[key] = value.into();
            }
            _ => return Err(refuse()),
        }
    }
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_a_list_and_a_whole_registry_are_taken_apart() {
        let read = |text: &str| of_bytes("x", text.as_bytes());
        assert_eq!(read(r#"{"id":"a"}"#).unwrap(), [json!({"id": "a"})]);
        assert_eq!(read(r#"[{"id":"a"},7]"#).unwrap(), [json!({"id": "a"}), json!(7)]);
        let registry = "\u{feff}{\"version\":\"1\",\"deployments\":[{\"id\":\"a\"}]}";
        assert_eq!(read(registry).unwrap(), [json!({"id": "a"})]);
        assert!(read(r#"{"deployments":[]}"#).unwrap().is_empty());
        for other in ["", "7", "{\"deployments\":{}}", "{"] {
            assert_eq!(read(other).unwrap_err().code, Code::Input, "{other}");
        }
    }

    #[test]
    fn a_resource_has_a_type_and_a_name_and_perhaps_more() {
        assert_eq!(
            resource("lambda=checkout,arn=arn:x:y,url=https://a/?b=c").unwrap(),
            json!({"type": "lambda", "name": "checkout", "arn": "arn:x:y", "url": "https://a/?b=c"})
        );
        for other in ["lambda", "=x", "lambda=", "lambda=x,zone=y", "lambda=x,arn="] {
            assert!(resource(other).is_err(), "{other}");
        }
    }

    fn flags(id: Option<&str>) -> Flags {
        Flags {
            domain: Some("app".into()),
            environment: Some("prod".into()),
            name: Some("shop".into()),
            id: id.map(Into::into),
            interval: Some("5m".into()),
            ..Flags::default()
        }
    }

    #[test]
    fn flags_make_an_entry_if_it_can_be_told_from_the_next_one() {
        assert_eq!(
            flags(Some("d-1")).entry().unwrap().unwrap(),
            json!({
                "id": "d-1", "domain": "app", "environment": "prod", "unit": "shop",
                "monitoring": {"enabled": true, "health_check_interval": "5m"}
            })
        );
        assert_eq!(flags(None).entry().unwrap().unwrap_err().code, Code::Input);
        assert!(Flags::default().entry().is_none());
    }
}
