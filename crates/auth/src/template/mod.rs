//! Templates in Go's syntax, as operators of auth servers have them: `{{ .Data.name }}`, `{{ if }}`,
//! `{{ range }}`, pipelines and the usual functions.
//!
//! Values are escaped for the place where they stand: text, an attribute, a URL, a script. A template is trusted,
//! what it is filled with is not. Work and output are bounded.

mod eval;
mod functions;
mod html;
mod lex;
mod parse;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use functions::QUERY;
use parse::Node;

/// A template that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    nodes: Vec<Node>,
}

/// What is wrong with a template, or with filling it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Fault(String);

impl Fault {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Template {
    /// Understands a template.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let nodes = parse::parse(lex::lex(text)?)?;
        Ok(Self { nodes })
    }

    /// Fills it as HTML.
    pub(crate) fn html(&self, data: &Value) -> Result<String, Fault> {
        eval::fill(&self.nodes, data, html::Escaper::html())
    }

    /// Fills it as plain text.
    pub(crate) fn text(&self, data: &Value) -> Result<String, Fault> {
        eval::fill(&self.nodes, data, html::Escaper::plain())
    }
}
