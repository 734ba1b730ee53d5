//! What a statement of a dump is about: whose schema, which object.
//!
//! Dumps qualify every name, so the first qualified name is the object; statements about a schema name it.

use super::{Statement, What};

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The schema.
    pub(crate) schema: String,
    /// The object in it; `None` where the statement is about the schema itself.
    pub(crate) name: Option<String>,
}

impl Subject {
    fn of(schema: &str, name: Option<&str>) -> Self {
        Self {
            schema: schema.to_owned(),
            name: name.map(str::to_owned),
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}.{name}", self.schema),
            None => write!(f, "schema {}", self.schema),
        }
    }
}

impl Statement<'_> {
    /// What it is about; `None` for what belongs to no schema.
    pub(crate) fn subject(&self) -> Option<Subject> {
        if let Some(at) = self.schema_keyword() {
            return Some(Subject::of(self.name(at)?, None));
        }
        if self.word(0) == "select" {
            return self.sequence();
        }
        if self.word(1) == "event" {
            // An event trigger belongs to the database.
            return None;
        }
        if matches!(
            self.word(0),
            "create" | "alter" | "comment" | "grant" | "revoke" | "copy" | "insert" | "drop"
        ) {
            return self.qualified(1);
        }
        None
    }

    /// The function that a trigger calls.
    pub(crate) fn trigger_function(&self) -> Option<Subject> {
        let at = self
            .after(&["execute", "function"])
            .or_else(|| self.after(&["execute", "procedure"]))?;
        self.qualified(at)
    }

    /// The first `schema.name` from a token on.
    fn qualified(&self, from: usize) -> Option<Subject> {
        (from..self.tokens.len().saturating_sub(2)).find_map(|at| {
            let is_qualified = self.is_symbol(at + 1, '.');
            is_qualified.then(|| Some(Subject::of(self.name(at)?, Some(self.name(at + 2)?))))?
        })
    }

    /// `… schema name …` where the statement is about the schema.
    fn schema_keyword(&self) -> Option<usize> {
        let on_schema = self.after(&["on", "schema"]).filter(|_| {
            matches!(self.word(0), "grant" | "revoke" | "comment")
                && self.after(&["on"]) == self.after(&["on", "schema"]).map(|at| at - 1)
        });
        match self.word(0) {
            "create" | "drop" if self.word(1) == "schema" => {
                Some(match (self.word(2), self.word(3)) {
                    ("if", "not") => 5,
                    ("if", _) => 4,
                    _ => 2,
                })
            }
            "alter" if self.word(1) == "schema" => Some(2),
            "alter" if self.starts_with(&["alter", "default", "privileges"]) => {
                self.after(&["in", "schema"])
            }
            _ => on_schema,
        }
    }

    /// `select pg_catalog.setval('schema.name', …)`.
    fn sequence(&self) -> Option<Subject> {
        let at = self
            .tokens
            .iter()
            .position(|token| token.what == What::Word("setval".to_owned()))?;
        let literal = self.tokens.get(at + 2)?;
        let text = self.text[literal.start..literal.end].trim_matches('\'');
        let (schema, name) = text.split_once('.')?;
        Some(Subject::of(
            schema.trim_matches('"'),
            Some(name.trim_matches('"')),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::split;

    // DB-DMP-09.
    #[test]
    fn a_statement_is_about_its_first_qualified_name_or_its_schema() {
        for (sql, expected) in [
            ("create schema auth", "schema auth"),
            ("create schema if not exists \"auth\"", "schema auth"),
            ("alter schema auth owner to x", "schema auth"),
            ("grant usage on schema auth to anon", "schema auth"),
            ("comment on schema public is 'x'", "schema public"),
            (
                "alter default privileges for role a in schema auth grant all on tables to b",
                "schema auth",
            ),
            ("create type auth.level as enum ('a.b')", "auth.level"),
            (
                "create or replace function \"auth\".\"uid\"() returns uuid",
                "auth.uid",
            ),
            (
                "alter table only auth.users add constraint a foreign key (b) references public.c(d)",
                "auth.users",
            ),
            (
                "create unique index i on auth.users using btree (email)",
                "auth.users",
            ),
            (
                "create policy \"on schema\" on storage.objects for select using (true)",
                "storage.objects",
            ),
            (
                "create trigger t after insert on auth.users for each row execute function public.f()",
                "auth.users",
            ),
            (
                "create view public.v as select * from auth.users",
                "public.v",
            ),
            ("grant all on function auth.uid() to anon", "auth.uid"),
            ("copy auth.users (id) from stdin", "auth.users"),
            ("insert into \"auth\".\"users\" values (1)", "auth.users"),
            (
                "select pg_catalog.setval('auth.t_id_seq', 3, true)",
                "auth.t_id_seq",
            ),
            (
                "select pg_catalog.setval('\"auth\".\"t_id_seq\"', 3, true)",
                "auth.t_id_seq",
            ),
            ("alter publication p add table only public.t", "public.t"),
            ("comment on column auth.users.id is 'x'", "auth.users"),
        ] {
            let statement = split(sql).unwrap().remove(0);
            let subject = statement.subject().map(|subject| subject.to_string());
            assert_eq!(subject.as_deref(), Some(expected), "{sql}");
        }
        for sql in [
            "set role x",
            "select auth.uid()",
            "create extension x with schema auth",
            "do $$ $$",
        ] {
            assert_eq!(split(sql).unwrap().remove(0).subject(), None, "{sql}");
        }
    }
}
