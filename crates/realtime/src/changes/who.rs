//! As whom a binding sees.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use jwt::Caller;
use pg::{Access, RequestTx, Requests, Statement};

/// Role and claims; equal ones are one.
#[derive(Debug)]
pub(super) struct Who {
    /// No other has it.
    pub(super) number: u64,
    pub(super) role: String,
    pub(super) claims: String,
    /// What `auth.uid()`, `auth.jwt()` and `auth.role()` give under these claims; none when they cannot be asked.
    pub(super) values: Option<[Option<String>; 3]>,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Everybody subscribed, so that equal callers share their verdicts (RT-RLS-08).
#[derive(Debug, Default)]
pub(super) struct Callers(Mutex<HashMap<(String, String), Weak<Who>>>);

/// Numbers of callers are as good as random.
#[derive(Default)]
pub(super) struct ByNumber(u64);

impl Hasher for ByNumber {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// How a statement on behalf of subscribers runs (RT-RLS-15, RT-TYP-03).
const SETTINGS: [(&str, &str); 6] = [
    ("statement_timeout", "2s"),
    ("search_path", "public, extensions"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
];

/// Statements as a role with claims.
pub(super) fn request(role: &str, claims: Option<&str>, statements: Vec<Statement>) -> RequestTx {
    let mut settings: Vec<(Cow<'static, str>, String)> = SETTINGS
        .iter()
        .map(|(name, value)| (Cow::Borrowed(*name), (*value).to_owned()))
        .collect();
    if let Some(claims) = claims {
        settings.push((Cow::Borrowed("request.jwt.claims"), claims.to_owned()));
    }
    RequestTx {
        role: role.to_owned(),
        settings,
        statements,
        access: Access::ReadOnly,
        ..RequestTx::default()
    }
}

impl Callers {
    /// The shared identity of a caller.
    pub(super) async fn intern(&self, requests: &Requests, caller: &Caller) -> Arc<Who> {
        let key = (caller.role.clone(), caller.claims_json());
        if let Some(who) = self.lock().get(&key).and_then(Weak::upgrade) {
            return who;
        }
        let sql = "select auth.uid()::text, auth.jwt()::text, auth.role()::text";
        let asked = requests
            .run(request(
                &key.0,
                Some(&key.1),
                vec![Statement::new(sql, Vec::new())],
            ))
            .await;
        let values = asked.ok().and_then(|results| {
            let row = results.first()?.rows.first()?;
            Some([0, 1, 2].map(|index| row.text(index).map(str::to_owned)))
        });
        let who = Arc::new(Who {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            role: key.0.clone(),
            claims: key.1.clone(),
            values,
        });
        let mut callers = self.lock();
        if callers.len() > 64 && callers.len() == callers.capacity() {
            callers.retain(|_, who| who.strong_count() > 0);
        }
        if let Some(other) = callers.get(&key).and_then(Weak::upgrade) {
            return other;
        }
        callers.insert(key, Arc::downgrade(&who));
        who
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Weak<Who>>> {
        self.0.lock().expect("no panic while callers are looked up")
    }
}
