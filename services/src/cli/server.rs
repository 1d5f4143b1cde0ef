//! Finds the server that is meant, if one is: by its address, or by the name that a person's own
//! file of profiles has for it. A token comes from a file, from a program that knows it, or from the
//! environment, and never from an argument, which everybody on the machine can read.

use std::{
    collections::BTreeMap,
    env,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use reqwest::{Url, header::HeaderValue};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    client::{Code, Failure},
    outward::is_here,
    owned::is_open,
};

/// The token itself, where nothing better can hold it.
const TOKEN_VARIABLE: &str = "HELMSTREAM_TOKEN";

/// Which server is meant, as the command line says it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ServerArgs {
    /// Ask the plane at this address over HTTP, instead of one on this machine
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "HELMSTREAM_SERVER",
        hide_env_values = true
    )]
    #[arg(help_heading = super::GLOBAL, conflicts_with = "plane")]
    server: Option<Url>,

    /// Ask the plane of that name in profiles.toml
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "HELMSTREAM_PROFILE",
        hide_env_values = true
    )]
    #[arg(help_heading = super::GLOBAL, conflicts_with_all = ["plane", "server"])]
    profile: Option<String>,

    /// The file that holds the token for the server
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HELMSTREAM_TOKEN_FILE",
        hide_env_values = true
    )]
    #[arg(help_heading = super::GLOBAL)]
    token_file: Option<PathBuf>,
}

/// A server, and what proves who asks.
pub(super) struct Server {
    pub(super) url: Url,
    pub(super) token: HeaderValue,
    pub(super) trusted: Option<PathBuf>,
}

/// What `profiles.toml` holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[serde(deserialize_with = "address")]
    server: Url,
    token_file: Option<PathBuf>,
    /// A program and its arguments; it writes the token to its output.
    token_command: Option<Vec<String>>,
    /// Certificates that are trusted besides those of the system, in PEM.
    trusted: Option<PathBuf>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

impl ServerArgs {
    /// Refuses a server for a command that looks at a plane's own directory: it would look at another
    /// plane than is meant.
    pub(super) fn none_for(&self, command: &str) -> Result<(), Failure> {
        if self.server.is_none() && self.profile.is_none() {
            return Ok(());
        }
        let what = format!("cannot ask a server for `{command}`");
        let detail = "it works in place only, on the plane of --plane";
        let hint = "leave out --server and --profile; HELMSTREAM_SERVER and HELMSTREAM_PROFILE say the same";
        Err(Failure::new(Code::Setting, what, detail, hint))
    }

    /// The server that is meant; nothing if a plane on this machine is.
    pub(super) fn server(&self) -> Result<Option<Server>, Failure> {
        let profile = match (&self.server, &self.profile) {
            (Some(server), _) => Profile {
                server: server.clone(),
                token_file: None,
                token_command: None,
                trusted: None,
            },
            (None, Some(name)) => profile(name)?,
            (None, None) => return Ok(None),
        };
        is_safe(&profile.server)?;
        let token = token(self.token_file.as_deref(), &profile)?;
        let mut token = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| no_token("it holds what no token holds".into()))?;
        token.set_sensitive(true);
        Ok(Some(Server { url: profile.server, token, trusted: profile.trusted }))
    }
}

fn profile(name: &str) -> Result<Profile, Failure> {
    let file = profiles_file();
    let cannot = |detail: String| {
        let what = format!("cannot read {}", file.display());
        Failure::new(Code::Input, what, detail, "docs/guides/http.md shows what it holds")
    };
    let text = match std::fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text.map_err(|error| cannot(error.to_string()))?,
    };
    let mut held: Profiles = toml::from_str(&text).map_err(|error| cannot(error.to_string()))?;
    held.profiles.remove(name).ok_or_else(|| {
        let known: Vec<String> = held.profiles.into_keys().collect();
        let detail = match known.is_empty() {
            true => format!("{} names none", file.display()),
            false => format!("known are {}", known.join(", ")),
        };
        let what = format!("there is no profile `{name}`");
        Failure::new(Code::NotFound, what, detail, "docs/guides/http.md shows how to write one")
    })
}

