use super::*;
use krb5_files::{Ccache, KdcOffset};

/// A cache of alice's with a login in it.
pub(super) async fn logged_in(world: &Arc<World>, options: AsOptions) -> Cache {
    let cache = empty_cache();
    log_in(world, &cache, options).await;
    cache
}

fn empty_cache() -> Cache {
    let options = CacheOptions { memory: MemoryCaches::new(), ..CacheOptions::default() };
    Cache::resolve(&CacheName::Memory("x".into()), &options).unwrap()
}

/// What `kinit` does.
async fn log_in(world: &Arc<World>, cache: &Cache, options: AsOptions) {
    let secret = if options.client == principal(CLIENT) { "secret" } else { "other secret" };
    let secret = Secret::password(secret);
    let tgt = world.builder(CredentialsSource::Secret { options, secret }).build().tgt().await.unwrap();
    let mut content = Ccache::new(tgt.client.clone());
    content.entries.push(tgt.to_file());
    cache.replace(&content).unwrap();
}

fn of(world: &Arc<World>, cache: &Cache) -> Credentials {
    world.builder(CredentialsSource::Cache(cache.clone())).build()
}

#[tokio::test]
async fn login_of_the_cache_is_used_and_its_tickets_go_there() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    let alice = of(&world, &cache);
    let ticket = alice.ticket(&principal(HTTP)).await.unwrap();
    assert_eq!(world.counts().0, 1);
    assert_eq!(cache.find(&principal(HTTP)).unwrap().unwrap().ticket, ticket.ticket);
    // Another process finds it there.
    assert_eq!(of(&world, &cache).ticket(&principal(HTTP)).await.unwrap().ticket, ticket.ticket);
    assert_eq!(world.counts().1, 1);
}

#[tokio::test]
async fn cache_is_left_alone_when_asked() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    let alice = world.builder(CredentialsSource::Cache(cache.clone())).write_back(false).build();
    alice.ticket(&principal(HTTP)).await.unwrap();
    assert!(cache.find(&principal(HTTP)).unwrap().is_none());
}

#[tokio::test]
async fn service_ticket_needs_no_login_in_the_cache() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    of(&world, &cache).ticket(&principal(HTTP)).await.unwrap();
    cache.remove(&Principal::new_tgs("EXAMPLE.COM", "EXAMPLE.COM")).unwrap();
    let alice = of(&world, &cache);
    alice.ticket(&principal(HTTP)).await.unwrap();
    let error = alice.ticket(&principal("host/www.example.com@EXAMPLE.COM")).await.unwrap_err();
    assert!(matches!(error, CredentialsError::NoTgt { .. }), "{error}");
    assert_eq!(error.code(), "no_tgt");
}

#[tokio::test]
async fn missing_cache_and_ended_login_are_errors_of_their_own() {
    let world = World::new();
    let error = of(&world, &empty_cache()).tgt().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Cache(_)), "{error}");
    let cache = logged_in(&world, options()).await;
    world.advance(LIFE);
    let error = of(&world, &cache).tgt().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Expired { .. }), "{error}");
    assert!(error.to_string().contains("kinit"), "{error}");
}

#[tokio::test]
async fn login_by_somebody_else_is_noticed() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    let alice = of(&world, &cache);
    let old = alice.tgt().await.unwrap();
    world.advance(LIFE - 300);
    log_in(&world, &cache, options()).await;
    assert!(Arc::ptr_eq(&old, &alice.tgt().await.unwrap()));
    landed(&alice, Key::Tgt).await;
    assert!(alice.tgt().await.unwrap().times.end > old.times.end);
}

#[tokio::test]
async fn login_of_another_client_drops_all_tickets() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    let credentials = of(&world, &cache);
    credentials.ticket(&principal(HTTP)).await.unwrap();
    log_in(&world, &cache, AsOptions { client: principal("bob@EXAMPLE.COM"), ..options() }).await;
    // What is asked for next is looked for in the cache.
    let other = credentials.ticket(&principal("host/www.example.com@EXAMPLE.COM")).await.unwrap();
    assert_eq!(other.client, principal("bob@EXAMPLE.COM"));
    assert_eq!(credentials.ticket(&principal(HTTP)).await.unwrap().client, principal("bob@EXAMPLE.COM"));
}

#[tokio::test]
async fn renewable_login_is_renewed_shortly_before_its_end_and_not_written_back() {
    let world = World::new();
    let renew_lifetime = Some(7 * 24 * 60 * 60);
    let cache = logged_in(&world, AsOptions { renew_lifetime, ..options() }).await;
    let stored = cache.load().unwrap().tgt().unwrap().times.endtime;
    world.advance(LIFE - 200);
    let alice = of(&world, &cache);
    let tgt = alice.tgt().await.unwrap();
    assert!(tgt.times.end.seconds() > i64::from(stored));
    assert_eq!(cache.load().unwrap().tgt().unwrap().times.endtime, stored);
    // The cache's own has ended; the renewed one goes on.
    world.advance(LIFE - 400);
    alice.ticket(&principal(HTTP)).await.unwrap();
    world.advance(300);
    alice.tgt().await.unwrap();
    landed(&alice, Key::Tgt).await;
    assert!(alice.tgt().await.unwrap().times.end > tgt.times.end);
    assert_eq!(world.counts().0, 1);
}

#[tokio::test]
async fn offset_of_the_cache_counts() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    cache.set_kdc_offset(KdcOffset { seconds: 3600, microseconds: 0 }).unwrap();
    let mine = world.clock.clone();
    let alice = world
        .builder(CredentialsSource::Cache(cache))
        .clock(move || mine.now().saturating_add_seconds(-3600))
        .build();
    alice.ticket(&principal(HTTP)).await.unwrap();
    assert_eq!(alice.kdc_offset(), 3600);
    // The KDC had no reason to complain.
    assert_eq!(world.counts(), (1, 1, 3));
}

#[tokio::test]
async fn login_in_another_realm_is_found_by_what_the_cache_says() {
    let world = World::new();
    let cache = logged_in(&world, options()).await;
    let mut content = cache.load().unwrap();
    content.default_principal = principal("alice@ELSEWHERE.TEST");
    for entry in &mut content.entries {
        entry.client = content.default_principal.clone();
    }
    cache.replace(&content).unwrap();
    assert!(matches!(of(&world, &cache).tgt().await, Err(CredentialsError::NoTgt { .. })));
    cache.set_config("start_realm", None, b"EXAMPLE.COM").unwrap();
    assert_eq!(of(&world, &cache).tgt().await.unwrap().server, principal("krbtgt/EXAMPLE.COM@EXAMPLE.COM"));
}
