//! What processes cost, read from `/proc`.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks a second on Linux, as `/proc/<pid>/stat` counts them.
const TICKS: u64 = 100;

/// A process and all its descendants, split into ours and PostgreSQL's.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    root: u32,
}

/// CPU time used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// By the program itself.
    pub(crate) program: Duration,
    /// By PostgreSQL's processes.
    pub(crate) postgres: Duration,
}

impl std::ops::Sub for Cpu {
    type Output = Self;
    fn sub(self, earlier: Self) -> Self {
        Self {
            program: self.program.saturating_sub(earlier.program),
            postgres: self.postgres.saturating_sub(earlier.postgres),
        }
    }
}

impl Family {
    /// The process `root` and what it started.
    pub(crate) fn of(root: u32) -> Self {
        Self { root }
    }

    /// The process that it is the family of.
    pub(crate) fn root(&self) -> u32 {
        self.root
    }

    /// CPU time of the whole family, backends that have ended included: their postmaster has waited for them.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        let mut sum = Cpu::default();
        for pid in self.members()? {
            let Ok(stat) = Stat::read(pid) else { continue };
            if stat.name == "postgres" {
                sum.postgres += stat.cpu;
            } else {
                sum.program += stat.cpu;
            }
        }
        Ok(sum)
    }

    /// Proportional set size in KiB: (the program, PostgreSQL).
    pub(crate) fn pss_kib(&self) -> Result<(u64, u64)> {
        let (mut program, mut postgres) = (0, 0);
        for pid in self.members()? {
            let Ok(stat) = Stat::read(pid) else { continue };
            let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else {
                continue;
            };
            let line = text
                .lines()
                .find(|line| line.starts_with("Pss:"))
                .unwrap_or("Pss: 0 kB");
            let kib: u64 = line
                .split_whitespace()
                .nth(1)
                .and_then(|number| number.parse().ok())
                .unwrap_or(0);
            if stat.name == "postgres" {
                postgres += kib;
            } else {
                program += kib;
            }
        }
        Ok((program, postgres))
    }

    fn members(&self) -> Result<BTreeSet<u32>> {
        let mut parents = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            if let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok())
                && let Ok(stat) = Stat::read(pid)
            {
                parents.push((pid, stat.parent));
            }
        }
        let mut members = BTreeSet::from([self.root]);
        loop {
            let before = members.len();
            members.extend(
                parents
                    .iter()
                    .filter(|(_, parent)| members.contains(parent))
                    .map(|(pid, _)| *pid)
                    .collect::<Vec<_>>(),
            );
            if members.len() == before {
                return Ok(members);
            }
        }
    }
}

struct Stat {
    name: String,
    parent: u32,
    cpu: Duration,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let open = text.find('(').context("a name")?;
        let close = text.rfind(')').context("a name")?;
        let fields: Vec<&str> = text[close + 2..].split(' ').collect();
        let name = text[open + 1..close].to_owned();
        // User and system time; of PostgreSQL's also that of children that have ended.
        let counted = if name == "postgres" { 11..15 } else { 11..13 };
        let ticks = fields[counted]
            .iter()
            .map(|field| field.parse::<u64>())
            .sum::<Result<u64, _>>()?;
        Ok(Self {
            name,
            parent: fields[1].parse()?,
            cpu: Duration::from_millis(ticks * 1_000 / TICKS),
        })
    }
}
