//! Many requests of two users over connections to the service that all of them share.

use crate::client::{LogIn, get};
use crate::service::Service;
use crate::world::World;
use tokio::task::JoinSet;

const TASKS: usize = 8;
const REQUESTS: usize = 250;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_taken_for_somebody_else() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let users = ["alice", "bob"].map(|user| (world.site.credentials(user), format!("{user}@EXAMPLE.TEST")));
    let (mut http1, mut tasks) = (Vec::new(), JoinSet::new());
    for _ in 0..TASKS / 2 {
        http1.push(world.client.http1().await);
    }
    // All streams of one connection, for the other half.
    let http2 = world.client.http2().await;
    for (task, mut http1) in http1.into_iter().enumerate() {
        let users = users.clone();
        tasks.spawn(async move {
            for number in 0..REQUESTS {
                let (credentials, name) = &users[(task + number) % 2];
                let seen = http1.send(get("/").header("x-mark", number).log_in(credentials)).await;
                assert_eq!(seen.field("x-remote-user"), [name]);
                assert_eq!(seen.field("x-mark"), [number.to_string()]);
            }
        });
    }
    for task in 0..TASKS / 2 {
        let (users, mut http2) = (users.clone(), http2.clone());
        tasks.spawn(async move {
            for number in 0..REQUESTS {
                let (credentials, name) = &users[(task + number) % 2];
                let seen = http2.send(get("/").header("x-mark", number).log_in(credentials)).await;
                assert_eq!(seen.field("x-remote-user"), [name]);
                assert_eq!(seen.field("x-mark"), [number.to_string()]);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(service.requests(), TASKS * REQUESTS);
    assert!(service.connections() < TASKS * REQUESTS / 10, "{} connections", service.connections());
}
