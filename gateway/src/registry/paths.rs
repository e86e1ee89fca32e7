//! A router that can say which routes it has, so that a test can walk every one of them as every role.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;

use super::desk::Desk;

/// Routes with their handlers, and the list of them.
#[derive(Default)]
pub struct Paths {
    router: Router<Desk>,
    listed: Vec<(Method, &'static str)>,
}

impl Paths {
    /// No routes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers GET (and HEAD) of a path.
    pub fn get<H: Handler<T, Desk>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::GET, MethodFilter::GET, path, handler)
    }

    /// Answers POST of a path.
    pub fn post<H: Handler<T, Desk>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::POST, MethodFilter::POST, path, handler)
    }

    /// Answers PUT of a path.
    pub fn put<H: Handler<T, Desk>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::PUT, MethodFilter::PUT, path, handler)
    }

    /// Answers PATCH of a path.
    pub fn patch<H: Handler<T, Desk>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::PATCH, MethodFilter::PATCH, path, handler)
    }

    /// Answers DELETE of a path.
    pub fn delete<H: Handler<T, Desk>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    fn on<H: Handler<T, Desk>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.listed.push((method, path));
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// These and those.
    pub fn merge(mut self, others: Self) -> Self {
        self.listed.extend(others.listed);
        self.router = self.router.merge(others.router);
        self
    }

    /// The list: methods and paths as they were written, parameters in braces.
    pub fn listed(&self) -> &[(Method, &'static str)] {
        &self.listed
    }

    pub(super) fn router(self) -> Router<Desk> {
        self.router
    }
}
