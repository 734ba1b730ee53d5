//! From what was found to what is proposed. What is not proved is asked or left alone, never guessed (MIG-PLAN-03).

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Acknowledgement, Active, Confirmed, ContactPlan, DatabasePlan, Decision, IdPolicy,
    LeftoverPlan, LegacyTable, Limits, OldHashes, PasswordPlan, Pattern, Plan, ReferenceKind,
    ReferencePlan, RlsPlan, TableAction, TablePlan, UserDecision, UsersPlan, UuidStrategy,
};
use crate::Error;
use crate::copy::{JsonStep, OrphanPolicy};
use crate::inspect::{self, Confidence, IdType, Inspection, Place, Severity, TableKindOfUse};
use crate::inventory::{Action, Inventory, Name, Table};
use crate::mapping::IdForm;

/// Names of columns that hold a row's owner, the surest first.
const OWNERS: [&str; 14] = [
    "user_id",
    "owner_id",
    "userid",
    "ownerid",
    "user",
    "owner",
    "uid",
    "author_id",
    "authorid",
    "account_id",
    "member_id",
    "person_id",
    "customer_id",
    "created_by",
];
/// Words in a column's name that mean "who did it" rather than "whose it is".
const ACTORS: [&str; 12] = [
    "by",
    "approver",
    "reviewer",
    "actor",
    "editor",
    "moderator",
    "inviter",
    "creator",
    "updater",
    "sender",
    "assignee",
    "author",
];
/// Words in a table's name.
const LOGS: [&str; 5] = ["log", "logs", "audit", "audits", "journal"];
const READ_ONLY: [&str; 10] = [
    "quota",
    "quotas",
    "limit",
    "limits",
    "subscription",
    "subscriptions",
    "balance",
    "balances",
    "credits",
    "usage",
];
const SECRETS: [&str; 14] = [
    "invitation",
    "invitations",
    "invite",
    "invites",
    "token",
    "tokens",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "keys",
    "otp",
    "passwords",
    "webhooks",
];
const SHARED: [&str; 18] = [
    "documents",
    "document",
    "articles",
    "article",
    "posts",
    "pages",
    "categories",
    "category",
    "tags",
    "products",
    "countries",
    "currencies",
    "languages",
    "faqs",
    "news",
    "templates",
    "plans",
    "skills",
];
const LIVE: [&str; 16] = [
    "conversation",
    "conversations",
    "document",
    "documents",
    "activity",
    "watch",
    "notification",
    "notifications",
    "chat",
    "chats",
    "task",
    "tasks",
    "comment",
    "comments",
    "order",
    "orders",
];
/// What a person asked for.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The run's id.
    pub run: Uuid,
    /// How old ids are treated.
    pub ids: IdPolicy,
}

impl Plan {
    /// Proposes a plan. [`Error::NoUsers`] when nothing tells which table holds the users.
    pub fn make(
        inventory: &Inventory,
        inspection: &Inspection,
        wishes: &Wishes,
    ) -> Result<Self, Error> {
        let best = inspection.users.first().filter(|_| inspection.clear_winner);
        let Some(best) = best else {
            return Err(Error::NoUsers(
                inspection
                    .users
                    .iter()
                    .take(5)
                    .map(|candidate| candidate.table.to_string())
                    .collect(),
            ));
        };
        let users_table = inventory
            .table(&best.table)
            .ok_or_else(|| Error::Missing(best.table.to_string()))?;
        let references = references(inventory, inspection, best);
        let mut plan = Self {
            format: super::FORMAT,
            run: wishes.run,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            topology: "copy".to_owned(),
            ids: wishes.ids,
            source: DatabasePlan {
                fingerprint: inventory.server.fingerprint.clone(),
                server_version: inventory.server.version_text.clone(),
                database: inventory.server.database.clone(),
                catalog_digest: inventory.digest(),
            },
            users: users(users_table, inspection, best),
            rls: RlsPlan::default(),
            limits: Limits::default(),
            blockers: inspection
                .findings
                .iter()
                .filter(|finding| finding.severity == Severity::Block)
                .map(|finding| (finding.code.to_owned(), Acknowledgement::Ask))
                .collect(),
            leftover: leftover(inventory),
            references,
            tables: Vec::new(),
        };
        plan.tables = tables(inventory, inspection, &plan);
        plan.check()?;
        Ok(plan)
    }
}

