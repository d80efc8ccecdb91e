//! The program as a person or a script runs it: output, and exit codes 0, 1 and 2.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use test_support::ticket::TicketMaker;

fn gssctl(arguments: &[&str], input: &[u8]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_gssctl")).args(arguments).env_remove("KRB5CCNAME"), input)
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .env_remove("KRB5_KTNAME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has had enough closes its end first.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap()
}

#[test]
fn klist_lists_both_kinds_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let maker = TicketMaker::example();
    for (name, bytes) in [("ccache", maker.ccache()), ("keytab", maker.keytab())] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let output = gssctl(&["klist", path.to_str().unwrap()], b"");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let listing = text(&output.stdout);
        assert!(listing.contains("HTTP/www.example.com@EXAMPLE.COM"), "{listing}");
        assert_eq!(listing.contains("Default principal: alice@EXAMPLE.COM"), name == "ccache");
    }
    let path = folder.path().join("ccache");
    let output = gssctl(&["klist", "-k", path.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("leave out -k"), "{output:?}");
}

#[test]
fn decode_reads_arguments_and_standard_input() {
    for (arguments, input) in
        [(&["decode", "oQcwBaADCgEC"][..], &b""[..]), (&["decode"], b"Negotiate oQcwBaADCgEC\n")]
    {
        let output = gssctl(arguments, input);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(text(&output.stdout).contains("negState: reject"), "{output:?}");
    }
    let ntlm = "WWW-Authenticate: NTLM TlRMTVNTUAABAAAAMoII4gAAAAAoAAAAAAAAACgAAAAKAGFYAAAADw==";
    let output = gssctl(&["decode", ntlm], b"");
    assert!(text(&output.stdout).contains("NTLMSSP message NEGOTIATE, 40 bytes"), "{output:?}");
    let output = gssctl(&["decode", "--hex", "xyz"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("not hex"), "{output:?}");
}

#[test]
fn the_shim_answers_line_by_line_until_the_input_ends() {
    let output = gssctl(&["shim"], b"{\"op\":\"session_key\"}\nnonsense\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let answers = text(&output.stdout);
    assert_eq!(answers.lines().count(), 2, "{answers}");
    assert!(answers.contains("no_context") && answers.contains("bad_request"), "{answers}");
}

/// Where NTLM is listed behind Kerberos, it is used when there is no credential cache.
#[test]
fn the_shim_does_without_a_cache_where_ntlm_is_listed() {
    let initiator = |mechs: &str| {
        format!(r#"{{"op":"initiator","mechs":[{mechs}],"target":"HTTP@host","user":"u","password":"p"}}"#)
    };
    let input = [&initiator(r#""krb5""#), &initiator(r#""krb5","ntlm""#), r#"{"op":"step"}"#].join("\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gssctl"));
    let output = run(command.arg("shim").env("KRB5CCNAME", "FILE:/no/such/cache"), input.as_bytes());
    let answers: Vec<&str> = text(&output.stdout).lines().collect();
    let [krb5, both, step] = answers[..] else { panic!("{output:?}") };
    assert!(krb5.contains("cannot_read_file"), "{krb5}");
    assert_eq!(both, r#"{"ok":true}"#);
    assert!(step.contains(r#""state":"continue""#), "{step}");
}

#[test]
fn a_command_line_that_makes_no_sense_is_code_2() {
    for arguments in [&["dance"][..], &["fetch"], &["fetch", "ftp://host/"], &["serve", "--allow", "md4"]] {
        assert_eq!(gssctl(arguments, b"").status.code(), Some(2), "{arguments:?}");
    }
}
