//! The shim's initiators where krb5.conf names the KDC.

extern crate alloc;

use alloc::sync::Arc;
use krb5_testkdc::serve::{Server, Via};
use krb5_testkdc::{Kdc, Realm};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The answers to requests in one session.
fn shim(folder: &Path, requests: &[Value]) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gssctl"));
    command.arg("shim").env("KRB5_CONFIG", folder.join("krb5.conf")).env_remove("KRB5CCNAME");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

#[test]
fn krb5_conf_names_the_kdc() {
    let folder = tempfile::tempdir().unwrap();
    let realm = Realm::new("EXAMPLE.TEST").user("alice", "secret").service("HTTP/www.example.test");
    let kdc = Arc::new(Kdc::new(realm).unwrap());
    let running = Server::for_kdc(Arc::clone(&kdc)).start().unwrap();
    running.client_config(Via::Udp).write_to(folder.path()).unwrap();
    let ccache = folder.path().join("ccache");
    let granting = kdc.ccache("alice@EXAMPLE.TEST", &["krbtgt/EXAMPLE.TEST@EXAMPLE.TEST"]).unwrap();
    std::fs::write(&ccache, granting.to_bytes().unwrap()).unwrap();

    let step = json!({"op": "step"});
    let login = |principal: &str| json!({"op": "initiator", "target": "HTTP@www.example.test", "principal": principal, "password": "secret"});
    let cached = |target: &str| json!({"op": "initiator", "target": target, "ccache": ccache});
    let requests = [
        login("alice@EXAMPLE.TEST"),
        login("alice"),
        cached("HTTP@www.example.test"),
        cached("HTTP@elsewhere.test"),
    ];
    let requests: Vec<_> = requests.into_iter().flat_map(|request| [request, step.clone()]).collect();
    let answers = shim(folder.path(), &requests);
    let [first, first_step, short, short_step, cached, cached_step, unknown, unknown_step] = &answers[..]
    else {
        panic!("{answers:?}")
    };
    for (begun, step) in [(first, first_step), (short, short_step), (cached, cached_step)] {
        assert_eq!((begun, &step["state"]), (&json!({"ok": true}), &json!("continue")), "{step}");
    }
    // No KDC was asked for by name: the ticket goes on being missing, with what the KDC said.
    assert_eq!((unknown, &unknown_step["state"]), (&json!({"ok": true}), &json!("failed")));
    let error = &unknown_step["error"];
    assert_eq!((&error["major"], &error["code"]), (&json!("GSS_S_NO_CRED"), &json!("no_ticket")), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("no ticket for HTTP/elsewhere.test") && message.contains("(7)"), "{message}");
}
