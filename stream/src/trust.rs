//! Which servers a connection speaks to: over TLS with nobody but those whose certificate is good for
//! their name, and said aloud when one is not. It never goes on without TLS where TLS was asked for.

use std::path::Path;

use async_nats::{ConnectError, ConnectErrorKind, ConnectOptions};
use helmstream_schemas::Distrust;
use tokio::sync::watch;
use tracing::error;

use crate::{connect::Address, error::StreamError};

/// What opens a certificate in a file of PEM.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Whether servers of an address have to speak TLS: one that has makes all of them.
pub fn is_over_tls(url: &str) -> bool {
    url.split(',').any(|server| server.trim().starts_with("tls://"))
}

/// Looks whether there is anything to judge a server by, so that a wrong path is named; the client
/// would find an empty file and say that nobody is known.
pub(crate) async fn check(address: &Address) -> Result<(), StreamError> {
    let Some(file) = &address.trusted else { return Ok(()) };
    let found = tokio::fs::read_to_string(file).await;
    let detail = match found {
        Ok(text) if text.contains(CERTIFICATE) => return Ok(()),
        Ok(_) => no_certificate_in(file),
        Err(error) => format!("{}: {error}", file.display()),
    };
    let reason = Distrust::NothingTrusted { detail };
    Err(StreamError::Untrusted { url: address.url.clone(), reason })
}

fn no_certificate_in(file: &Path) -> String {
    format!("{}: there is no certificate in it", file.display())
}

/// Why a server was not trusted, if that is why no connection came about.
pub(crate) fn reason(error: &ConnectError) -> Option<Distrust> {
    let words = error.to_string();
    let of_another_kind = || {
        (error.kind() == ConnectErrorKind::Tls).then(|| Distrust::Other { detail: words.clone() })
    };
    Distrust::of(&words).or_else(of_another_kind)
}

/// Has TLS demanded, and `distrusted` told why a server is not trusted while the client tries on. The
/// client itself tells the reason of a failed attempt nowhere but beside the server, before the next.
pub(crate) fn secured(
    options: ConnectOptions,
    address: &Address,
    distrusted: watch::Sender<Option<Distrust>>,
) -> ConnectOptions {
    let (user, url) = (address.user.clone(), address.url.clone());
    let options = options.reconnect_to_server_callback(move |servers, _| {
        let found = servers.iter().find_map(|server| Distrust::of(server.last_error.as_deref()?));
        if let Some(reason) = found {
            distrusted.send_if_modified(|known| {
                let is_news = known.as_ref() != Some(&reason);
                if is_news {
                    error!(user, url, %reason, hint = reason.hint(), "NATS is not trusted, trying on");
                    *known = Some(reason);
                }
                is_news
            });
        }
        std::future::ready(None)
    });
    let options = match &address.trusted {
        Some(file) => options.add_root_certificates(file.clone()),
        None => options,
    };
    match is_over_tls(&address.url) {
        // What a server tells of others are addresses, which no certificate is good for.
        true => options.require_tls(true).ignore_discovered_servers(),
        false => options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_over_tls_makes_all_of_them() {
        assert!(is_over_tls("tls://a:4222") && is_over_tls("nats://a:4222, tls://b:4222"));
        assert!(!is_over_tls("nats://tls:4222"));
    }
}
