use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Active, Confirmed, DatabasePlan, Decision, IdPolicy, LegacyTable, Limits, OldHashes,
    PasswordPlan, Pattern, Plan, PlanError, ReferenceKind, ReferencePlan, RlsPlan, TableAction,
    TablePlan, UserDecision, UsersPlan, UuidStrategy,
};
use crate::copy::{JsonStep, OrphanPolicy};
use crate::inventory::{Action, Name};
use crate::mapping::IdForm;

fn plan() -> Plan {
    let users = Name::new("public", "users");
    let words = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    Plan {
        format: 1,
        run: Uuid::from_u128(1),
        engine: "0.1.0".into(),
        topology: "copy".into(),
        ids: IdPolicy::Both,
        source: DatabasePlan {
            fingerprint: "7312:16402".into(),
            server_version: "14.11".into(),
            database: "insight_db".into(),
            catalog_digest: "9f2c".into(),
        },
        users: UsersPlan {
            table: users.clone(),
            id: "id".into(),
            id_form: IdForm::Integer,
            id_type: "integer".into(),
            rows: 5,
            uuid: UuidStrategy::Derived,
            legacy_table: LegacyTable::Profile,
            email: Some("email".into()),
            username: None,
            phone: None,
            confirmed: Confirmed::Flag("verified".into()),
            deleted_at: None,
            created_at: Some("created_at".into()),
            updated_at: None,
            last_sign_in: Some("last_login".into()),
            time_zone: "UTC".into(),
            credentials: vec!["password_hash".into()],
            placeholder_domain: "users.invalid".into(),
            legacy_id_in_token: true,
            active: Some(Active {
                column: "is_active".into(),
                inverted: false,
                null_means_active: true,
            }),
            contact: None,
            password: Some(PasswordPlan {
                old_hashes: OldHashes::default(),
                transform: Vec::new(),
                table: users,
                user_key: "id".into(),
                column: "password_hash".into(),
                classes: BTreeMap::from([("bcrypt-2b-12".into(), 5)]),
            }),
            role: Some("role".into()),
            roles: words(&[("", "user"), ("admin", "admin"), ("superadmin", "ask")]),
            user_metadata: words(&[("full_name", "full_name")]),
            app_metadata: words(&[("is_active", "is_active")]),
            conflicts: BTreeMap::from([
                ("MIG-U-CASE-DUP".to_owned(), UserDecision::Ask),
                ("MIG-U-EMAIL-LONG".to_owned(), UserDecision::Ask),
            ]),
        },
        rls: RlsPlan::default(),
        limits: Limits::default(),
        blockers: BTreeMap::new(),
        leftover: None,
        references: vec![ReferencePlan {
            table: Name::new("public", "user_documents"),
            column: "extra_data".into(),
            kind: ReferenceKind::Json,
            confidence: "possible".into(),
            evidence: vec!["name".into()],
            against: Vec::new(),
            decision: Decision::Ask,
            orphans: 0,
            orphan_policy: OrphanPolicy::Fail,
            sentinel_policy: None,
            on_delete: Some(Action::Cascade),
            declared: None,
            paths: vec![vec![JsonStep::Key("shared_with".into()), JsonStep::Each]],
            type_column: None,
            type_values: Vec::new(),
        }],
        tables: vec![TablePlan {
            name: Name::new("public", "Odd.name"),
            action: TableAction::Copy,
            reason: String::new(),
            estimated_rows: 2_000_000,
            bytes: 1_000,
            access: Pattern::Ask,
            owner: Some("user_id".into()),
            parent: None,
            shared_with: None,
            realtime: true,
            replica_identity_full: false,
        }],
    }
}

/// MIG-PLAN-01: the file says all of the plan, and always the same.
#[test]
fn a_plan_reads_back_as_it_is_written() {
    let plan = plan();
    let text = plan.render();
    assert_eq!(text, plan.render());
    let read = Plan::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(read, plan);
    assert_eq!(read.digest(), plan.digest());
    // MIG-PLAN-05: comments and layout do not count, a decision does.
    assert_eq!(
        Plan::parse(&format!("# mine\n\n{text}"))
            .expect("a plan")
            .digest(),
        plan.digest()
    );
    let edited = text.replace("decision = \"ask\"", "decision = \"include\"");
    assert_ne!(
        Plan::parse(&edited).expect("a plan").digest(),
        plan.digest()
    );
}

/// MIG-PLAN-03
#[test]
fn every_ask_is_a_question_with_its_answers_beside_it() {
    let mut plan = plan();
    let asked: Vec<_> = plan
        .questions()
        .into_iter()
        .map(|question| (question.line, question.object))
        .collect();
    let expected = [
        ("reference", "public.user_documents.extra_data"),
        ("access", "public.\"Odd.name\""),
        ("users.conflicts", "MIG-U-CASE-DUP"),
        ("users.conflicts", "MIG-U-EMAIL-LONG"),
        ("users.roles", "\"superadmin\""),
    ];
    assert_eq!(
        asked,
        expected.map(|(line, object)| (line, object.to_owned()))
    );
    let text = plan.render();
    assert!(
        text.contains("decision = \"ask\"  # include | exclude"),
        "{text}"
    );
    assert!(
        text.contains("MIG-U-CASE-DUP = \"ask\"  # keep-active |"),
        "{text}"
    );
    assert_eq!(plan.accept_defaults().len(), 5);
    assert_eq!(plan.questions(), []);
    // MIG-DUP-04: accounts are never merged unasked; what is not proved is not converted.
    assert_eq!(
        plan.users.decision("MIG-U-CASE-DUP"),
        UserDecision::KeepActive
    );
    assert_eq!(plan.references[0].decision, Decision::Exclude);
}

/// MIG-META-01
#[test]
fn a_privilege_in_user_metadata_is_refused() {
    let mut plan = plan();
    plan.users
        .user_metadata
        .insert("role".into(), "role".into());
    assert!(matches!(
        Plan::parse(&plan.render()),
        Err(PlanError::Refused(_))
    ));
}

#[test]
fn a_wrong_plan_is_refused_with_its_line() {
    let text = plan().render();
    for (from, to, says) in [
        ("format = 1", "format = 9", "format 9"),
        ("topology = \"copy\"", "topology = \"sideways\"", "sideways"),
        ("decision = \"ask\"", "decision = \"perhaps\"", "line "),
        (
            "orphan_policy = \"fail\"",
            "orphan_policy = \"ghost\"",
            "line ",
        ),
        ("[rls]", "[rls]\nsurprise = 1", "surprise"),
    ] {
        let error = Plan::parse(&text.replace(from, to))
            .expect_err(to)
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}
