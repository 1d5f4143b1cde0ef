//! Where traces go and which of them are told, as the command line and the environment say it: under
//! the names that OpenTelemetry has for it, where it has one.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::limits::HEADERS_FILE_BYTES_MAX;
use crate::{outward, owned};

/// The headers themselves, where nothing better can hold them.
const HEADERS_VARIABLE: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// Whether traces are told, and to whom.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TraceArgs {
    /// Tell traces over OTLP to URL/v1/traces
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    pub otlp: Option<String>,
    /// The file with headers for it, NAME=VALUE a line
    #[arg(long, value_name = "FILE", env = "HELMSTREAM_OTLP_HEADERS_FILE", hide_env_values = true)]
    pub otlp_headers_file: Option<PathBuf>,
    /// Certificates that are trusted for it besides those of the system, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "OTEL_EXPORTER_OTLP_CERTIFICATE",
        hide_env_values = true
    )]
    pub otlp_certificate: Option<PathBuf>,
    /// Which traces begin here: parentbased_always_off, parentbased_always_on,
    /// parentbased_traceidratio [default: parentbased_always_off]
    #[arg(long, value_name = "NAME", env = "OTEL_TRACES_SAMPLER", hide_env_values = true)]
    pub traces_sampler: Option<String>,
    /// The share of them for parentbased_traceidratio, from 0 to 1
    #[arg(long, value_name = "SHARE", env = "OTEL_TRACES_SAMPLER_ARG", hide_env_values = true)]
    pub traces_sampler_arg: Option<String>,
}

/// What is meant by that.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) to: Url,
    pub(super) headers: HeaderMap,
    pub(super) certificate: Option<PathBuf>,
    pub(super) sampler: Sampler,
}

/// Which of the traces begin that nobody else has begun: those whose last seven bytes, which are
/// random, are below a bound. Others go by the flag of whoever began them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampler(u64);

impl Sampler {
    pub(super) const NONE: Self = Self(0);
    const ALL: Self = Self(1 << 56);

    fn named(name: Option<&str>, share: Option<&str>) -> Result<Self> {
        Ok(match name {
            None | Some("parentbased_always_off") => Self::NONE,
            Some("parentbased_always_on") => Self::ALL,
            Some("parentbased_traceidratio") => {
                let text = share.unwrap_or("1");
                let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
                let share: f64 = share.with_context(|| {
                    format!("`{text}` is no share of traces\nset OTEL_TRACES_SAMPLER_ARG to a number from 0 to 1")
                })?;
                Self((share * Self::ALL.0 as f64) as u64)
            }
            Some(other) => bail!(
                "`{other}` is no sampler that is known here\n\
                 set OTEL_TRACES_SAMPLER to parentbased_always_off, parentbased_always_on or parentbased_traceidratio"
            ),
        })
    }

    pub(super) fn begins(self, trace_id: &[u8; 16]) -> bool {
        let [.., a, b, c, d, e, f, g] = *trace_id;
        u64::from_be_bytes([0, a, b, c, d, e, f, g]) < self.0
    }
}

impl TraceArgs {
    /// What is meant; nothing if nobody is to be told.
    pub(super) fn settings(&self) -> Result<Option<Settings>> {
        // A variable that is empty is one that is not set.
        let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let file =
            |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
        let Some(otlp) = said(&self.otlp) else { return Ok(None) };
        let to = address(&otlp)?;
        let sampler = Sampler::named(
            said(&self.traces_sampler).as_deref(),
            said(&self.traces_sampler_arg).as_deref(),
        )?;
        let headers = match file(&self.otlp_headers_file) {
            Some(file) => of_file(&file)?,
            None => headers(&env::var(HEADERS_VARIABLE).unwrap_or_default().replace(',', "\n"))
                .with_context(|| format!("cannot use {HEADERS_VARIABLE}"))?,
        };
        ensure!(
            headers.is_empty() || to.scheme() == "https" || outward::is_here(&to),
            "cannot tell traces to {}: its headers would travel in the clear\n\
             use https://, or http:// on this machine only, or send no headers",
            shown(&to)
        );
        Ok(Some(Settings { to, headers, certificate: file(&self.otlp_certificate), sampler }))
    }
}

/// An address without what may be a secret in it.
pub(super) fn shown(to: &Url) -> String {
    let port = to.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", to.scheme(), to.host_str().unwrap_or_default())
}