/// The four-column table of the scripts that people wrote before.
fn leftover(inventory: &Inventory) -> Option<LeftoverPlan> {
    let has = |table: &Table, name: &str| table.column(name).is_some();
    let table = inventory.tables.iter().find(|table| {
        ["old_user_id", "supabase_user_id", "email"]
            .iter()
            .all(|name| has(table, name))
    })?;
    Some(LeftoverPlan {
        table: table.name.clone(),
        old_id: "old_user_id".to_owned(),
        uuid: "supabase_user_id".to_owned(),
        email: "email".to_owned(),
    })
}

fn users(table: &Table, inspection: &Inspection, best: &inspect::UsersCandidate) -> UsersPlan {
    let columns = &best.columns;
    let people = inspection.people.as_ref();
    let own_password = columns
        .password
        .as_ref()
        .filter(|password| password.table == best.table);
    let mut credentials: Vec<String> = own_password
        .map(|password| password.column.clone())
        .into_iter()
        .chain(columns.sensitive.iter().cloned())
        .filter(|column| *column != columns.id && table.column(column).is_some())
        .collect();
    credentials.sort();
    credentials.dedup();
    let mut user_metadata = BTreeMap::new();
    let pair = |key: &str, column: &str| (key.to_owned(), column.to_owned());
    match columns.full_name.as_slice() {
        [] => {}
        [one] => user_metadata.extend([pair("full_name", one)]),
        several => user_metadata.extend(several.iter().map(|column| pair(column, column))),
    }
    user_metadata.extend(
        columns
            .avatar
            .as_ref()
            .map(|column| pair("avatar_url", column)),
    );
    user_metadata.extend(columns.locale.as_ref().map(|column| pair("locale", column)));
    let mut app_metadata = BTreeMap::new();
    app_metadata.extend(
        columns
            .tenant
            .as_ref()
            .map(|column| pair("tenant_id", column)),
    );
    let active = columns.active.as_ref();
    app_metadata.extend(
        active
            .filter(|active| !active.inverted)
            .map(|active| pair("is_active", &active.column)),
    );
    let roles = people.map_or_else(BTreeMap::new, |people| {
        people
            .roles
            .iter()
            .map(|(role, _)| {
                let value = role.clone().unwrap_or_default();
                // A known role means what it says; null is the least privileged.
                let becomes = match role {
                    _ if people.unknown_roles.contains(role) => "ask",
                    Some(role) => role,
                    None => "user",
                };
                (value.clone(), becomes.to_owned())
            })
            .collect()
    });
    let role = columns.role.clone().filter(|_| !roles.is_empty());
    UsersPlan {
        table: best.table.clone(),
        id: columns.id.clone(),
        id_form: match columns.id_type {
            IdType::SmallInt | IdType::Integer | IdType::BigInt => IdForm::Integer,
            IdType::Numeric | IdType::IntegerText | IdType::Opaque => IdForm::Text,
            IdType::Uuid => IdForm::Uuid,
        },
        id_type: table
            .column(&columns.id)
            .map_or_else(|| "text".to_owned(), |column| column.type_sql.clone()),
        rows: best.rows,
        uuid: columns
            .uuid
            .clone()
            .map_or(UuidStrategy::Derived, UuidStrategy::Column),
        legacy_table: LegacyTable::Profile,
        email: columns.email.clone(),
        username: columns.username.clone(),
        phone: columns.phone.clone(),
        confirmed: match &columns.email_confirmed {
            Some(inspect::Confirmed::Flag(column)) => Confirmed::Flag(column.clone()),
            Some(inspect::Confirmed::Time(column)) => Confirmed::Time(column.clone()),
            None => Confirmed::All,
        },
        deleted_at: columns.deleted_at.clone(),
        created_at: columns.created_at.clone(),
        updated_at: columns.updated_at.clone(),
        last_sign_in: columns.last_sign_in.clone(),
        time_zone: "UTC".to_owned(),
        credentials,
        placeholder_domain: "users.invalid".to_owned(),
        legacy_id_in_token: true,
        active: active.map(|active| Active {
            column: active.column.clone(),
            inverted: active.inverted,
            null_means_active: true,
        }),
        contact: columns.contact.as_ref().map(|contact| ContactPlan {
            table: contact.table.clone(),
            user_key: contact.user_key.clone(),
            column: contact.column.clone(),
            kind: contact.kind.as_ref().map(|(column, _)| column.clone()),
            kind_value: contact.kind.as_ref().map(|(_, value)| value.clone()),
            primary: contact.primary.clone(),
            confirmed: contact.confirmed.clone(),
        }),
        password: columns.password.as_ref().map(|password| PasswordPlan {
            table: password.table.clone(),
            user_key: password.user_key.clone(),
            column: password.column.clone(),
            old_hashes: OldHashes::default(),
            transform: Vec::new(),
            classes: people.map_or_else(BTreeMap::new, |people| people.password_classes.clone()),
        }),
        role,
        roles,
        user_metadata,
        app_metadata,
        conflicts: inspection
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Ask)
            .filter(|finding| {
                finding.code.starts_with("MIG-U-EMAIL-") || finding.code.ends_with("-DUP")
            })
            .map(|finding| (finding.code.to_owned(), UserDecision::Ask))
            .collect(),
    }
}

