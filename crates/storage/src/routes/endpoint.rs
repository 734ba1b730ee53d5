//! From method and path to what is wanted.

use http::Method;

use crate::Error;
use crate::percent::decode;

/// A bucket and a key, decoded once.
pub(crate) type At = (String, String);

/// What is wanted, and the name that policies know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) operation: &'static str,
}

/// By which door an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// `/object/public`
    Public,
    /// `/object/authenticated`
    Authenticated,
    /// `/object/sign`
    Signed,
    /// `/object`: with or without a token.
    Any,
}

/// Everything that the service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    ListBuckets,
    CreateBucket,
    GetBucket(String),
    UpdateBucket(String),
    DeleteBucket(String),
    EmptyBucket(String),
    Upload(At),
    Replace(At),
    UploadSigned(At),
    Read(Reading, At),
    Info(Reading, At),
    Remove(At),
    RemoveMany(String),
    List(String),
    ListV2(String),
    Move,
    Copy,
    Sign(At),
    SignMany(String),
    SignUpload(At),
    Status,
    Version,
    Health,
}

impl Route {
    /// Reads a path as the client wrote it, still percent-encoded.
    pub(crate) fn recognize(method: &Method, path: &str) -> Result<Self, Error> {
        let unknown = || Error::Route(format!("{method}:{path}"));
        let rest = path.strip_prefix('/').unwrap_or(path);
        let (family, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let read = *method == Method::GET || *method == Method::HEAD;
        let found = match family {
            "bucket" => bucket(method, rest)?,
            "object" => object(method, rest)?,
            "status" if read && rest.is_empty() => Some((Endpoint::Status, "storage.status")),
            "version" if read && rest.is_empty() => Some((Endpoint::Version, "storage.version")),
            "health" if read && rest.is_empty() => Some((Endpoint::Health, "storage.health")),
            _ => None,
        };
        let (endpoint, operation) = found.ok_or_else(unknown)?;
        Ok(Self {
            endpoint,
            operation,
        })
    }
}

type Found = Result<Option<(Endpoint, &'static str)>, Error>;

fn bucket(method: &Method, rest: &str) -> Found {
    Ok(match (method.as_str(), rest.split_once('/')) {
        ("GET", None) if rest.is_empty() => Some((Endpoint::ListBuckets, "storage.bucket.list")),
        ("POST", None) if rest.is_empty() => {
            Some((Endpoint::CreateBucket, "storage.bucket.create"))
        }
        ("GET", None) => Some((Endpoint::GetBucket(text(rest)?), "storage.bucket.get")),
        ("PUT", None) => Some((Endpoint::UpdateBucket(text(rest)?), "storage.bucket.update")),
        ("DELETE", None) if !rest.is_empty() => {
            Some((Endpoint::DeleteBucket(text(rest)?), "storage.bucket.delete"))
        }
        ("POST", Some((id, "empty"))) => {
            Some((Endpoint::EmptyBucket(text(id)?), "storage.bucket.empty"))
        }
        _ => None,
    })
}

/// The fixed words come first; what is not one of them is a bucket.
fn object(method: &Method, rest: &str) -> Found {
    let (word, behind) = rest.split_once('/').unwrap_or((rest, ""));
    let fixed = match (method.as_str(), word) {
        ("GET" | "HEAD", "public") => at(behind)?.map(|at| {
            (
                Endpoint::Read(Reading::Public, at),
                "storage.object.get_public",
            )
        }),
        ("GET" | "HEAD", "authenticated") => at(behind)?.map(|at| {
            (
                Endpoint::Read(Reading::Authenticated, at),
                authenticated(method),
            )
        }),
        ("GET" | "HEAD", "sign") => at(behind)?.map(|at| {
            (
                Endpoint::Read(Reading::Signed, at),
                "storage.object.get_signed",
            )
        }),
        ("GET", "info") => info(behind)?,
        ("POST", "list") => {
            alone(behind)?.map(|bucket| (Endpoint::List(bucket), "storage.object.list"))
        }
        ("POST", "list-v2") => {
            alone(behind)?.map(|bucket| (Endpoint::ListV2(bucket), "storage.object.list_v2"))
        }
        ("POST", "move") if behind.is_empty() => Some((Endpoint::Move, "storage.object.move")),
        ("POST", "copy") if behind.is_empty() => Some((Endpoint::Copy, "storage.object.copy")),
        ("POST", "sign") => match at(behind)? {
            Some(at) => Some((Endpoint::Sign(at), "storage.object.sign")),
            None => alone(behind)?
                .map(|bucket| (Endpoint::SignMany(bucket), "storage.object.sign_many")),
        },
        ("POST", "upload") => signed_upload(behind)?
            .map(|at| (Endpoint::SignUpload(at), "storage.object.sign_upload_url")),
        ("PUT", "upload") => signed_upload(behind)?
            .map(|at| (Endpoint::UploadSigned(at), "storage.object.upload_signed")),
        _ => None,
    };
    if fixed.is_some() {
        return Ok(fixed);
    }
    Ok(match (method.as_str(), at(rest)?) {
        ("POST", Some(at)) => Some((Endpoint::Upload(at), "storage.object.upload")),
        ("PUT", Some(at)) => Some((Endpoint::Replace(at), "storage.object.upload_update")),
        ("GET" | "HEAD", Some(at)) => {
            Some((Endpoint::Read(Reading::Any, at), authenticated(method)))
        }
        ("DELETE", Some(at)) => Some((Endpoint::Remove(at), "storage.object.delete")),
        ("DELETE", None) => {
            alone(rest)?.map(|bucket| (Endpoint::RemoveMany(bucket), "storage.object.delete_many"))
        }
        _ => None,
    })
}

fn authenticated(method: &Method) -> &'static str {
    if *method == Method::HEAD {
        "object.head_authenticated_info"
    } else {
        "storage.object.get_authenticated"
    }
}

fn info(behind: &str) -> Found {
    let (word, deeper) = behind.split_once('/').unwrap_or((behind, ""));
    let authenticated = |at| {
        (
            Endpoint::Info(Reading::Authenticated, at),
            "object.get_authenticated_info",
        )
    };
    let fixed = match word {
        "public" => at(deeper)?.map(|at| {
            (
                Endpoint::Info(Reading::Public, at),
                "storage.object.info_public",
            )
        }),
        "authenticated" => at(deeper)?.map(authenticated),
        _ => None,
    };
    Ok(match fixed {
        Some(found) => Some(found),
        None => at(behind)?.map(authenticated),
    })
}

fn signed_upload(behind: &str) -> Result<Option<At>, Error> {
    match behind.strip_prefix("sign/") {
        Some(deeper) => at(deeper),
        None => Ok(None),
    }
}

/// `<bucket>/<key>`.
fn at(rest: &str) -> Result<Option<At>, Error> {
    match rest.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() => Ok(Some((text(bucket)?, text(key)?))),
        _ => Ok(None),
    }
}

