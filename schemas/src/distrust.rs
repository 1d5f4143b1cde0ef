//! Why a server that answers is not taken for the one that was meant, told alike of every server. It
//! reads what the library for TLS says, which is one for all of them; it checks nothing itself.

use std::fmt;

/// What the library puts before what is wrong with a certificate.
const OF_CERTIFICATE: &str = "invalid peer certificate: ";

/// What it says of an answer that is no TLS; and what the client of Postgres says when its server
/// declines.
const NO_TLS: [&str; 2] = ["received corrupt message", "server does not support TLS"];

/// What it says when both speak TLS and do not come together.
const NO_AGREEMENT: [&str; 2] = ["received fatal alert: ", "peer is incompatible: "];

const DAY_SECONDS: u64 = 86_400;

/// Why a server is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    UnknownAuthority,
    WrongName {
        detail: String,
    },
    Expired {
        days: u64,
    },
    NotYetValid,
    WithoutTls,
    /// The certificates by which it would be judged cannot be had.
    NothingTrusted {
        detail: String,
    },
    Other {
        detail: String,
    },
}

impl Distrust {
    /// What these words of a client are about, if they are about trust. A server that is away, or goes
    /// away in the middle, is not.
    pub fn of(words: &str) -> Option<Self> {
        if NO_TLS.iter().any(|said| words.contains(said)) {
            return Some(Self::WithoutTls);
        }
        if let Some((_, detail)) = words.split_once(OF_CERTIFICATE) {
            return Some(Self::of_certificate(detail));
        }
        let found = NO_AGREEMENT.iter().find_map(|said| words.find(said));
        found.map(|at| Self::Other { detail: words[at..].to_owned() })
    }

    fn of_certificate(detail: &str) -> Self {
        match detail {
            // The second: an authority of the same name with another key.
            "UnknownIssuer" | "BadSignature" => Self::UnknownAuthority,
            _ if detail.starts_with("certificate not valid for name") => {
                Self::WrongName { detail: detail.to_owned() }
            }
            _ if detail.starts_with("certificate expired") => {
                Self::Expired { days: seconds_ago(detail) / DAY_SECONDS }
            }
            _ if detail.starts_with("certificate not valid yet") => Self::NotYetValid,
            _ => Self::Other { detail: detail.to_owned() },
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownAuthority => {
                "`trusted` in plane.json names the file with the certificates of authorities; without it the system's count"
            }
            Self::WrongName { .. } => {
                "name the server in plane.json as its certificate does, or have a certificate made for this name"
            }
            Self::Expired { .. } => "give the server a new certificate and let it read that",
            Self::NotYetValid => "compare the clocks, then the certificate's first day",
            Self::WithoutTls => {
                "give the server a certificate and switch TLS on; nothing is ever sent to it without"
            }
            Self::NothingTrusted { .. } => {
                "`trusted` in plane.json names a file in PEM that this process may read"
            }
            Self::Other { .. } => "the server's log may say more",
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthority => {
                write!(f, "its certificate is of no authority that is trusted here")
            }
            Self::WrongName { detail } => write!(f, "its certificate is another's: {detail}"),
            Self::Expired { days: 0 } => write!(f, "its certificate expired less than a day ago"),
            Self::Expired { days } => write!(f, "its certificate expired {days} day(s) ago"),
            Self::NotYetValid => write!(f, "its certificate is not valid yet"),
            Self::WithoutTls => write!(f, "it does not speak TLS"),
            Self::NothingTrusted { detail } => {
                write!(f, "there is nothing to judge it by: {detail}")
            }
            Self::Other { detail } => write!(f, "TLS does not come about: {detail}"),
        }
    }
}

/// From `… (259200 seconds ago)`.
fn seconds_ago(detail: &str) -> u64 {
    let number = detail.rsplit_once('(').and_then(|(_, end)| end.split_once(" seconds ago"));
    number.and_then(|(number, _)| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_trust_is_told_from_a_server_that_is_away() {
        let told = |words| Distrust::of(words).map(|reason| reason.to_string());
        assert_eq!(told("IO error: Connection refused (os error 111)"), None);
        assert_eq!(told("IO error: tls handshake eof"), None);
        for unknown in ["UnknownIssuer", "BadSignature"] {
            let words = format!("IO error: invalid peer certificate: {unknown}");
            assert_eq!(Distrust::of(&words), Some(Distrust::UnknownAuthority), "{unknown}");
        }
        let expired = "IO error: invalid peer certificate: certificate expired: verification time 900000 (UNIX), \
                       but certificate is not valid after 640800 (259200 seconds ago)";
        assert_eq!(told(expired).as_deref(), Some("its certificate expired 3 day(s) ago"));
        assert_eq!(
            told("error performing TLS handshake: server does not support TLS").as_deref(),
            Some("it does not speak TLS")
        );
        assert_eq!(
            told("IO error: received fatal alert: CertificateRequired").as_deref(),
            Some("TLS does not come about: received fatal alert: CertificateRequired")
        );
    }
}
