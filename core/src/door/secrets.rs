//! Forms of secrets that are known well enough to be taken out of any text. What is found is
//! replaced by a word for it, never by a part of it.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use crate::access::form::FORM;

/// What kind of secret, and what it looks like.
const FORMS: [(&str, &str); 17] = [
    (
        "private_key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    ),
    ("github_token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})"),
    ("gitlab_token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("aws_access_key_id", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("google_api_key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("slack_token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("slack_webhook", r"https://hooks\.slack\.com/services/[A-Za-z0-9/_-]+"),
    ("stripe_key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    ("api_key", r"\bsk-[A-Za-z0-9_-]{20,}"),
    ("npm_token", r"\bnpm_[A-Za-z0-9]{36}"),
    ("pypi_token", r"\bpypi-[A-Za-z0-9_-]{30,}"),
    ("json_web_token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("helmstream_token", FORM),
    ("nats_seed", r"\bS[ACNOU][A-Z2-7]{56}\b"),
    ("bearer_token", r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*"),
    ("url_credentials", r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@"),
    (
        "assigned_secret",
        r#"(?i)\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)\s*[=:]\s*['"]?[^\s'",;]{6,}"#,
    ),
];

static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(FORMS.map(|(_, form)| form)).expect("the forms are well formed")
});
static EACH: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    FORMS.iter().map(|(_, form)| Regex::new(form).expect("the form is well formed")).collect()
});

/// Keys whose value is a secret whatever it looks like.
static SECRET_KEY: LazyLock<Regex> = LazyLock::new(|| {
    let form = r"(?i)^(?:.*[_-])?(?:password|passwd|passphrase|secret|secret[_-]?key|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|authorization|credentials?)$";
    Regex::new(form).expect("the form is well formed")
});

/// Takes known forms of secrets out of a text; the kinds found, in the order of `FORMS`.
pub(super) fn remove(text: &str) -> Option<(String, Vec<&'static str>)> {
    let found = SET.matches(text);
    if !found.matched_any() {
        return None;
    }
    let mut cleaned = text.to_owned();
    let mut kinds = Vec::new();
    for index in found.iter() {
        let (kind, _) = FORMS[index];
        let replaced = EACH[index].replace_all(&cleaned, format!("[removed: {kind}]"));
        if replaced != cleaned {
            kinds.push(kind);
            cleaned = replaced.into_owned();
        }
    }
    Some((cleaned, kinds))
}

/// Whether the value under such a key is a secret by its name.
pub(super) fn is_secret_key(key: &str) -> bool {
    SECRET_KEY.is_match(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no scanner takes this file for a leak.
    fn examples() -> Vec<(&'static str, String)> {
        vec![
            ("github_token", format!("gh{}_{}", "p", "a1".repeat(18))),
            ("github_token", format!("github{}_{}", "_pat", "A1".repeat(20))),
            ("gitlab_token", format!("gl{}-{}", "pat", "x".repeat(20))),
            ("aws_access_key_id", format!("AK{}{}", "IA", "Q7".repeat(8))),
            ("google_api_key", format!("AI{}{}", "za", "b".repeat(35))),
            ("slack_token", format!("xo{}-{}", "xb", "1".repeat(12))),
            ("slack_webhook", format!("https://hooks.{}/services/T0/B0/x", "slack.com")),
            ("stripe_key", format!("sk_{}_{}", "live", "4".repeat(20))),
            ("api_key", format!("sk{}{}", "-", "z".repeat(24))),
            ("npm_token", format!("np{}_{}", "m", "k".repeat(36))),
            ("pypi_token", format!("py{}-{}", "pi", "k".repeat(36))),
            ("json_web_token", format!("ey{0}.ey{0}.{1}", "Jhbgciocm", "s".repeat(12))),
            ("helmstream_token", format!("hs{}_{}_{}", "t", "a1".repeat(6), "Z".repeat(43))),
            ("nats_seed", format!("SU{}", "A".repeat(56))),
            ("bearer_token", format!("Bea{} {}", "rer", "t".repeat(20))),
            ("url_credentials", format!("postgres://app:{}@db/x", "hunter2")),
            ("assigned_secret", format!("pass{}=correct-horse", "word")),
            (
                "private_key",
                format!("-----BEGIN {0}-----\nMIIB\n-----END {0}-----", "RSA PRIVATE KEY"),
            ),
        ]
    }

    #[test]
    fn every_known_form_is_taken_out_and_what_stands_around_it_stays() {
        for (kind, secret) in examples() {
            let (cleaned, kinds) = remove(&format!("before {secret} after")).expect(kind);
            assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
            assert!(cleaned.starts_with("before ") && cleaned.contains("after"), "{cleaned}");
            assert!(cleaned.contains(&format!("[removed: {kind}]")), "{cleaned}");
        }
        let kinds: std::collections::BTreeSet<_> = examples().into_iter().map(|(k, _)| k).collect();
        assert_eq!(kinds.len(), FORMS.len(), "every form has an example");
    }

    #[test]
    fn plain_words_stay() {
        for text in
            ["", "the token bucket is full", "sk-short", "https://example.com/a:b@c", "secret: no"]
        {
            assert_eq!(remove(text), None, "{text}");
        }
    }

    #[test]
    fn keys_that_name_a_secret_are_known_and_their_neighbours_are_not() {
        for key in ["password", "GITHUB_TOKEN", "api-key", "client_secret", "Authorization"] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["tokens_used", "secretary", "key", "author", "passed"] {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