fn references(
    inventory: &Inventory,
    inspection: &Inspection,
    best: &inspect::UsersCandidate,
) -> Vec<ReferencePlan> {
    let mut plans: Vec<ReferencePlan> = Vec::new();
    for found in &inspection.references {
        // Keys to the address or the name stay what they are.
        let other_column = found.target_column != best.columns.id;
        let Some(table) = inventory.table(&found.table) else {
            continue;
        };
        let column = found.place.column().to_owned();
        if let Place::Json { path, .. } = &found.place
            && let Some(plan) = plans.iter_mut().find(|plan| {
                plan.table == found.table && plan.column == column && !plan.paths.is_empty()
            })
        {
            plan.paths.push(path.clone());
            plan.orphans += found.orphans;
            if found.orphans > 0 {
                plan.orphan_policy = OrphanPolicy::Ask;
            }
            if found.confidence == Confidence::Possible {
                plan.decision = Decision::Ask;
            }
            continue;
        }
        let nullable = table.column(&column).is_some_and(|column| !column.not_null);
        let plain = matches!(found.place, Place::Column { .. } | Place::MixedText { .. });
        plans.push(ReferencePlan {
            kind: match &found.place {
                Place::Column { .. } => ReferenceKind::Column,
                Place::Array { .. } => ReferenceKind::Array,
                Place::Json { text: false, .. } => ReferenceKind::Json,
                Place::Json { text: true, .. } => ReferenceKind::JsonText,
                Place::MixedText { .. } => ReferenceKind::MixedText,
                Place::Polymorphic { .. } => ReferenceKind::Polymorphic,
            },
            confidence: confidence(found.confidence).to_owned(),
            evidence: found.evidence.clone(),
            against: found.against.clone(),
            decision: match found.confidence {
                _ if other_column => Decision::Exclude,
                Confidence::Certain | Confidence::Likely => Decision::Include,
                Confidence::Possible => Decision::Ask,
                Confidence::Unlikely => Decision::Exclude,
            },
            orphans: found.orphans,
            sentinel_policy: (plain && found.orphan_sentinels > 0).then_some(OrphanPolicy::Ask),
            orphan_policy: if found.orphans == found.orphan_sentinels {
                OrphanPolicy::Fail
            } else {
                OrphanPolicy::Ask
            },
            on_delete: (plain && found.declared.is_none())
                .then(|| on_delete(&found.table, &column, nullable)),
            declared: found.declared.clone(),
            paths: match &found.place {
                Place::Json { path, .. } => vec![path.clone()],
                _ => Vec::new(),
            },
            type_column: match &found.place {
                Place::Polymorphic { type_column, .. } => Some(type_column.clone()),
                _ => None,
            },
            type_values: match &found.place {
                Place::Polymorphic { values, .. } => values.clone(),
                _ => Vec::new(),
            },
            table: found.table.clone(),
            column,
        });
    }
    plans
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
        Confidence::Unlikely => "unlikely",
    }
}

