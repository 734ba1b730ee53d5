//! An upload as it arrives: what it says of itself, and its bytes still under way.

use axum::body::{Body, BodyDataStream};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::HeaderMap;
use http::request::Parts;
use multer::{Field, Multipart};
use serde_json::{Map, Value, json};

use crate::limits::{Limits, is_content_type};
use crate::{Error, backend, robots};

const MAX_FIELDS: usize = 10;
const MAX_METADATA_BYTES: usize = 1024 * 1024;

/// An upload under way.
pub(crate) struct Incoming {
    source: Source,
    fields_seen: usize,
    /// What it says of itself.
    pub(crate) content_type: String,
    /// As it will be stored.
    pub(crate) cache_control: String,
    /// User metadata.
    pub(crate) user_metadata: Value,
    robots: Option<String>,
    length: Option<u64>,
}

enum Source {
    Raw(BodyDataStream),
    Form {
        form: Box<Multipart<'static>>,
        file: Option<Box<Field<'static>>>,
    },
}

impl Incoming {
    /// Reads what stands before the bytes: headers, or a form's fields up to its file.
    pub(crate) async fn open(parts: &Parts, body: Body) -> Result<Self, Error> {
        let headers = &parts.headers;
        let robots = text(headers, "x-robots-tag")?.map(str::to_owned);
        if let Some(value) = &robots {
            robots::check(value)?;
        }
        let content_type = text(headers, "content-type")?.unwrap_or("application/octet-stream");
        let stream = body.into_data_stream();
        if content_type
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
        {
            let boundary = multer::parse_boundary(content_type).map_err(|_| Error::ContentType)?;
            let mut incoming = Self {
                source: Source::Form {
                    form: Box::new(Multipart::new(stream, boundary)),
                    file: None,
                },
                fields_seen: 0,
                content_type: "application/octet-stream".into(),
                cache_control: "no-cache".into(),
                user_metadata: json!({}),
                robots,
                length: None,
            };
            incoming.read_fields().await?;
            return if incoming.has_file() {
                Ok(incoming)
            } else {
                Err(Error::NoContent)
            };
        }
        if !is_content_type(content_type) {
            return Err(Error::ContentType);
        }
        Ok(Self {
            source: Source::Raw(stream),
            fields_seen: 0,
            content_type: content_type.to_owned(),
            cache_control: text(headers, "cache-control")?
                .unwrap_or("no-cache")
                .to_owned(),
            user_metadata: match text(headers, "x-metadata")? {
                Some(encoded) => decode_metadata(encoded)?,
                None => json!({}),
            },
            robots,
            length: text(headers, "content-length")?.and_then(|length| length.parse().ok()),
        })
    }

    /// Refuses what its declarations already break.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Error> {
        limits.check_size(self.length.unwrap_or(0))?;
        limits.check_type(&self.content_type)
    }

    /// The metadata as far as it is known beforehand: what policies test.
    pub(crate) fn declared(&self) -> Value {
        let mut metadata = Map::new();
        metadata.insert("mimetype".into(), json!(self.content_type));
        if let Some(length) = self.length {
            metadata.insert("contentLength".into(), json!(length));
        }
        Value::Object(metadata)
    }

    /// The metadata of what was written.
    pub(crate) fn metadata(
        &self,
        digest: &backend::Digest,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Value {
        let mut metadata = json!({
            "eTag": format!("\"{}\"", digest.md5),
            "size": digest.size,
            "mimetype": self.content_type,
            "cacheControl": self.cache_control,
            "lastModified": now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "contentLength": digest.size,
            "httpStatusCode": 200,
        });
        if let Some(robots) = &self.robots {
            metadata["xRobotsTag"] = json!(robots);
        }
        metadata
    }

    /// The bytes. For a form, those of its file.
    pub(crate) fn bytes(&mut self) -> backend::Body<'_> {
        match &mut self.source {
            Source::Raw(stream) => stream.map_err(|error| error.to_string()).boxed(),
            Source::Form {
                file: Some(file), ..
            } => file.map_err(|error| error.to_string()).boxed(),
            Source::Form { file: None, .. } => futures_util::stream::empty().boxed(),
        }
    }

    /// Reads what stands behind the bytes: fields that a form gives after its file.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        if let Source::Form { file, .. } = &mut self.source {
            *file = None;
            self.read_fields().await?;
            if self.has_file() {
                return Err(Error::invalid("a form holds one file"));
            }
        }
        Ok(())
    }

    fn has_file(&self) -> bool {
        matches!(&self.source, Source::Form { file: Some(_), .. })
    }

    /// Reads fields until the file or the end.
    async fn read_fields(&mut self) -> Result<(), Error> {
        loop {
            let Source::Form { form, file } = &mut self.source else {
                return Ok(());
            };
            let Some(field) = form.next_field().await.map_err(|_| Error::NoContent)? else {
                return Ok(());
            };
            self.fields_seen += 1;
            if self.fields_seen > MAX_FIELDS + 1 {
                return Err(Error::TooLarge);
            }
            if is_file(&field) {
                if let Some(own) = field.content_type() {
                    self.content_type = own.to_string();
                }
                *file = Some(Box::new(field));
                return Ok(());
            }
            let name = field.name().unwrap_or_default().to_owned();
            let value = read_text(field).await?;
            self.take_field(&name, &value)?;
        }
    }

    fn take_field(&mut self, name: &str, value: &str) -> Result<(), Error> {
        match name {
            "cacheControl"
                if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                self.cache_control = format!("max-age={value}");
            }
            "contentType" if is_content_type(value) => value.clone_into(&mut self.content_type),
            "contentType" => return Err(Error::ContentType),
            "metadata" | "userMetadata" => self.user_metadata = parse_metadata(value.as_bytes())?,
            _ => {}
        }
        Ok(())
    }
}

/// A part is a file when it has a file name, or a type and no name at all.
fn is_file(field: &Field<'_>) -> bool {
    field.file_name().is_some() || field.name().unwrap_or_default().is_empty()
}

async fn read_text(mut field: Field<'static>) -> Result<String, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::NoContent)? {
        if bytes.len() + chunk.len() > MAX_METADATA_BYTES {
            return Err(Error::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid("form fields must be UTF-8"))
}

/// A header that is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Error> {
    let value = headers
        .get(name)
        .map(|value| std::str::from_utf8(value.as_bytes()));
    value
        .transpose()
        .map_err(|_| Error::invalid(format!("headers/{name} must be string")))
}

/// Header `x-metadata`: base64 of a JSON object.
pub(crate) fn decode_metadata(encoded: &str) -> Result<Value, Error> {
    let encoded = encoded.trim();
    let bytes = STANDARD
        .decode(encoded)
        .or_else(|_| STANDARD_NO_PAD.decode(encoded))
        .map_err(|_| Error::invalid("headers/x-metadata must be a JSON object in base64"))?;
    parse_metadata(&bytes)
}

fn parse_metadata(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.len() > MAX_METADATA_BYTES {
        return Err(Error::TooLarge);
    }
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Error::invalid("user metadata must be a JSON object")),
    }
}

/// Whether header `x-upsert` asks to replace.
pub(crate) fn wants_upsert(headers: &HeaderMap) -> bool {
    headers
        .get("x-upsert")
        .is_some_and(|value| value.as_bytes() == b"true")
}