fn address(text: &str) -> Result<Url> {
    let way_out = "give --otlp an address such as http://127.0.0.1:4318";
    let url = text.trim().parse::<Url>().ok().filter(|url| url.host_str().is_some());
    let mut url =
        url.with_context(|| format!("cannot tell traces: that is no address\n{way_out}"))?;
    ensure!(
        matches!(url.scheme(), "http" | "https"),
        "cannot tell traces to {}: only http:// and https:// are spoken\n{way_out}",
        shown(&url)
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "cannot tell traces to {}: its address has a user or a password in it, which everybody on this machine can read\n\
         give them in the file of --otlp-headers-file, as authorization=Basic%20…",
        shown(&url)
    );
    let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn of_file(file: &Path) -> Result<HeaderMap> {
    const WHAT: &str = "the headers for traces";
    let text = owned::read(WHAT, file, HEADERS_FILE_BYTES_MAX)?;
    headers(&text).with_context(|| format!("cannot read {WHAT} in {}", file.display()))
}

/// Headers, one a line; their values are never shown.
fn headers(text: &str) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for (number, line) in lines.enumerate() {
        let at = number + 1;
        let (name, value) =
            line.split_once('=').with_context(|| format!("header {at} is not NAME=VALUE"))?;
        let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy();
        let name: HeaderName =
            name.trim().parse().ok().with_context(|| format!("header {at} has no name of one"))?;
        let mut value = HeaderValue::from_str(&value)
            .ok()
            .with_context(|| format!("header {at} holds what no header holds"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn args(otlp: &str) -> TraceArgs {
        TraceArgs { otlp: Some(otlp.into()), ..TraceArgs::default() }
    }

    #[test]
    fn without_an_address_nobody_is_told() {
        assert!(TraceArgs::default().settings().unwrap().is_none());
        assert!(args(" ").settings().unwrap().is_none());
    }

    #[test]
    fn the_path_of_traces_is_put_behind_the_address() {
        for (given, wanted) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otlp.example.com/tenant/", "https://otlp.example.com/tenant/v1/traces"),
        ] {
            assert_eq!(args(given).settings().unwrap().unwrap().to.as_str(), wanted);
        }
        for wrong in ["127.0.0.1", "grpc://127.0.0.1:4317", "http://"] {
            assert!(args(wrong).settings().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_with_a_password_in_it_is_refused_without_being_shown() {
        for wrong in ["https://plane:s3cret@otlp.example.com", "http://s3cret@127.0.0.1:4318"] {
            let refused = args(wrong).settings().unwrap_err().to_string();
            assert!(refused.contains("--otlp-headers-file"), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn headers_are_a_secret_of_their_owner_and_leave_no_machine_in_the_clear() {
        let file = env::temp_dir().join(format!("helmstream-otlp-{}", uuid::Uuid::new_v4()));
        fs::write(&file, "authorization=Bearer%20s3cret\nx-scope = plane\n").unwrap();
        let with_file = |otlp| TraceArgs { otlp_headers_file: Some(file.clone()), ..args(otlp) };
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let open = with_file("https://otlp.example.com").settings().unwrap_err();
        assert!(open.to_string().contains("others can read it"), "{open:#}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let settings = with_file("https://otlp.example.com").settings().unwrap().unwrap();
        assert_eq!(settings.headers["authorization"], "Bearer s3cret");
        assert_eq!(settings.headers["x-scope"], "plane");
        assert!(!format!("{settings:?}").contains("s3cret"));
        assert!(with_file("http://localhost:4318").settings().is_ok());
        let clear = with_file("http://otlp.example.com").settings().unwrap_err();
        assert!(clear.to_string().contains("in the clear"), "{clear:#}");
        fs::remove_file(&file).unwrap();
        assert!(!format!("{:#}", headers("s3cret").unwrap_err()).contains("s3cret"));
    }

    #[test]
    fn a_share_of_traces_begins_and_it_is_the_same_for_whoever_looks() {
        let named = |name, share| Sampler::named(Some(name), share);
        let half = named("parentbased_traceidratio", Some("0.5")).unwrap();
        let ids: Vec<_> = (0..2_000).map(|_| *uuid::Uuid::new_v4().as_bytes()).collect();
        let begin = |sampler: Sampler| ids.iter().filter(|id| sampler.begins(id)).count();
        assert!((800..1_200).contains(&begin(half)), "{}", begin(half));
        assert_eq!(begin(named("parentbased_always_on", None).unwrap()), 2_000);
        assert_eq!(begin(named("parentbased_always_off", Some("1")).unwrap()), 0);
        assert_eq!(begin(Sampler::named(None, None).unwrap()), 0);
        for (name, share) in [
            ("always", None),
            ("parentbased_traceidratio", Some("2")),
            ("parentbased_traceidratio", Some("x")),
        ] {
            assert!(named(name, share).is_err(), "{name} {share:?}");
        }
    }
}
