//! What this machine has to give: private files, free space, free ports, nothing left behind.

use std::net::{IpAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use settings::Settings;

use crate::exit::Failure;
use crate::findings::Finding;
use crate::keyring;
use crate::messages::Message;
use crate::messages::floors::another_port;

/// Space below which a database is in danger, MiB.
const LITTLE_SPACE_MIB: u64 = 512;

/// Files with secrets, and the folder of the data, that others can read.
pub(super) fn permissions(keys: &Path, data_dir: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(failure) = keyring::check_permissions(keys, false) {
        let path = keys.to_owned();
        found
            .push(Finding::from(failure).fixed_by(move || keyring::check_permissions(&path, true)));
    }
    let open =
        std::fs::metadata(data_dir).is_ok_and(|found| found.permissions().mode() & 0o007 != 0);
    if open {
        let path = data_dir.display().to_string();
        let (remedy, folder) = (format!("chmod o-rwx {path}"), data_dir.to_owned());
        let finding = Finding::new("data_folder_open", Message::FolderOpen { path }, remedy);
        found.push(finding.fixed_by(move || close(&folder)));
    }
    found
}

fn close(folder: &Path) -> Result<(), Failure> {
    let refused = |error: std::io::Error| Failure::file(folder, &error);
    let mode = std::fs::metadata(folder)
        .map_err(refused)?
        .permissions()
        .mode();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode & 0o770)).map_err(refused)
}

/// What a run that ended by force left.
pub(super) fn left_behind(data_dir: &Path) -> Option<Finding> {
    let path = data_dir.join("passerelle.json");
    if !path.exists() {
        return None;
    }
    let shown = path.display().to_string();
    let remedy = format!("rm {shown}");
    let finding = Finding::new("stale_state", Message::StaleState { path: shown }, remedy);
    Some(finding.fixed_by(move || {
        std::fs::remove_file(&path).map_err(|error| Failure::file(&path, &error))
    }))
}

/// Ports that a start would ask for and that somebody has.
pub(super) fn ports(settings: &Settings) -> Vec<Finding> {
    let gateway = &settings.gateway;
    let mut wanted: Vec<(IpAddr, u16)> = vec![
        (gateway.host, gateway.port),
        (gateway.admin_host, gateway.admin_port),
    ];
    if gateway.tls_cert.is_some() {
        wanted.push((gateway.host, gateway.tls_port));
    }
    let busy = wanted
        .into_iter()
        .filter(|(_, port)| *port != 0)
        .filter_map(|(host, port)| {
            let error = TcpListener::bind((host, port)).err()?.to_string();
            let remedy = another_port(gateway, port);
            let port = port.to_string();
            Some(Finding::new(
                "port_taken",
                Message::PortBusy { port, error },
                remedy,
            ))
        });
    busy.collect()
}

/// Too little room for a database to work in.
pub(super) fn disk(data_dir: &Path) -> Option<Finding> {
    let existing = data_dir.ancestors().find(|folder| folder.exists())?;
    let space = nix::sys::statvfs::statvfs(existing).ok()?;
    let free = space.blocks_available() * space.fragment_size() / (1 << 20);
    (free < LITTLE_SPACE_MIB).then(|| {
        let path = existing.display().to_string();
        let message = Message::LittleSpace {
            mib: free.to_string(),
            path,
        };
        Finding::new("disk_nearly_full", message, Message::MakeRoom)
    })
}
