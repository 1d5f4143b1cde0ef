//! Who may what: permissions beside their files, secrets that others may read, and addresses that
//! others may reach. Each finding says what was compared, because not everything can be.

use std::net::{IpAddr, SocketAddr};

use helmstream_stream::trust::is_over_tls;

use super::{
    Finding, Severity,
    facts::{Facts, Here, Nats, Treated},
    limits::DOCTOR_NAMES_MAX,
    named,
};
use crate::amounts::counted;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![accounts(&facts.here)];
    all.extend(facts.nats.as_ref().ok().map(users));
    all.extend([secrets(&facts.here), binds(&facts.here)]);
    all
}

fn accounts(here: &Here) -> Finding {
    match &here.accounts {
        None => Finding::new(
            "permissions",
            Severity::Note,
            "there is no nats/accounts.conf here, and NATS tells nobody of the plane what its users may: compare the server's accounts with nats/permissions by hand",
        )
        .figure("compared", false),
        Some(differing) if differing.is_empty() => Finding::new(
            "permissions",
            Severity::Fine,
            "nats/accounts.conf, with which the server here is started, says what nats/permissions says",
        )
        .figure("compared", true),
        Some(differing) => {
            // Each is a sentence.
            let first = &differing[..differing.len().min(DOCTOR_NAMES_MAX)];
            let more = match differing.len() - first.len() {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let what =
                format!("nats/accounts.conf is not as nats/permissions: {}{more}", first.join("; "));
            Finding::new("permissions", Severity::Wrong, what)
                .figure("compared", true)
                .figure("differences", differing.clone())
                .advised(
                    "`helmstream setup --check` tells each; `helmstream up` writes the file anew, elsewhere `helmstream init`; then reload NATS",
                    "doctor/permissions.md",
                )
        }
    }
}

/// What the running server itself shows.
fn users(nats: &Nats) -> Finding {
    let of = |wanted: fn(&Treated) -> bool| -> Vec<String> {
        let those = nats.users.iter().filter(|(_, treated)| wanted(treated));
        those.map(|(user, _)| user.clone()).collect()
    };
    let wide = of(|treated| *treated == Treated::Wide);
    let locked_out = of(|treated| matches!(treated, Treated::NotLetIn(_)));
    let unknown = of(|treated| *treated == Treated::Unknown);
    let confined = of(|treated| *treated == Treated::Confined);
    let mut parts = Vec::new();
    if !wide.is_empty() {
        parts.push(format!("may more than their file says: {}", named(&wide)));
    }
    if !locked_out.is_empty() {
        parts.push(format!("are not let in: {}", named(&locked_out)));
    }
    if !unknown.is_empty() {
        parts.push(format!("could not be tried: {}", named(&unknown)));
    }
    let severity = match () {
        () if !wide.is_empty() || !locked_out.is_empty() => Severity::Wrong,
        () if !unknown.is_empty() => Severity::Note,
        () => Severity::Fine,
    };
    if parts.is_empty() {
        let count = counted(confined.len() as u64, "user");
        parts.push(format!(
            "{count} of the running server were each denied one subject that no file allows; more it tells nobody"
        ));
    }
    let told = Finding::new("users", severity, parts.join("; "))
        .figure("confined", confined.len())
        .figure("wide", wide)
        .figure("not_let_in", locked_out);
    match severity {
        Severity::Wrong => told.advised(
            "give the server the accounts of nats/permissions and reload it",
            "doctor/permissions.md",
        ),
        _ => told,
    }
}

fn secrets(here: &Here) -> Finding {
    if here.open_secrets.is_empty() {
        let what = format!(
            "{} below secrets/, readable by their owner only",
            counted(here.secrets as u64, "file")
        );
        return Finding::new("secrets", Severity::Fine, what).figure("files", here.secrets);
    }
    let names: Vec<String> =
        here.open_secrets.iter().map(|(path, mode)| format!("{path} ({mode:03o})")).collect();
    Finding::new("secrets", Severity::Wrong, format!("others may read or change {}", named(&names)))
        .figure("files", here.secrets)
        .figure("open", here.open_secrets.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>())
        .advised(
            "`chmod -R go= secrets` in the plane's directory; the page says which can be made anew if somebody else may have read them",
            "doctor/secrets.md",
        )
}

/// What is reached from other machines, as `plane.json` says. What a process was told on its command
/// line is not known here.
fn binds(here: &Here) -> Finding {
    let mut open = Vec::new();
    let mut is_plain = false;
    if !is_loopback(&host_of(&here.nats_url)) {
        let is_tls = is_over_tls(&here.nats_url);
        is_plain |= !is_tls;
        open.push(format!("NATS at {}{}", here.nats_url, if is_tls { "" } else { " without TLS" }));
    }
    if !is_loopback(&here.postgres_host) && !here.postgres_host.starts_with('/') {
        is_plain |= !here.postgres_tls;
        let how = if here.postgres_tls { "" } else { " without TLS" };
        open.push(format!("Postgres at {}{how}", here.postgres_host));
    }
    let beyond = |at: Option<SocketAddr>| at.filter(|at| !at.ip().is_loopback());
    if let Some(at) = beyond(here.http) {
        open.push(format!("HTTP at {at}, which `serve` takes only with TLS or behind a proxy"));
    }
    if let Some(at) = beyond(here.metrics) {
        open.push(format!("metrics at {at}"));
    }
    if open.is_empty() {
        let what = "every address of plane.json is on this machine (those given to `serve` are not known here)";
        return Finding::new("binds", Severity::Fine, what).figure("beyond_loopback", 0);
    }
    let severity = if is_plain { Severity::Warning } else { Severity::Note };
    let told = Finding::new("binds", severity, format!("beyond this machine: {}", open.join("; ")))
        .figure("beyond_loopback", open.len());
    match is_plain {
        true => told.advised(
            "what is read and written can be read on the way, and another server can take the place of this one: in plane.json tls:// in `nats_url`, and `\"tls\": true` of `postgres`",
            "doctor/binds.md",
        ),
        false => told,
    }
}

/// The host of the first address that is not this machine's; else of the first.
fn host_of(urls: &str) -> String {
    let hosts = urls.split(',').map(|url| {
        let place = url.trim().rsplit("://").next().unwrap_or_default();
        let place = place.rsplit('@').next().unwrap_or_default();
        place.rsplit_once(':').map_or(place, |(host, _)| host).trim_matches(['[', ']']).to_owned()
    });
    let hosts: Vec<String> = hosts.collect();
    hosts.iter().find(|host| !is_loopback(host)).or(hosts.first()).cloned().unwrap_or_default()
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
}
