//! On what was measured: the machine, the servers, the day. Read from where Linux says it; what
//! cannot be read is left empty.

use std::{fmt, fs, thread, time::SystemTime};

use helmstream_schemas::Timestamp;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    pub(crate) nats_server: String,
    pub(crate) postgres: String,
    pub(crate) measured_at: Timestamp,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let line = |file: &str, name: &str| -> Option<String> {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = line("/proc/meminfo", "MemTotal").unwrap_or_default();
        let memory_kb: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cores: thread::available_parallelism().map_or(0, usize::from),
            processor: line("/proc/cpuinfo", "model name").unwrap_or_default(),
            memory_mb: memory_kb / 1024,
            kernel: kernel.trim().to_owned(),
            nats_server: String::new(),
            postgres: String::new(),
            measured_at: now(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "cores": self.cores, "processor": self.processor, "memory_mb": self.memory_mb,
            "kernel": self.kernel, "nats_server": self.nats_server, "postgres": self.postgres,
            "measured_at": self.measured_at,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cores of {}, {} MB, Linux {}; nats-server {}, PostgreSQL {}; {}",
            self.cores,
            self.processor,
            self.memory_mb,
            self.kernel,
            self.nats_server,
            self.postgres,
            self.measured_at
        )
    }
}

/// The instant by this machine's clock, to the millisecond, as a publisher would write it.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_millis()).unwrap_or_default() * 1_000_000)
}
