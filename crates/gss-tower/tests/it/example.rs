//! The example `axum_server`, as it stands.

#[path = "../../examples/axum_server.rs"]
#[allow(dead_code, reason = "its main reads arguments")]
mod axum_server;

use crate::serving::{Running, Tls};
use crate::support::{login, login_bound, ticket};

#[tokio::test]
async fn it_says_hello_to_those_who_log_in() {
    let app = axum_server::app(&ticket("alice").keytab()).unwrap();
    let tls = Tls::new(b"h2");
    let (config, end_points) = axum_server::tls(tls.chain(), tls.key()).unwrap();
    let running = Running::start_with(app, |server| server.tls(config, end_points)).await;
    let (mut client, channel) = tls.connect(running.address).await;
    let bound = || login_bound("alice", &channel.bindings().next().unwrap()).value;
    for (path, token, status, text) in [
        ("/health", None, 200, "ok\n"),
        ("/", None, 401, "Log in with Negotiate, for instance: kinit, then curl --negotiate --user : URL\n"),
        ("/", Some(bound()), 200, "hello alice@EXAMPLE.COM, by krb5, bound to this connection\n"),
        (
            "/",
            Some(login("bob").value),
            200,
            "hello bob@EXAMPLE.COM, by krb5, not bound to this connection\n",
        ),
        ("/admin", Some(bound()), 403, "for administrators only\n"),
        ("/admin", Some(login("alice/admin").value), 200, "welcome to the engine room\n"),
    ] {
        let request =
            token.into_iter().fold(client.get(path), |request, token| request.header("authorization", token));
        let seen = client.send(request).await.unwrap();
        assert_eq!((seen.status, seen.text.as_str()), (status, text), "{path}");
    }
    running.stop().await;
}