/// MIG-REF-04: what somebody owns goes with them; who did something is forgotten; logs stay.
fn on_delete(table: &Name, column: &str, nullable: bool) -> Action {
    let actor = words(column).any(|word| ACTORS.contains(&word.as_str()));
    let log = has(&table.name, &LOGS);
    match (actor || log, nullable) {
        (true, true) => Action::SetNull,
        (true, false) => Action::NoAction,
        (false, _) => Action::Cascade,
    }
}

fn tables(inventory: &Inventory, inspection: &Inspection, plan: &Plan) -> Vec<TablePlan> {
    let mapping = Name::new("public", "user_id_mapping");
    let mut tables: Vec<TablePlan> = inspection
        .tables
        .iter()
        .filter_map(|sorted| {
            let table = inventory.table(&sorted.table)?;
            let (action, reason) = match sorted.sort {
                _ if table.name == mapping
                    || plan
                        .leftover
                        .as_ref()
                        .is_some_and(|it| it.table == table.name) =>
                {
                    (TableAction::Skip, "the run makes its own mapping")
                }
                TableKindOfUse::Application => (TableAction::Copy, ""),
                TableKindOfUse::Bookkeeping => (TableAction::Copy, sorted.reason.as_str()),
                TableKindOfUse::AuthPlumbing => (TableAction::Empty, sorted.reason.as_str()),
                TableKindOfUse::Temporary => (TableAction::Ask, sorted.reason.as_str()),
            };
            let owner = owner(plan, table);
            let access = access(plan, table, sorted.sort, owner.as_deref());
            let keyed = table.primary_key().is_some();
            Some(TablePlan {
                name: table.name.clone(),
                action,
                reason: reason.to_owned(),
                estimated_rows: rows(table),
                bytes: table.bytes,
                access,
                realtime: keyed
                    && has(&table.name.name, &LIVE)
                    && matches!(
                        access,
                        Pattern::Owner | Pattern::OwnerAdmin | Pattern::AppendOnly
                    ),
                shared_with: shared_with(plan, table),
                parent: None,
                owner: owner.filter(|_| access.needs_owner()),
                replica_identity_full: false,
            })
        })
        .collect();
    parents(inventory, &mut tables);
    tables
}

#[expect(clippy::cast_possible_truncation, reason = "an estimate")]
fn rows(table: &Table) -> i64 {
    table.estimated_rows.max(0.0) as i64
}

/// The column that says whose a row is.
fn owner(plan: &Plan, table: &Table) -> Option<String> {
    if table.name == plan.users.table {
        return Some(plan.users.id.clone());
    }
    let mut columns: Vec<&str> = plan
        .references
        .iter()
        .filter(|reference| {
            reference.table == table.name
                && reference.decision == Decision::Include
                && matches!(
                    reference.kind,
                    ReferenceKind::Column | ReferenceKind::MixedText
                )
        })
        .map(|reference| reference.column.as_str())
        .collect();
    columns.sort_by_key(|column| {
        let plain = column.to_lowercase();
        let place = OWNERS.iter().position(|name| *name == plain);
        let actor = words(column).any(|word| ACTORS.contains(&word.as_str()));
        (place.unwrap_or(OWNERS.len()), actor)
    });
    columns.first().map(|column| (*column).to_owned())
}

