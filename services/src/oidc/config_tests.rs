//! What `oidc.toml` may say, and that nothing else is passed over.

use super::*;

const GOOD: &str = r#"
[[issuer]]
issuer = "https://login.example.com/realms/ops"
audience = "helmstream"
kind = "human"
roles_claim = "groups"

[[issuer.role]]
value = "plane-admins"
role = "admin"

[[issuer.role]]
value = "on-call"
role = "approver"
scopes = ["approval", "run"]
"#;

fn said(text: &str) -> String {
    format!("{:#}", Config::read(text).expect_err(text))
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let config = Config::read(GOOD).unwrap();
    let rules = &config.issuers[0];
    assert!(!config.insecure_loopback);
    assert_eq!(rules.algorithms, [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]);
    assert_eq!((rules.actor_claim.as_str(), rules.actor_prefix.as_str()), ("sub", ""));
    assert_eq!((rules.roles[0].role, rules.roles[1].scopes.len()), (Role::Admin, 2));
    assert!(rules.reserved.contains("operator") && rules.reserved.contains("helmstream/door"));
    assert!(Config::read("").unwrap().issuers.is_empty());
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let with = |line: &str| GOOD.replacen("kind =", &format!("{line}\nkind ="), 1);
    let unknown = said(&with("audiance = \"x\""));
    assert!(unknown.contains("audiance") && unknown.contains("line 5"), "{unknown}");
    let unknown = said(&GOOD.replace("value = \"on-call\"", "valeu = \"on-call\""));
    assert!(unknown.contains("valeu") && unknown.contains("line 1"), "{unknown}");
    let unknown = said("insecure = true");
    assert!(unknown.contains("insecure"), "{unknown}");
}

#[test]
fn what_would_let_in_anybody_is_refused() {
    let cases = [
        ("kind =", "algorithms = [\"HS256\"]\nkind =", "HS256"),
        ("kind =", "algorithms = [\"none\"]\nkind =", "none"),
        ("kind =", "algorithms = []\nkind =", "algorithms"),
        ("kind =", "actor_prefix = \"service:\"\nkind =", "kept for the plane"),
        ("\"human\"", "\"agent\"", "an agent cannot have role `admin`"),
        ("\"human\"", "\"robot\"", "robot"),
        ("\"helmstream\"", "\"\"", "audience"),
        ("\"groups\"", "\"\"", "roles_claim"),
        ("role = \"admin\"", "role = \"root\"", "root"),
        ("\"run\"", "\"everything\"", "everything"),
        ("https://login", "http://login", "https://"),
        ("https://login.example.com", "http://127.0.0.1:8080", "insecure_loopback"),
        ("https://login", "https://a:b@login", "no user"),
        ("/realms/ops", "/realms/ops?x=1", "`?`"),
        ("https://login.example.com/realms/ops", "login.example.com", "issuer 1"),
    ];
    for (from, to, why) in cases {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        assert!(said(&text).contains(why), "{to}: {}", said(&text));
    }
    let twice = format!("{GOOD}{GOOD}");
    assert!(said(&twice).contains("twice"));
    let nobody = GOOD.split("[[issuer.role]]").next().unwrap();
    assert!(said(nobody).contains("role"), "{}", said(nobody));
}

#[test]
fn without_tls_only_this_very_machine_is_asked_and_only_if_that_was_said() {
    for host in ["127.0.0.1", "127.8.9.1", "[::1]"] {
        assert!(address(&format!("http://{host}:1/x"), true).is_ok(), "{host}");
        assert!(address(&format!("http://{host}:1/x"), false).is_err(), "{host}");
    }
    // A name may stand for any machine.
    for host in ["localhost", "127.0.0.1.example.com", "10.0.0.1", "169.254.169.254", "0.0.0.0"] {
        assert!(address(&format!("http://{host}/x"), true).is_err(), "{host}");
    }
    let trusted = GOOD.replace("https://login.example.com", "http://127.0.0.1:8080");
    let trusted = format!("insecure_loopback = true\n{trusted}");
    let trusted = trusted.replacen("kind =", "trusted = \"ours.pem\"\nkind =", 1);
    assert!(said(&trusted).contains("over TLS"), "{}", said(&trusted));
    for other in ["file:///etc/passwd", "ftp://x/y", "gopher://x", ""] {
        assert!(address(other, true).is_err(), "{other}");
    }
}