fn profiles_file() -> PathBuf {
    let home = || env::var_os("HOME").map_or_else(PathBuf::new, PathBuf::from).join(".config");
    let config = env::var_os("XDG_CONFIG_HOME").map_or_else(home, PathBuf::from);
    config.join("helmstream/profiles.toml")
}

/// A token is sent in the clear to nobody but this machine.
fn is_safe(server: &Url) -> Result<(), Failure> {
    if server.scheme() == "https" || (server.scheme() == "http" && is_here(server)) {
        return Ok(());
    }
    let host = server.host_str().unwrap_or_default();
    let what = format!("the token would travel in the clear to {host}");
    Err(Failure::new(Code::Input, what, "", "use https://, or http:// on this machine only"))
}

fn token(named: Option<&Path>, profile: &Profile) -> Result<String, Failure> {
    let text = match (named.or(profile.token_file.as_deref()), &profile.token_command) {
        (Some(file), _) => from_file(file)?,
        (None, Some(command)) => from_program(command)?,
        (None, None) => env::var(TOKEN_VARIABLE).map_err(|_| {
            no_token(format!(
                "neither --token-file nor a profile names one, and {TOKEN_VARIABLE} is not set"
            ))
        })?,
    };
    match text.trim() {
        "" => Err(no_token("what should hold it is empty".into())),
        token => Ok(token.to_owned()),
    }
}

fn from_file(file: &Path) -> Result<String, Failure> {
    let cannot = |detail: String| no_token(format!("{}: {detail}", file.display()));
    let mode = std::fs::metadata(file).map_err(|error| cannot(error.to_string()))?.mode();
    if is_open(mode) {
        return Err(cannot(format!("others can read it; `chmod 600 {}`", file.display())));
    }
    std::fs::read_to_string(file).map_err(|error| cannot(error.to_string()))
}

fn from_program(command: &[String]) -> Result<String, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(no_token("token_command names no program".into()));
    };
    let cannot = |detail: String| no_token(format!("{program}: {detail}"));
    let ran = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot(error.to_string()))?;
    if !ran.status.success() {
        return Err(cannot(ran.status.to_string()));
    }
    String::from_utf8(ran.stdout).map_err(|_| cannot("what it wrote is no text".into()))
}

fn no_token(detail: String) -> Failure {
    let hint = "`helmstream token create --file FILE` makes one; --token-file FILE names it";
    Failure::new(Code::NotLetIn, "there is no token for the server", detail, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_in_the_clear_to_nobody_but_this_machine() {
        for (url, is_fine) in [
            ("https://plane.example.com", true),
            ("http://127.0.0.1:7420", true),
            ("http://localhost:7420/plane", true),
            ("http://[::1]:7420", true),
            ("http://plane.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(is_safe(&url.parse().unwrap()).is_ok(), is_fine, "{url}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = env::temp_dir().join(format!("helmstream-token-{}", std::process::id()));
        std::fs::write(&file, " hst_x \n").unwrap();
        let profile = Profile {
            server: "https://a".parse().unwrap(),
            token_file: Some(file.clone()),
            token_command: None,
            trusted: None,
        };
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
        mode(0o644).unwrap();
        let refused = token(None, &profile).unwrap_err();
        assert!(refused.detail.contains("others can read it"), "{refused:?}");
        mode(0o600).unwrap();
        assert_eq!(token(None, &profile).unwrap(), "hst_x");
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn a_program_can_know_the_token() {
        let command = ["printf", "hst_y\\n"].map(str::to_owned);
        assert_eq!(from_program(&command).unwrap().trim(), "hst_y");
        assert!(from_program(&["false".to_owned()]).is_err());
    }
}
