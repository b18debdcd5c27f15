//! The tagging job as the examples of proxy-wasm write a filter.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Request) });
}}

struct Request;

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.get_http_request_header("x-user-group").as_deref() == Some("internal") {
            self.set_http_request_header("x-traffic-tag", Some("canary"));
        }
        Action::Continue
    }
}