/// A bucket alone.
fn alone(rest: &str) -> Result<Option<String>, Error> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() || rest.contains('/') {
        Ok(None)
    } else {
        text(rest).map(Some)
    }
}

fn text(encoded: &str) -> Result<String, Error> {
    decode(encoded)
        .ok_or_else(|| Error::invalid(format!("'{encoded}' is not a valid url component")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, path: &str, endpoint: Endpoint, operation: &str) {
        let route = Route::recognize(method, path).unwrap();
        assert_eq!(
            (route.endpoint, route.operation),
            (endpoint, operation),
            "{method} {path}"
        );
    }

    fn at(bucket: &str, key: &str) -> At {
        (bucket.into(), key.into())
    }

    /// STO-HTTP-01, STO-RLS-06: every route and the name that policies know it by.
    #[test]
    fn routes_are_recognized() {
        use Endpoint as E;
        check(
            &Method::GET,
            "/bucket",
            E::ListBuckets,
            "storage.bucket.list",
        );
        check(
            &Method::POST,
            "/bucket/",
            E::CreateBucket,
            "storage.bucket.create",
        );
        check(
            &Method::GET,
            "/bucket/My%20Bucket",
            E::GetBucket("My Bucket".into()),
            "storage.bucket.get",
        );
        check(
            &Method::POST,
            "/bucket/b/empty",
            E::EmptyBucket("b".into()),
            "storage.bucket.empty",
        );
        check(
            &Method::POST,
            "/object/b/a/c.txt",
            E::Upload(at("b", "a/c.txt")),
            "storage.object.upload",
        );
        check(
            &Method::PUT,
            "/object/b/a",
            E::Replace(at("b", "a")),
            "storage.object.upload_update",
        );
        check(
            &Method::DELETE,
            "/object/b",
            E::RemoveMany("b".into()),
            "storage.object.delete_many",
        );
        check(
            &Method::DELETE,
            "/object/b/a",
            E::Remove(at("b", "a")),
            "storage.object.delete",
        );
        check(
            &Method::POST,
            "/object/list/b",
            E::List("b".into()),
            "storage.object.list",
        );
        check(
            &Method::POST,
            "/object/sign/b",
            E::SignMany("b".into()),
            "storage.object.sign_many",
        );
        check(
            &Method::POST,
            "/object/sign/b/x/y",
            E::Sign(at("b", "x/y")),
            "storage.object.sign",
        );
        check(
            &Method::POST,
            "/object/upload/sign/b/x",
            E::SignUpload(at("b", "x")),
            "storage.object.sign_upload_url",
        );
        check(
            &Method::PUT,
            "/object/upload/sign/b/x",
            E::UploadSigned(at("b", "x")),
            "storage.object.upload_signed",
        );
        check(
            &Method::GET,
            "/object/public/b/x",
            E::Read(Reading::Public, at("b", "x")),
            "storage.object.get_public",
        );
        check(
            &Method::HEAD,
            "/object/b/x",
            E::Read(Reading::Any, at("b", "x")),
            "object.head_authenticated_info",
        );
        check(
            &Method::GET,
            "/object/info/b/x",
            E::Info(Reading::Authenticated, at("b", "x")),
            "object.get_authenticated_info",
        );
        check(
            &Method::GET,
            "/object/info/public/b/x",
            E::Info(Reading::Public, at("b", "x")),
            "storage.object.info_public",
        );
        // Words of routes are keys and buckets elsewhere.
        check(
            &Method::POST,
            "/object/upload/x",
            E::Upload(at("upload", "x")),
            "storage.object.upload",
        );
        check(
            &Method::POST,
            "/object/list/b/x",
            E::Upload(at("list", "b/x")),
            "storage.object.upload",
        );
    }

    #[test]
    fn keys_are_decoded_once() {
        // STO-HTTP-08
        for (path, key) in [
            ("a%2Fb", "a/b"),
            ("a//b", "a//b"),
            ("../x", "../x"),
            ("%2e%2e/x", "../x"),
            ("%2520", "%20"),
        ] {
            check(
                &Method::PUT,
                &format!("/object/b/{path}"),
                Endpoint::Replace(at("b", key)),
                "storage.object.upload_update",
            );
        }
        assert!(Route::recognize(&Method::PUT, "/object/b/%ff").is_err());
    }

    #[test]
    fn other_paths_are_unknown() {
        // STO-HTTP-05
        for (method, path) in [
            (Method::GET, "/object"),
            (Method::PATCH, "/bucket/b"),
            (Method::GET, "/nothing"),
        ] {
            assert!(
                matches!(Route::recognize(&method, path), Err(Error::Route(_))),
                "{path}"
            );
        }
    }
}
