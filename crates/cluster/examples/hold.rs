//! Starts a server on the folder named by the first argument and holds it until killed.

use std::time::Duration;

use cluster::{Options, Server};

#[tokio::main]
async fn main() {
    let data_dir = std::env::args_os().nth(1).expect("a data folder").into();
    let options = Options {
        data_dir,
        bin_dir: None,
        port: 0,
        port_is_explicit: false,
        admin_password: base::Secret::new("it's \\open"),
        start_timeout: Duration::from_secs(60),
    };
    let _server = Server::start(options, &base::Tasks::new())
        .await
        .expect("the server starts");
    std::future::pending::<()>().await;
}
