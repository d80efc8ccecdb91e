//! Many logins at a time over sockets.

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss_core::{Env, Timestamp};
use krb5_client::{AsExchange, AsOptions, Credential, Policy, Secret, Service, TgsExchange, TgsOptions};
use krb5_files::Keytab;
use krb5_net::{Dns, KdcAddress, Network, Timing, Trust, drive};
use krb5_testkdc::serve::{Running, Server};
use krb5_testkdc::{Account, AccountSecret, Kdc, Realm};

const REALM: &str = "EXAMPLE.COM";
const HOST: &str = "HTTP/www.example.com@EXAMPLE.COM";
const LOGINS: usize = 1000;
const USERS: usize = 50;

/// A KDC whose users have random keys, so that nobody derives keys from passwords here, and those keys.
fn kdc() -> (Running, Keytab) {
    let mut realm = Realm::new(REALM).service("HTTP/www.example.com");
    for user in 0..USERS {
        realm = realm
            .account(Account { secret: AccountSecret::Random, ..Account::user(format!("user{user}"), "") });
    }
    let kdc = Arc::new(Kdc::new(realm).unwrap());
    let users: Vec<String> = (0..USERS).map(|user| format!("user{user}@{REALM}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let keytab = kdc.keytab(&users).unwrap();
    (Server::for_kdc(kdc).start().unwrap(), keytab)
}

fn start_login(keytab: &Keytab, user: usize) -> AsExchange {
    let client = format!("user{user}@{REALM}").parse().unwrap();
    let secret = Secret::from_keytab(keytab, &client).unwrap();
    let mut rng = UnwrapErr(SysRng);
    let mut env = Env::new(Timestamp::now(), &mut rng);
    AsExchange::new(&Policy::default(), AsOptions::new(client), secret, &mut env).unwrap()
}

fn ask_for_ticket(tgt: &Credential) -> TgsExchange {
    let (server, options) = (HOST.parse().unwrap(), TgsOptions::default());
    let mut rng = UnwrapErr(SysRng);
    let mut env = Env::new(Timestamp::now(), &mut rng);
    TgsExchange::service(&Policy::default(), tgt, &server, options, &mut env).unwrap()
}

/// Gets a ticket-granting ticket, then a service ticket.
async fn log_in(network: &Network, keytab: &Keytab, user: usize) -> Credential {
    let (clock, mut rng) = (&mut Timestamp::now, UnwrapErr(SysRng));
    let login = start_login(keytab, user);
    let tgt = drive(login, network, clock, &mut rng).await.unwrap().credential;
    drive(ask_for_ticket(&tgt), network, clock, &mut rng).await.unwrap().credential
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once() {
    let (kdc, keytab) = kdc();
    let keytab = Arc::new(keytab);
    let address = KdcAddress::from(kdc.addresses().kdc);
    // On a slow machine the last ones wait long for their turn.
    let timing = Timing { limit: Duration::from_secs(300), ..Timing::default() };
    let network =
        || Network::builder().servers(REALM, Service::Kdc, [address.clone()]).dns(Dns::Off).timing(timing);
    let networks = [network().build(), network().udp_preference_limit(0).build()];
    let logins: Vec<_> = (0..LOGINS)
        .map(|login| {
            let (network, keytab) = (networks[login % 2].clone(), Arc::clone(&keytab));
            tokio::spawn(async move { log_in(&network, &keytab, login % USERS).await })
        })
        .collect();
    for (login, task) in logins.into_iter().enumerate() {
        let ticket = task.await.unwrap();
        assert_eq!(ticket.client.to_string(), format!("user{}@{REALM}", login % USERS));
        assert_eq!(ticket.server.to_string(), HOST);
    }
}

#[tokio::test]
async fn through_the_proxy() {
    let (kdc, keytab) = kdc();
    let url = KdcAddress::parse(&kdc.addresses().proxy_url(), Service::Kdc).unwrap();
    let trust = Trust::pem(kdc.ca_pem().as_bytes()).unwrap();
    let network = Network::builder().servers(REALM, Service::Kdc, [url]).dns(Dns::Off).trust(trust).build();
    assert_eq!(log_in(&network, &keytab, 7).await.server.to_string(), HOST);
}
