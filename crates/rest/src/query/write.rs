//! Inserts, updates, upserts, deletes: one statement, the change in a CTE and the answer around it.

use catalog::Relation;

use super::condition::{Qualifier, Scene};
use super::{Slot, Writer};
use crate::plan::{Change, Conflict, Plan, Target, WritePlan};
use crate::request::prefer::Resolution;

impl Writer {
    pub(super) fn write(&mut self, write: &WritePlan, plan: &Plan) {
        self.push("with \"pgrst_source\" as (");
        match &write.change {
            Change::Insert { conflict } => self.insert(write, conflict.as_ref()),
            Change::SingleUpsert { conflict } => self.insert(write, Some(conflict)),
            Change::Update if write.targets.is_empty() => self.nothing(write),
            Change::Update => self.update(write),
            Change::Delete => self.delete(write),
        }
        self.push(") select null::bigint, count(*), ");
        self.body(&plan.chosen.format, write.node.is_none());
        self.overrides();
        self.push(if write.counts_inserted() {
            ", coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0)"
        } else {
            ", null"
        });
        if write.location {
            self.push(", (array_agg(json_build_array(");
            for (at, name) in write.relation.primary_key.iter().enumerate() {
                self.push(if at > 0 { ", " } else { "" })
                    .ident(name)
                    .push("::text");
            }
            self.push(")))[1]");
        }
        match &write.node {
            Some(node) => {
                self.push(" from (");
                self.select(node);
                self.push(") as \"pgrst_page\"");
            }
            None => {
                self.push(" from \"pgrst_source\"");
            }
        }
    }

    fn insert(&mut self, write: &WritePlan, conflict: Option<&Conflict>) {
        self.push("insert into ");
        self.sql.name(&write.relation.name.quoted());
        if write.targets.is_empty() {
            // REST-INS-06: as many all-default rows as there are objects.
            self.push(" select from ");
            if write.array {
                self.push("json_array_elements(")
                    .bind(Slot::Body)
                    .push(") as \"pgrst_body\"");
            } else {
                self.push("(select ")
                    .bind(Slot::Body)
                    .push("::json) as \"pgrst_body\"");
            }
        } else {
            self.push(" (")
                .idents(write.targets.iter().map(|target| target.name.as_str()))
                .push(") select ");
            for (at, target) in write.targets.iter().enumerate() {
                self.push(if at > 0 { ", " } else { "" });
                self.given(target);
            }
            self.push(" from ");
            self.records(write);
        }
        let body = Qualifier::Alias("pgrst_body".to_owned());
        self.conditions(&write.conditions, &[], &body, &Scene::Counting, true);
        if let Some(conflict) = conflict {
            self.conflict(write, conflict);
        }
        self.returning(write);
    }

    /// Every row that goes in counts one up, every row that was there already one down again.
    fn conflict(&mut self, write: &WritePlan, conflict: &Conflict) {
        let counts = write.counts_inserted();
        if counts {
            self.push(if write.conditions.is_empty() {
                " where "
            } else {
                " and "
            });
            self.push(
                "set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) + 1)::text, true) <> '0'",
            );
        }
        self.push(" on conflict (")
            .idents(conflict.columns.iter().map(String::as_str))
            .push(")");
        if conflict.resolution == Resolution::IgnoreDuplicates || write.targets.is_empty() {
            self.push(" do nothing");
            return;
        }
        for (at, target) in write.targets.iter().enumerate() {
            self.push(if at > 0 { ", " } else { " do update set " });
            self.ident(&target.name)
                .push(" = excluded.")
                .ident(&target.name);
        }
        if counts {
            self.push(
                " where set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'",
            );
        }
    }

    /// What the body gives for a column.
    fn given(&mut self, target: &Target) {
        if let Some(function) = &target.read_by {
            self.sql.name(&function.quoted());
            self.push("(");
        }
        self.push("\"pgrst_body\".").ident(&target.name);
        if target.read_by.is_some() {
            self.push(")");
        }
    }

    fn update(&mut self, write: &WritePlan) {
        self.push("update ");
        self.sql.name(&write.relation.name.quoted());
        for (at, target) in write.targets.iter().enumerate() {
            self.push(if at > 0 { ", " } else { " set " });
            self.ident(&target.name).push(" = ");
            self.given(target);
        }
        self.push(" from ");
        self.records(write);
        self.filtered(write);
    }

    fn delete(&mut self, write: &WritePlan) {
        self.push("delete from ");
        self.sql.name(&write.relation.name.quoted());
        self.filtered(write);
    }

    fn filtered(&mut self, write: &WritePlan) {
        let of = Qualifier::Relation(write.relation.name.clone());
        self.conditions(&write.conditions, &[], &of, &Scene::Counting, true);
        self.returning(write);
    }

    /// REST-UPD-04: a body without keys changes nothing.
    fn nothing(&mut self, write: &WritePlan) {
        self.push("select ");
        self.returned(write);
        self.push(" from ");
        self.sql.name(&write.relation.name.quoted());
        self.push(" where false");
    }

    /// The body as rows of the named columns.
    fn records(&mut self, write: &WritePlan) {
        if write.fill {
            // REST-PAY-08: an object of defaults lies under each of the caller's objects.
            self.push(if write.array {
                "jsonb_array_elements("
            } else {
                "jsonb_array_elements(jsonb_build_array("
            });
            self.bind(Slot::Body)
                .push(if write.array { "::jsonb)" } else { "::jsonb))" });
            self.push(" as \"pgrst_element\", lateral jsonb_to_record(jsonb_build_object(");
            let defaults = write
                .targets
                .iter()
                .filter_map(|t| Some((t, t.default.as_ref()?)));
            for (at, (target, default)) in defaults.enumerate() {
                self.push(if at > 0 { ", " } else { "" });
                self.sql.literal(&target.name);
                self.push(", ");
                self.sql.name(default);
            }
            self.push(") || \"pgrst_element\")");
        } else if write.array {
            self.push("json_to_recordset(").bind(Slot::Body).push(")");
        } else {
            self.push("json_to_record(").bind(Slot::Body).push(")");
        }
        self.push(" as \"pgrst_body\" (");
        for (at, target) in write.targets.iter().enumerate() {
            self.push(if at > 0 { ", " } else { "" });
            self.ident(&target.name).push(" ");
            if target.read_by.is_some() {
                self.push("json");
            } else {
                self.sql.name(&target.full_type);
            }
        }
        self.push(")");
    }

    fn returning(&mut self, write: &WritePlan) {
        self.push(" returning ");
        self.returned(write);
    }

    fn returned(&mut self, write: &WritePlan) {
        let relation = &write.relation;
        let of = Qualifier::Relation(relation.name.clone());
        let (star, mut names) = write
            .node
            .as_ref()
            .map(crate::plan::Node::needs)
            .unwrap_or_default();
        if write.location {
            names.extend(relation.primary_key.iter().cloned());
        }
        self.handed_on(star, &names, Some(relation), &of);
    }

    /// The columns that the statement around needs; `1` if none.
    pub(super) fn handed_on(
        &mut self,
        star: bool,
        names: &[String],
        relation: Option<&Relation>,
        of: &Qualifier,
    ) {
        if star {
            self.qualifier(of).push(".*");
        }
        let beyond = |name: &&String| !star || relation.is_some_and(|r| r.column(name).is_none());
        let mut first = !star;
        for name in names.iter().filter(beyond) {
            self.push(if std::mem::take(&mut first) { "" } else { ", " });
            self.qualified(of, name);
        }
        if first {
            self.push("1");
        }
    }
}
