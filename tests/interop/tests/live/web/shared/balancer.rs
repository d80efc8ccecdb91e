//! Our own client, whose connections go to one server and the other in turn.

use core::net::{Ipv4Addr, SocketAddr};
use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use anyhow::{Result, ensure};

use super::*;

/// Passes connections on to these ports in turn, for as long as the process lives.
fn balance(ports: [u16; 2]) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for (front, port) in listener.incoming().zip(ports.into_iter().cycle()) {
            let (Ok(front), Ok(back)) = (front, TcpStream::connect((Ipv4Addr::LOCALHOST, port))) else {
                return;
            };
            let (Ok(front_again), Ok(back_again)) = (front.try_clone(), back.try_clone()) else { return };
            for (mut from, mut to) in [(front, back), (back_again, front_again)] {
                thread::spawn(move || {
                    // Whichever side ends first ends the other.
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    Ok(address)
}

#[test]
fn our_client_logs_in_once_for_both() -> Result<()> {
    const EACH: usize = 20;
    let world = World::start()?;
    let redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, None)?;
    let address = balance([pair.port(0), pair.port(1)])?;
    let target = world.target(Scheme::Https, 443);
    for gss in [true, false] {
        ours::run(async {
            for user in [ALICE, BOB] {
                let client = ours::client(&world, &target, user)?.resolve(WWW, [address]);
                let client = if gss { client.gss_scheme() } else { client.preemptive() };
                let client = client.http1_only().max_idle(0, 0).build()?;
                for _ in 0..EACH {
                    let got = ours::get(&client, &format!("{ORIGIN}/")).await?;
                    let expected = Greeting { bound: true, ..greeting(user) };
                    ensure!(got.status == 200 && Greeting::read(&got.page)? == expected, "{got:?}");
                }
            }
            Ok(())
        })?;
    }
    ensure!(pair.count("401, no credentials") == 2, "one challenge for each user: {}", pair.logs());
    ensure!(pair.count(", Login") == 2 + 2 * EACH, "{}", pair.logs());
    ensure!(pair.count(", Reauthentication") == 2 * (EACH - 1), "{}", pair.logs());
    for server in &pair.servers {
        let answered = server.log().iter().filter(|(_, said)| said.contains(" 200, ")).count();
        ensure!((2 * EACH - 2..=2 * EACH + 2).contains(&answered), "{answered} of {}", 4 * EACH);
    }
    Ok(())
}
