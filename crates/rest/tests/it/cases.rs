//! Cases as data: `cases/*.toml`, each a list of requests with the whole of what matters in the reply.

use serde::Deserialize;

use crate::server::Server;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows, with the ids of the spec.
    name: String,
    #[serde(default)]
    caller: String,
    #[serde(default = "get")]
    method: String,
    uri: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    status: u16,
    /// Compared as JSON, or as text if it is none; left out: not looked at.
    answer: Option<String>,
    /// Headers of the reply; an empty value: absent.
    #[serde(default)]
    with: Vec<(String, String)>,
}

fn get() -> String {
    "GET".to_owned()
}

async fn run(text: &str, adjust: fn(&mut settings::Rest)) {
    let file: File = toml::from_str(text).expect("a file of cases");
    let server = Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        adjust(settings);
    })
    .await;
    let mut wrong = Vec::new();
    for case in file.case {
        let headers: Vec<_> = case
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let answer = server
            .ask(&case.caller, &case.method, &case.uri, &headers, &case.body)
            .await;
        let same_body = case.answer.as_ref().is_none_or(|wanted| {
            match (
                serde_json::from_str::<serde_json::Value>(wanted),
                serde_json::from_str::<serde_json::Value>(&answer.body),
            ) {
                (Ok(wanted), Ok(found)) => wanted == found,
                _ => *wanted == answer.body,
            }
        });
        let other_headers: Vec<String> = case
            .with
            .iter()
            .filter(|(name, value)| {
                answer
                    .headers
                    .get(name)
                    .map_or("", |found| found.to_str().unwrap_or("?"))
                    != value
            })
            .map(|(name, value)| {
                format!(
                    "{name}: wanted {value:?}, found {:?}",
                    answer.headers.get(name)
                )
            })
            .collect();
        if answer.status != case.status || !same_body || !other_headers.is_empty() {
            wrong.push(format!(
                "{}\n  {} {}\n  status {} (wanted {})\n  body   {}\n  wanted {}\n  {}",
                case.name,
                case.method,
                case.uri,
                answer.status,
                case.status,
                answer.body,
                case.answer.unwrap_or_default(),
                other_headers.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

macro_rules! adjustment {
    () => {
        |_| {}
    };
    ($adjust:expr) => {
        $adjust
    };
}

macro_rules! files {
    ($($name:ident $(: $adjust:expr)?),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let text = include_str!(concat!("../cases/", stringify!($name), ".toml"));
            run(text, adjustment!($($adjust)?)).await;
        }
    )+ };
}

files!(
    reads,
    embeds,
    relations,
    writes,
    calls,
    errors,
    corners,
    details,
    media,
    plans: |settings| settings.plan_enabled = true,
    aggregates: |settings| settings.aggregates_enabled = true,
);
