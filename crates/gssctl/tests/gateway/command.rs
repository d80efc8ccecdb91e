//! The command itself, as a person starts it.

use crate::client::{LogIn, get};
use crate::service::Service;
use crate::world::Site;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_guards_a_service_until_it_is_told_to_end() {
    let service = Service::start().await;
    let site = Site::new();
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_gssctl"))
        .args(site.arguments(service.address, &["--health-path", "/healthz"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let address = ready.trim().strip_prefix("listening on https://").expect(&ready).parse().unwrap();
    let client = site.client(address, true);
    assert_eq!(client.send(get("/healthz")).await.status, 200);
    let login = get("/page?secret").log_in(&site.credentials("alice"));
    assert_eq!(client.send(login).await.field("x-remote-user"), ["alice@EXAMPLE.TEST"]);
    assert_eq!(client.send(get("/").header("authorization", "Negotiate YIIB")).await.status, 401);

    let ended = Command::new("kill").args(["-TERM", &gateway.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let status = gateway.wait().unwrap();
    let mut log = String::new();
    gateway.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(status.success(), "{log}");
    assert!(log.contains(" alice@EXAMPLE.TEST GET /page 200 ") && !log.contains("secret"), "{log}");
    // Why somebody did not get in.
    assert!(log.contains("credentials refused") && log.contains("ending"), "{log}");
}
