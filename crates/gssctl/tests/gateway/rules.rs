//! Whom to let in.

use crate::client::{LogIn, get};
use crate::service::Service;
use crate::world::{DOMAIN, World};

#[tokio::test(flavor = "multi_thread")]
async fn any_rule_lets_in() {
    let service = Service::start().await;
    let sid = |rid: &str| format!("{DOMAIN}-{rid}");
    let (account, group, other) = (sid("1104"), sid("1200"), sid("9999"));
    for (options, alice_status, bob_status) in [
        (&[][..], 200, 200),
        (&["--allow-principal", "alice@EXAMPLE.TEST"], 200, 403),
        (&["--allow-principal", "*@EXAMPLE.TEST"], 200, 200),
        (&["--allow-principal", "*@OTHER.TEST"], 403, 403),
        (&["--allow-principal", "alice@OTHER.TEST", "--allow-principal", "bob@EXAMPLE.TEST"], 403, 200),
        (&["--allow-sid", &account], 200, 403),
        (&["--allow-sid", &group], 200, 403),
        (&["--allow-sid", &other], 403, 403),
        (&["--allow-sid", &other, "--allow-sid", &group], 200, 403),
        (&["--allow-sid", &group, "--allow-principal", "bob@EXAMPLE.TEST"], 200, 200),
        (&["--allow-ntlm", "EXAMPLE.TEST\\alice"], 403, 403),
    ] {
        let world = World::start(service.address, options).await;
        let before = service.requests();
        let mut let_in = 0;
        for (user, status) in [("alice", alice_status), ("bob", bob_status)] {
            let seen = world.client.send(get("/").log_in(&world.site.credentials(user))).await;
            assert_eq!(seen.status, status, "{options:?} {user} {seen:?}");
            let_in += usize::from(status == 200);
            if status == 403 {
                assert!(seen.text.contains(&format!("{user}@EXAMPLE.TEST may not")), "{}", seen.text);
                // Who was refused is told by the server that it meant.
                assert!(seen.lines("www-authenticate")[0].starts_with("Negotiate "), "{seen:?}");
                assert_eq!(world.log().last().unwrap(), &format!("{user}@EXAMPLE.TEST GET / 403"));
            }
        }
        assert_eq!(service.requests() - before, let_in, "{options:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_path_is_answered_to_anybody_and_here() {
    let service = Service::start().await;
    let options = ["--health-path", "/healthz", "--allow-principal", "alice@EXAMPLE.TEST"];
    let world = World::start(service.address, &options).await;
    for login in [None, Some("bob")] {
        let request = get("/healthz?x").header("x-remote-user", "root");
        let request = match login {
            Some(user) => request.log_in(&world.site.credentials(user)),
            None => request,
        };
        let seen = world.client.send(request).await;
        assert_eq!((seen.status, seen.text.as_str()), (200, "ready\n"));
    }
    for path in ["/healthz/", "/healthz/..", "/%68ealthz", "//healthz", "/HEALTHZ"] {
        assert_eq!(world.client.send(get(path)).await.status, 401, "{path}");
    }
    assert_eq!(service.requests(), 0);
    assert_eq!(world.log().len(), 5, "{:?}", world.log());
}
