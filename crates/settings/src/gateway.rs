//! The listener.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use base::Secret;

use crate::ByteSize;
use crate::section::section;

section! {
    /// The listener and what it lets in.
    pub struct Gateway in "gateway" {
        /// Address of the API listener.
        pub host: IpAddr = "0.0.0.0", env ["PASSERELLE_HOST"];
        /// Port of the API listener.
        pub port: u16 = "8000", env ["API_GW_HTTP_PORT", "KONG_HTTP_PORT"];
        /// Port of the TLS listener, opened when a certificate is given.
        pub tls_port: u16 = "8443", env ["KONG_HTTPS_PORT"];
        /// Certificate chain, PEM.
        pub tls_cert: Option<PathBuf> = "", env ["KONG_SSL_CERT"];
        /// Private key, PEM.
        pub tls_key: Option<PathBuf> = "", env ["KONG_SSL_CERT_KEY"];
        /// Address of the admin listener (metrics, readiness).
        pub admin_host: IpAddr = "127.0.0.1", env [];
        /// Port of the admin listener; 0: none.
        pub admin_port: u16 = "8001", env [];
        /// The services that this node runs; empty: all of auth, rest, realtime, storage and extensions.
        pub services: Vec<String> = "", env [];
        /// Also open the classic ports 9999, 3000, 4000 and 5000, unprefixed and without key check.
        pub service_ports: bool = "false", env [];
        /// Address of the classic ports.
        pub service_host: IpAddr = "127.0.0.1", env [];
        /// What browsers use for everything.
        pub public_url: Option<String> = "", env ["SUPABASE_PUBLIC_URL", "SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"];
        /// Refuse API calls without a key.
        pub require_api_key: bool = "true", env [];
        /// Who may read the OpenAPI document at `/rest/v1/`: any key, or the service key only.
        pub openapi_any_key: bool = "false", env [];
        /// Networks whose `X-Forwarded-*` headers are believed.
        pub trusted_proxies: Vec<String> = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7", env [];
        /// Origins allowed to send credentials; `*` is any.
        pub cors_origins: Vec<String> = "*", env [];
        /// Greatest header block.
        pub max_header_bytes: ByteSize = "64KiB", env [];
        /// Greatest URL.
        pub max_url_bytes: ByteSize = "64KiB", env [];
        /// Most connections at a time.
        pub max_connections: usize = "10000", env [];
        /// How long a client may take to send its headers.
        pub header_timeout: Duration = "30s", env [];
        /// How long requests under way may take at a stop.
        pub shutdown_grace: Duration = "30s", env [];
        /// Where `/functions/v1` is forwarded.
        pub functions_url: Option<String> = "", env ["FUNCTIONS_URL"];
        /// Dashboard user.
        pub dashboard_username: String = "supabase", env ["DASHBOARD_USERNAME"];
        /// Dashboard password; made on first start when empty.
        pub dashboard_password: Secret = "", env ["DASHBOARD_PASSWORD"];
    }
}
