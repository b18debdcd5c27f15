//! Both ways of the store, in shared data, so that it is one for all workers: a request that brings
//! a trace is remembered under its id, one that brings none gets what is remembered. Keys of shared
//! data are never deleted, so that ids share 8192 slots, each for the last that came.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, Bytes, LogLevel};
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::time::UNIX_EPOCH;

const SLOTS: u64 = 8192;
const SECONDS: u64 = 60;
const ID: &str = "x-request-id";
const TRACE: &str = "x-b3-traceid";
const KEPT: [&str; 4] = [TRACE, "x-b3-spanid", "x-b3-sampled", "x-traffic-tag"];

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Request) });
}}

struct Request;

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        // One host call for all of them costs less than one for each.
        let headers = self.get_http_request_headers_bytes();
        let Some(id) = value(&headers, ID) else {
            return Action::Continue;
        };
        if value(&headers, TRACE).is_some() {
            self.remember(id, &headers);
        } else {
            self.restore(id);
        }
        Action::Continue
    }
}

impl Request {
    fn remember(&self, id: &[u8], headers: &[(String, Bytes)]) {
        let mut entry = Vec::with_capacity(256);
        entry.extend_from_slice(&(self.seconds() + SECONDS).to_le_bytes());
        push(&mut entry, Some(id));
        for name in KEPT {
            push(&mut entry, value(headers, name));
        }
        // Without a number to compare there is no mismatch.
        let _ = self.set_shared_data(&slot(id), Some(&entry), None);
    }

    fn restore(&self, id: &[u8]) {
        let (Some(entry), _) = self.get_shared_data(&slot(id)) else {
            return;
        };
        let Some((expiry, mut rest)) = entry.split_first_chunk() else {
            return;
        };
        if u64::from_le_bytes(*expiry) <= self.seconds() || pull(&mut rest) != Some(id) {
            return;
        }
        for name in KEPT {
            if let Some(value) = pull(&mut rest) {
                self.set_http_request_header_bytes(name, Some(value));
            }
        }
    }

    fn seconds(&self) -> u64 {
        let now = self.get_current_time().duration_since(UNIX_EPOCH);
        now.map_or(0, |since| since.as_secs())
    }
}

fn value<'a>(headers: &'a [(String, Bytes)], name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_slice())
}

fn slot(id: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(id);
    format!("store/{}", hasher.finish() % SLOTS)
}

/// Its size, or u16::MAX for none, and the bytes; what is too long for that is not kept.
fn push(entry: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(bytes) if bytes.len() < u16::MAX as usize => {
            entry.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
            entry.extend_from_slice(bytes);
        }
        _ => entry.extend_from_slice(&u16::MAX.to_le_bytes()),
    }
}

fn pull<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, after) = rest.split_first_chunk()?;
    let size = u16::from_le_bytes(*size);
    if size == u16::MAX {
        *rest = after;
        return None;
    }
    let (bytes, after) = after.split_at_checked(size as usize)?;
    *rest = after;
    Some(bytes)
}
