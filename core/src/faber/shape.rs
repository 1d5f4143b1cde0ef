//! The shapes that files of a FABER project have, each under the name by which the table of
//! `docs/guides/faber.md` lists it.

/// What a file of a FABER project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// One event of a run.
    Event,
    /// Events of a run, one a line.
    EventLog,
    /// A state whose phases are a map with lists of steps: as a run begins.
    StateNested,
    /// A state whose phases are a list beside a list of steps: as runs leave it.
    StateListed,
    /// A state whose phases are a map with maps of steps.
    StateKeyed,
    /// A state whose phases list the ids of the steps that are done.
    StateIds,
    /// What a run was begun with.
    Metadata,
    /// What runs published, one entry a line.
    Changelog,
    /// A plan of runs.
    Plan,
    /// A plan in the form of FABER's schema, or of its first planner.
    PlanSimple,
    /// A workflow that runs follow.
    Workflow,
    /// The registry of deployments.
    Deployments,
    /// The registry of what faber-cloud deployed.
    CloudRegistry,
    /// What failed while faber-cloud deployed.
    CloudIssues,
    /// How an entity stands.
    Entity,
    /// What was done to an entity.
    EntityHistory,
    /// Which entities have what in common.
    EntityIndex,
    /// An entity's event, as it is sent to Helm.
    EntityEvent,
    /// Working trees of a repository.
    Worktrees,
    /// Environments and what they allow.
    Environments,
    /// Domains that Helm watches, as shipped.
    DomainRegistry,
    /// Domains that Helm watches, as specified.
    DomainRegistrySpec,
    /// One domain that Helm watches.
    DomainEntry,
    /// How the resources of an environment fare.
    HealthReport,
    /// One issue, in full.
    Issue,
    /// One issue, flat.
    IssueFlat,
    /// What was found out of an issue.
    Incident,
    /// What was done against an issue.
    Remediation,
    /// How everything fares.
    Dashboard,
    /// An answer of a skill or a service.
    Answer,
    /// Settings of FABER.
    Settings,
    /// Settings of Helm: what is watched, and its rules.
    HelmSettings,
    /// JSON without a meaning here.
    Unknown,
    /// A file that should be read and cannot be.
    Unreadable,
    /// What other files hold.
    Schema,
    /// Settings to begin with.
    Preset,
    /// A file to begin with, or an example.
    Template,
    /// What a plugin consists of.
    Manifest,
    /// A list of words that others use.
    Vocabulary,
    /// Prose.
    Markdown,
    /// A mark that FABER sets for itself: a counter, a lock, what is active.
    Marker,
    /// A file that is not FABER's.
    Foreign,
}

impl Shape {
    /// Every shape, in the order of the table.
    pub const ALL: [Self; 42] = [
        Self::Event,
        Self::EventLog,
        Self::StateNested,
        Self::StateListed,
        Self::StateKeyed,
        Self::StateIds,
        Self::Metadata,
        Self::Changelog,
        Self::Plan,
        Self::PlanSimple,
        Self::Workflow,
        Self::Deployments,
        Self::CloudRegistry,
        Self::CloudIssues,
        Self::Entity,
        Self::EntityHistory,
        Self::EntityIndex,
        Self::EntityEvent,
        Self::Worktrees,
        Self::Environments,
        Self::DomainRegistry,
        Self::DomainRegistrySpec,
        Self::DomainEntry,
        Self::HealthReport,
        Self::Issue,
        Self::IssueFlat,
        Self::Incident,
        Self::Remediation,
        Self::Dashboard,
        Self::Answer,
        Self::Settings,
        Self::HelmSettings,
        Self::Unknown,
        Self::Unreadable,
        Self::Schema,
        Self::Preset,
        Self::Template,
        Self::Manifest,
        Self::Vocabulary,
        Self::Markdown,
        Self::Marker,
        Self::Foreign,
    ];

    /// The name under which the table lists it, and which a published file carries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::EventLog => "event_log",
            Self::StateNested => "state_nested",
            Self::StateListed => "state_listed",
            Self::StateKeyed => "state_keyed",
            Self::StateIds => "state_ids",
            Self::Metadata => "metadata",
            Self::Changelog => "changelog",
            Self::Plan => "plan",
            Self::PlanSimple => "plan_simple",
            Self::Workflow => "workflow",
            Self::Deployments => "deployments",
            Self::CloudRegistry => "cloud_registry",
            Self::CloudIssues => "cloud_issues",
            Self::Entity => "entity",
            Self::EntityHistory => "entity_history",
            Self::EntityIndex => "entity_index",
            Self::EntityEvent => "entity_event",
            Self::Worktrees => "worktrees",
            Self::Environments => "environments",
            Self::DomainRegistry => "domain_registry",
            Self::DomainRegistrySpec => "domain_registry_spec",
            Self::DomainEntry => "domain_entry",
            Self::HealthReport => "health_report",
            Self::Issue => "issue",
            Self::IssueFlat => "issue_flat",
            Self::Incident => "incident",
            Self::Remediation => "remediation",
            Self::Dashboard => "dashboard",
            Self::Answer => "answer",
            Self::Settings => "settings",
            Self::HelmSettings => "helm_settings",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::Schema => "schema",
            Self::Preset => "preset",
            Self::Template => "template",
            Self::Manifest => "manifest",
            Self::Vocabulary => "vocabulary",
            Self::Markdown => "markdown",
            Self::Marker => "marker",
            Self::Foreign => "foreign",
        }
    }

    /// The shape of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// Whether files of this shape are taken for no fact.
    pub const fn says_nothing(self) -> bool {
        matches!(
            self,
            Self::Schema
                | Self::Preset
                | Self::Template
                | Self::Manifest
                | Self::Vocabulary
                | Self::Markdown
                | Self::Marker
                | Self::Foreign
        )
    }

    /// Whether it is a state, in whichever form.
    pub const fn is_state(self) -> bool {
        matches!(self, Self::StateNested | Self::StateListed | Self::StateKeyed | Self::StateIds)
    }

    /// Whether the same content may come back after another, so that when it was written matters;
    /// what becomes of it knows a repeat of the last by itself.
    pub(super) const fn is_written_over(self) -> bool {
        self.is_state() || matches!(self, Self::CloudRegistry)
    }
}
