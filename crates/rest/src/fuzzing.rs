//! What the fuzz targets in `fuzz/` are let into: the stages without a connection, from bytes to SQL text.
//!
//! Only with the feature `fuzzing`; the program never has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use catalog::Catalog;
use http::{HeaderMap, Request, header};
use jwt::Caller;

use crate::config::Config;
use crate::error::{Error, render};
use crate::plan::Plan;
use crate::query::{Query, Transaction};
use crate::request::payload::{self, PayloadShape, Purpose};
use crate::request::{ApiRequest, media};

/// One catalog and the settings under which requests are understood.
#[derive(Debug)]
pub struct Stages {
    catalog: Catalog,
    config: Config,
}

/// A statement as it would be sent.
#[derive(Debug)]
pub struct Written {
    /// The text.
    pub sql: Arc<str>,
    /// How many parameters go with it.
    pub parameters: usize,
}

/// A body as it would be passed on.
#[derive(Debug)]
pub struct Decoded {
    /// JSON, or for a raw body the text itself.
    pub body: Bytes,
    /// Whether that is an array, and the keys of each object, sorted; `None` for a raw body.
    pub json: Option<(bool, Vec<String>)>,
}

/// A refusal: HTTP status, code and size of the body.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// `PGRST…` or a SQLSTATE.
    pub code: String,
}

impl Stages {
    /// Under these settings, in a catalog that was loaded.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(settings: &settings::Rest, catalog: Catalog) -> Result<Self, String> {
        let config = Config::effective(settings, &BTreeMap::new())?;
        Ok(Self { catalog, config })
    }

    /// Walks a request of `anon` from its bytes to the statements of its transaction.
    ///
    /// # Errors
    /// What the caller would be answered, rendered once to see that it can be.
    pub fn walk(&self, request: Request<Bytes>) -> Result<Vec<Written>, Refused> {
        self.statements(request)
            .map_err(|error| self.refused(&error))
    }

    fn statements(&self, request: Request<Bytes>) -> Result<Vec<Written>, Error> {
        let (parts, body) = request.into_parts();
        let request = ApiRequest::parse(&parts, body, &self.config)?;
        let plan = Plan::make(&request.shape, &self.catalog, &self.config)?;
        let stamp = self.catalog.hash();
        let Some(query) = Query::write(&plan, request.shape.head, &self.config, stamp) else {
            return Ok(Vec::new());
        };
        let caller = Caller::anonymous("anon");
        let transaction = Transaction::prepare(
            &query,
            &plan,
            &request,
            &parts.headers,
            &caller,
            &self.catalog,
            &self.config,
        );
        let written = transaction.tx.statements.into_iter();
        Ok(written
            .map(|statement| Written {
                parameters: statement.params.len(),
                sql: statement.sql,
            })
            .collect())
    }

    fn refused(&self, error: &Error) -> Refused {
        let response = render(error, &self.config, false);
        Refused {
            status: response.status().as_u16(),
            code: error.code().to_owned(),
        }
    }
}

/// Decodes a body of this `Content-Type`, for a function (`call`) or a write, with or without `columns`.
///
/// # Errors
/// The code of the refusal.
pub fn decode(
    content_type: &str,
    call: bool,
    columns: Option<&[String]>,
    body: Bytes,
) -> Result<Decoded, String> {
    let mut headers = HeaderMap::new();
    if let Ok(value) = content_type.parse() {
        headers.insert(header::CONTENT_TYPE, value);
    }
    let purpose = if call { Purpose::Call } else { Purpose::Write };
    let kind = media::content_type(&headers);
    let (shape, body) =
        payload::read(body, &kind, purpose, columns).map_err(|error| error.code().to_owned())?;
    let json = match shape {
        PayloadShape::Json { array, keys } => Some((array, keys)),
        PayloadShape::None | PayloadShape::Raw(_) => None,
    };
    Ok(Decoded { body, json })
}
