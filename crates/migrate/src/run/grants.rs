//! Who may use what beside the API's roles: the source's grants to roles that the target has too (MIG-DEP-07), and
//! functions closed to the API where the source closed them or where they run with their owner's rights (MIG-RLS-09).

use std::collections::BTreeMap;

use tokio_postgres::Transaction;

use super::Context;
use crate::Error;
use crate::inventory::{Function, Grant, Grantee};

/// What closes a function to the API's callers; none when it stays open to everybody as it was.
pub(super) fn closing(function: &Function, signature: &str, needed: bool) -> Option<String> {
    // What a default or an index calls, the writer of a row must be able to call.
    let closed = !function.open || function.security_definer && !needed;
    closed.then(|| {
        format!(
            "revoke all on routine {signature} from public, anon, authenticated; \
             grant execute on routine {signature} to service_role"
        )
    })
}

/// The source's grants, as far as the target knows the roles. The API's own roles have what the policies gave them.
pub(super) async fn apply(context: &Context<'_>, tx: &mut Transaction<'_>) -> Result<(), Error> {
    let known = known_roles(tx).await?;
    let mut unknown: BTreeMap<&str, u64> = BTreeMap::new();
    let mut public = 0_u64;
    for grant in &context.inventory.grants {
        let role = match &grant.grantee {
            Grantee::Public => {
                // Functions keep it; tables open by their policies alone.
                public += u64::from(!["function", "schema"].contains(&grant.object.0));
                continue;
            }
            Grantee::Role(role) => role.as_str(),
        };
        if OWN.contains(&role) || !is_there(context, grant) {
            continue;
        }
        if !known.iter().any(|it| it == role) {
            *unknown.entry(role).or_default() += 1;
            continue;
        }
        let (give, take) = statements(grant, role);
        let name = format!(
            "{} on {} {} to {role}",
            grant.privilege, grant.object.0, grant.object.1
        );
        let attempt = super::attempt::Attempt {
            step: "S10",
            kind: "grant",
            name: &name,
            make: &give,
            inverse: &take,
            excused: true,
        };
        super::attempt::try_make(context, tx, &attempt).await?;
    }
    for (role, count) in unknown {
        context.warn(
            "MIG-X-GRANT",
            format!("role {role}"),
            format!("{count} privileges are not given: the target has no such role"),
        );
    }
    if public > 0 {
        context.warn(
            "MIG-X-GRANT",
            "public",
            format!("{public} privileges of everybody are not given: tables open by their policies alone"),
        );
    }
    Ok(())
}

/// Roles whose rights the stack decides.
const OWN: [&str; 6] = [
    "anon",
    "authenticated",
    "service_role",
    "authenticator",
    "postgres",
    "supabase_admin",
];

async fn known_roles(tx: &Transaction<'_>) -> Result<Vec<String>, Error> {
    let rows = tx.query("select rolname::text from pg_roles", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A grant on a table that does not move is not missed.
fn is_there(context: &Context<'_>, grant: &Grant) -> bool {
    if grant.object.0 != "table" {
        return true;
    }
    let made = crate::Name::parse(&grant.object.1);
    made.is_some_and(|name| {
        context.plan.made_tables().any(|it| it.name == name)
            || context.inventory.views.iter().any(|it| it.name == name)
    })
}

fn statements(grant: &Grant, role: &str) -> (String, String) {
    let (kind, object) = &grant.object;
    let kind = if *kind == "function" { "routine" } else { kind };
    let column = grant
        .column
        .as_ref()
        .map(|it| format!(" ({})", sql::Ident::new(it)))
        .unwrap_or_default();
    let what = format!("{}{column} on {kind} {object}", grant.privilege);
    let role = sql::Ident::new(role);
    let option = if grant.grantable {
        " with grant option"
    } else {
        ""
    };
    (
        format!("grant {what} to {role}{option}"),
        format!(
            "do $take$ begin revoke {what} from {role}; exception when undefined_table or undefined_function \
             or undefined_column or undefined_object or invalid_schema_name then null; end $take$"
        ),
    )
}
