//! One bucket for all workers, by the generic cell rate algorithm: in shared data is the time at
//! which it will be full again, exchanged if nobody else has meanwhile. Configuration: how many
//! tokens it holds, and the nanoseconds in which one comes back.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, Status};
use std::time::UNIX_EPOCH;

const KEY: &str = "limit";
/// Workers that take a token at the same time try again; after so many times the request passes.
const TRIES: usize = 16;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(Clone, Copy, Default)]
struct Bucket {
    burst: u64,
    interval_ns: u64,
}

#[derive(Default)]
struct Root {
    bucket: Bucket,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut numbers = text.split_whitespace().map(str::parse);
        let (Some(Ok(burst)), Some(Ok(interval_ns))) = (numbers.next(), numbers.next()) else {
            return false;
        };
        self.bucket = Bucket { burst, interval_ns };
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request {
            bucket: self.bucket,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Request {
    bucket: Bucket,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.admits() {
            return Action::Continue;
        }
        self.send_http_response(429, vec![], Some(b"limited"));
        Action::Pause
    }
}

impl Request {
    fn admits(&self) -> bool {
        let Bucket { burst, interval_ns } = self.bucket;
        let now = self.get_current_time().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_nanos() as u64);
        for _ in 0..TRIES {
            let (full, cas) = self.get_shared_data(KEY);
            let full = full
                .and_then(|bytes| bytes.try_into().ok())
                .map_or(0, u64::from_le_bytes);
            let next = full.max(now).saturating_add(interval_ns);
            if next - now > burst.saturating_mul(interval_ns) {
                return false;
            }
            match self.set_shared_data(KEY, Some(&next.to_le_bytes()), cas) {
                Err(Status::CasMismatch) => continue,
                _ => return true,
            }
        }
        true
    }
}
