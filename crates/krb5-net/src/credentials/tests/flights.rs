use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::*;

const WAITERS: usize = 100;

/// Waits until a request is at the gate.
async fn a_request_waits(world: &World) {
    while world.requests.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

/// One login is two requests, of which the first asks what the KDC wants.
const ONE_OF_EACH: (usize, usize, usize) = (1, 1, 3);

#[tokio::test]
async fn hundred_waiters_share_one_login_and_one_ticket() {
    let world = World::new();
    let alice = world.alice();
    world.close();
    let mut waiters = JoinSet::new();
    for _ in 0..WAITERS {
        let alice = alice.clone();
        waiters.spawn(async move { alice.ticket(&principal(HTTP)).await.unwrap() });
    }
    a_request_waits(&world).await;
    world.open();
    let tickets = waiters.join_all().await;
    assert_eq!(tickets.len(), WAITERS);
    assert!(tickets.iter().all(|ticket| Arc::ptr_eq(ticket, &tickets[0])));
    assert_eq!(world.counts(), ONE_OF_EACH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn waiters_on_many_threads_share_it_too() {
    let world = World::new();
    let alice = world.alice();
    world.close();
    let mut waiters = JoinSet::new();
    for number in 0..WAITERS {
        let alice = alice.clone();
        if number % 2 == 0 {
            waiters.spawn(async move { alice.ticket(&principal(HTTP)).await.unwrap() });
        } else {
            waiters.spawn_blocking(move || alice.ticket_blocking(&principal(HTTP)).unwrap());
        }
    }
    a_request_waits(&world).await;
    world.open();
    let tickets = waiters.join_all().await;
    assert!(tickets.iter().all(|ticket| Arc::ptr_eq(ticket, &tickets[0])));
    assert_eq!(world.counts(), ONE_OF_EACH);
}

#[test]
fn programs_that_wait_need_no_runtime() {
    let world = World::new();
    let alice = world.alice();
    let tickets: Vec<_> = thread::scope(|scope| {
        let waiters: Vec<_> =
            (0..8).map(|_| scope.spawn(|| alice.ticket_blocking(&principal(HTTP)).unwrap())).collect();
        waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect()
    });
    assert!(tickets.iter().all(|ticket| Arc::ptr_eq(ticket, &tickets[0])));
    assert_eq!(world.counts(), ONE_OF_EACH);
    assert!(alice.tgt_blocking().unwrap().is_tgt());
}

#[tokio::test]
async fn waiting_on_a_runtimes_own_thread_works() {
    let world = World::new();
    let ticket = world.alice().ticket_blocking(&principal(HTTP)).unwrap();
    assert_eq!(ticket.server, principal(HTTP));
}

#[tokio::test]
async fn caller_who_gives_up_does_not_take_the_fetch_along() {
    let world = World::new();
    let alice = world.alice();
    world.close();
    let first = tokio::spawn({
        let alice = alice.clone();
        async move { alice.ticket(&principal(HTTP)).await }
    });
    a_request_waits(&world).await;
    let second = tokio::spawn({
        let alice = alice.clone();
        async move { alice.ticket(&principal(HTTP)).await }
    });
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    world.open();
    second.await.unwrap().unwrap();
    assert_eq!(world.counts(), ONE_OF_EACH);
}

#[tokio::test]
async fn fetch_that_nobody_waits_for_any_more_is_still_of_use() {
    let world = World::new();
    let alice = world.alice();
    world.close();
    let only = tokio::spawn({
        let alice = alice.clone();
        async move { alice.ticket(&principal(HTTP)).await }
    });
    a_request_waits(&world).await;
    only.abort();
    world.open();
    alice.ticket(&principal(HTTP)).await.unwrap();
    assert_eq!(world.counts(), ONE_OF_EACH);
}

#[test]
fn fetch_whose_runtime_ends_is_begun_again_by_others() {
    let world = World::new();
    let alice = world.alice();
    world.close();
    let runtime = |_| -> Runtime { Builder::new_current_thread().enable_all().build().unwrap() };
    let (one, two) = (runtime(1), runtime(2));
    one.block_on(async {
        let first = tokio::spawn({
            let alice = alice.clone();
            async move { alice.ticket(&principal(HTTP)).await }
        });
        a_request_waits(&world).await;
        drop(first);
    });
    let waiter = two.spawn({
        let alice = alice.clone();
        async move { alice.ticket(&principal(HTTP)).await }
    });
    // Lets the waiter join the fetch.
    two.block_on(tokio::task::yield_now());
    assert_eq!(world.requests.load(Ordering::SeqCst), 1);
    drop(one);
    world.open();
    two.block_on(waiter).unwrap().unwrap();
    // The first request of all was lost.
    assert_eq!(world.counts(), (1, 1, 4));
}

#[tokio::test]
async fn transport_that_panics_is_an_error_and_no_endless_loop() {
    let world = World::new();
    let alice = world.alice();
    world.panics.store(true, Ordering::SeqCst);
    let error = alice.tgt().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Abandoned), "{error}");
    let error = tokio::task::spawn_blocking({
        let alice = alice.clone();
        move || alice.ticket_blocking(&principal(HTTP))
    });
    assert!(matches!(error.await.unwrap().unwrap_err(), CredentialsError::Abandoned));
    world.panics.store(false, Ordering::SeqCst);
    alice.ticket(&principal(HTTP)).await.unwrap();
}

#[tokio::test]
async fn all_waiters_get_the_same_failure() {
    let world = World::new();
    let alice = world.alice();
    world.close();
    let mut waiters = JoinSet::new();
    for _ in 0..WAITERS {
        let alice = alice.clone();
        waiters.spawn(async move { alice.ticket(&principal(HTTP)).await.unwrap_err() });
    }
    a_request_waits(&world).await;
    world.cut_off.store(true, Ordering::SeqCst);
    world.open();
    let errors = waiters.join_all().await;
    assert!(errors.iter().all(|error| matches!(error, CredentialsError::Transport(_))));
    assert_eq!(world.counts().2, 1);
}
