//! What somebody has to be allowed to publish an event of a type, for doors that know of rights. Who
//! may answer what is decided by the aggregate all the same; this only keeps out at the door whom
//! the door can tell apart.

use helmstream_schemas::{Context, access::Right};

use super::{asks, entity, faber, file};

/// What publishing an event of this type takes, and what it is about.
pub(super) fn needs(kind: &str) -> (Right, Context) {
    let is_told = file::is_file(kind) || entity::is_entity_event(kind);
    if is_told || (faber::is_faber(kind) && !asks::is_ours(kind)) {
        return (Right::Publish, Context::Run);
    }
    if !asks::is_ours(kind) {
        return (Right::Publish, Context::External);
    }
    let (context, word) =
        kind.strip_prefix("helmstream.").and_then(|rest| rest.split_once('.')).unwrap_or_default();
    match (context, word) {
        ("approval", "request.v1" | "withdraw.v1") => (Right::Publish, Context::Approval),
        ("approval", _) => (Right::Approve, Context::Approval),
        ("deployment", _) => (Right::Operate, Context::Deployment),
        ("dead_letter", _) => (Right::Operate, Context::DeadLetter),
        ("access", _) => (Right::Administer, Context::Access),
        _ => (Right::Administer, Context::Plane),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_takes_another_right_than_asking_for_it_and_what_is_unknown_takes_the_highest() {
        for (kind, wanted) in [
            ("com.example.thing", (Right::Publish, Context::External)),
            ("io.fractary.faber.step", (Right::Publish, Context::Run)),
            ("helmstream.faber.file.v1", (Right::Publish, Context::Run)),
            ("helmstream.faber.entity_event.v1", (Right::Publish, Context::Run)),
            ("helmstream.approval.request.v1", (Right::Publish, Context::Approval)),
            ("helmstream.approval.grant.v1", (Right::Approve, Context::Approval)),
            ("helmstream.approval.grant.v2", (Right::Approve, Context::Approval)),
            ("helmstream.dead_letter.retry.v1", (Right::Operate, Context::DeadLetter)),
            ("helmstream.deployment.retire.v1", (Right::Operate, Context::Deployment)),
            ("helmstream.faber.unknown.v1", (Right::Administer, Context::Plane)),
            ("helmstream.access.create.v1", (Right::Administer, Context::Access)),
            ("helmstream.x", (Right::Administer, Context::Plane)),
        ] {
            assert_eq!(needs(kind), wanted, "{kind}");
        }
    }
}