fn access(plan: &Plan, table: &Table, sort: TableKindOfUse, owner: Option<&str>) -> Pattern {
    let name = table.name.name.as_str();
    if table.name == plan.users.table {
        return Pattern::Profile;
    }
    let password_table = plan
        .users
        .password
        .as_ref()
        .is_some_and(|password| password.table == table.name);
    if password_table || sort != TableKindOfUse::Application || has(name, &SECRETS) {
        return Pattern::ServiceOnly;
    }
    match owner {
        Some(_) if has(name, &LOGS) => Pattern::AppendOnly,
        Some(_) if has(name, &READ_ONLY) => Pattern::OwnerRead,
        Some(_) => Pattern::OwnerAdmin,
        None if SHARED.contains(&name.to_lowercase().as_str()) => Pattern::AuthenticatedRead,
        None => Pattern::ServiceOnly,
    }
}

/// MIG-RLS-02: rows without an owner of their own belong to the owner of the row they point at.
fn parents(inventory: &Inventory, tables: &mut [TablePlan]) {
    // An author is who wrote it, not whose conversation it is in.
    let is_by_actor = |plan: &TablePlan| {
        plan.access == Pattern::OwnerAdmin
            && plan
                .owner
                .as_ref()
                .is_some_and(|owner| words(owner).any(|word| ACTORS.contains(&word.as_str())))
    };
    // Tables that stay somebody's own: what is under them has an owner in the end.
    let owned: Vec<Name> = tables
        .iter()
        .filter(|table| {
            table.action == TableAction::Copy
                && matches!(table.access, Pattern::Owner | Pattern::OwnerAdmin)
                && !is_by_actor(table)
        })
        .map(|table| table.name.clone())
        .collect();
    for plan in tables {
        let by_actor = is_by_actor(plan);
        if !(plan.access == Pattern::ServiceOnly || by_actor)
            || plan.action != TableAction::Copy
            || has(&plan.name.name, &SECRETS)
        {
            continue;
        }
        let Some(table) = inventory.table(&plan.name) else {
            continue;
        };
        let parent = table
            .foreign_keys()
            .find(|(constraint, key)| constraint.columns.len() == 1 && owned.contains(&key.table));
        if let Some((constraint, _)) = parent {
            plan.access = Pattern::ParentOwned;
            plan.owner = None;
            plan.realtime = false;
            plan.parent = Some(constraint.columns[0].clone());
        }
    }
}

/// Who a row is shared with: a list under such a name, in an array or a document.
fn shared_with(plan: &Plan, table: &Table) -> Option<String> {
    let shared = |name: &str| {
        let name = name.to_lowercase();
        [
            "shared_with",
            "sharedwith",
            "shared_with_ids",
            "viewers",
            "readers",
            "members",
            "collaborators",
        ]
        .contains(&name.as_str())
    };
    plan.references
        .iter()
        .filter(|it| it.table == table.name && it.decision == Decision::Include)
        .find_map(|reference| match reference.kind {
            ReferenceKind::Array if shared(&reference.column) => Some(reference.column.clone()),
            ReferenceKind::Json => {
                let column = table.column(&reference.column)?;
                reference
                    .paths
                    .iter()
                    .find_map(|path| match path.as_slice() {
                        [JsonStep::Key(key), JsonStep::Each]
                            if shared(key) && column.base_type == "jsonb" =>
                        {
                            Some(format!("{}.{key}", reference.column))
                        }
                        _ => None,
                    })
            }
            _ => None,
        })
}

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split('_').map(str::to_lowercase)
}

fn has(name: &str, list: &[&str]) -> bool {
    words(name).any(|word| list.contains(&word.as_str()))
}
