//! A folder of its own for each test, and the program run in it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A project's folder that holds nothing yet.
pub(crate) struct Place {
    dir: TempDir,
}

/// What a run of the program left; paths below the project's folder are written `<dir>`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-cli-")
            .tempdir()
            .unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The program in this folder, with nothing of the caller's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .stdin(Stdio::null());
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path())
            .env("LANG", "C");
        command.env("PASSERELLE_GATEWAY_HOST", "127.0.0.1");
        command
            .env("PASSERELLE_GATEWAY_ADMIN_PORT", "0")
            .env("PASSERELLE_DATABASE_PORT", "0");
        #[expect(
            clippy::disallowed_methods,
            reason = "the tests' runner says where PostgreSQL is"
        )]
        if let Some(bin) = std::env::var_os("PASSERELLE_PG_BIN") {
            command.env("PASSERELLE_PG_BIN", bin);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(&mut self.command(arguments))
    }

    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(self.path().to_str().unwrap(), "<dir>")
        };
        Ran {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Writes a file that only its owner can read, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        self.mode(name, 0o600);
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(
            self.path().join(name),
            std::fs::Permissions::from_mode(mode),
        )
        .unwrap();
    }

    pub(crate) fn mode_of(&self, name: &str) -> u32 {
        std::fs::metadata(self.path().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    }

    /// The value of a variable in a file.
    pub(crate) fn variable(&self, file: &str, name: &str) -> String {
        let text = self.read(file);
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found
            .unwrap_or_else(|| panic!("{name} is not in {file}:\n{text}"))
            .to_owned()
    }

    /// Command lines of processes that name this project's data, wherever its database lies.
    pub(crate) fn processes(&self) -> Vec<String> {
        let mut folders = vec![self.path().to_owned()];
        folders.extend(self.database());
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let lines = lines.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
        let names = |line: &String| {
            folders
                .iter()
                .any(|folder| line.contains(folder.to_str().unwrap()))
        };
        lines.filter(names).collect()
    }

    /// The folder outside the project that holds its database, when root's own is closed to PostgreSQL.
    fn database(&self) -> Option<PathBuf> {
        let link = std::fs::read_link(self.path().join(".passerelle/db")).ok()?;
        Some(link.parent()?.to_owned())
    }
}

/// Nothing runs on and nothing stays, however the test ends.
impl Drop for Place {
    fn drop(&mut self) {
        if self.exists(".passerelle/passerelle.json") {
            let _ = self.command(&["down"]).output();
        }
        if let Some(database) = self.database() {
            let _ = std::fs::remove_dir_all(database);
        }
    }
}

impl Ran {
    /// Each line of standard output as the object it must be: stamped, numbered, the last one the result
    /// (MIG-OUT-01). What all lines have in common is left out of what is given back.
    pub(crate) fn objects(&self) -> Vec<Value> {
        assert_eq!(
            self.err, "",
            "with --json nothing is said on standard error"
        );
        let lines = self.out.lines();
        let mut objects: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        objects.iter().for_each(check_line);
        let run = objects[0]["run"].clone();
        for (index, object) in objects.iter_mut().enumerate() {
            let members = object.as_object_mut().unwrap();
            let mut take = |name: &str| members.remove(name).unwrap();
            assert_eq!(take("schema"), "passerelle/1");
            assert_eq!(
                (take("run"), take("seq")),
                (run.clone(), (index + 1).into())
            );
            let time = take("ts").as_str().unwrap().to_owned();
            assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
        }
        let last = objects.last().unwrap();
        assert_eq!(last["type"], "result");
        assert_eq!(last["exit_code"], self.code);
        objects
    }

    /// The last line.
    pub(crate) fn last(&self) -> Value {
        self.objects().pop().unwrap()
    }
}

/// Checks a line against the published schema, as far as that one's words go.
fn check_line(line: &Value) {
    let schema = include_str!("../../../../docs/reference/output.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    check_members(line, &schema);
    for branch in schema["allOf"].as_array().unwrap() {
        if fits(&line["type"], &branch["if"]["properties"]["type"]) {
            check_members(line, &branch["then"]);
        }
    }
}

fn check_members(line: &Value, rule: &Value) {
    for name in rule["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        assert!(line.get(name).is_some(), "{name} is not in {line}");
    }
    for (name, rule) in rule["properties"].as_object().into_iter().flatten() {
        let value = line.get(name);
        assert!(
            value.is_none_or(|value| fits(value, rule)),
            "{name} in {line}"
        );
    }
}

fn fits(value: &Value, rule: &Value) -> bool {
    let is_kind = |kind: &Value| match kind.as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other} is not known here"),
    };
    let kinds = match &rule["type"] {
        Value::Array(kinds) => kinds.iter().any(is_kind),
        Value::Null => true,
        kind => is_kind(kind),
    };
    let among = rule["enum"]
        .as_array()
        .is_none_or(|list| list.contains(value));
    kinds && among && rule.get("const").is_none_or(|only| only == value)
}

/// A listener on a port that was free.
pub(crate) fn taken_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

pub(crate) use testkit::free_port;
