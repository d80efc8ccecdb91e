//! Which cases there are.

use crate::driver::{Driver, hex, looped};
use crate::joined::Joined;
use crate::measure::{Plan, Run, Samples, take_turns};
use crate::mit::Program;
use crate::options::{Options, Serve};
use crate::ours::{self, Framing, Krb5, Spnego};
use crate::world::{ENCTYPES, SERVICE, World};
use crate::{again, growth, instructions, load, memory, ntlm, report, sspi, tickets};
use anyhow::Result;
use core::cell::RefCell;
use gss_core::{Protection, Sealer as _};
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::replay::danger::NoReplayCache;
use krb5_crypto::EncType;
use rand_core::UnwrapErr;

/// Sizes of messages, in bytes.
pub(crate) const SIZES: &[(usize, &str)] = &[(64, "64 B"), (1 << 10, "1 KiB"), (16 << 10, "16 KiB")];

/// Different tokens that accept goes through where it may see one again.
const TOKENS: u64 = 64;

/// Where MIT's side keeps copies of keytab and ccache that cost no file access.
const MEMORY: &str = "MEMORY:bench";

/// Runs what the options ask for and prints the results.
///
/// # Errors
/// One of both sides does not work.
pub fn run(options: &Options) -> Result<()> {
    if let Some((name, count)) = &options.scenario {
        return instructions::run_scenario(name, *count);
    }
    if let Some(Serve { keytab, with_gss }) = &options.serve {
        return load::server::serve(keytab, *with_gss);
    }
    if options.instructions {
        return instructions::count(options);
    }
    let folder = tempfile::TempDir::new()?;
    let program = Program::build(folder.path())?;
    report::print_setting(&program.version, sspi::version().unwrap_or("unknown"), options.plan());

    let mut suite = Suite::new(options);
    for &(enctype, name) in ENCTYPES {
        suite.enctype(&program, enctype, name)?;
    }
    report::print_comparison("MIT", &suite.rows);
    growth::run(options, &program)?;
    tickets::run(options)?;
    ntlm::run(options)?;
    again::run(options)?;
    memory::run(options)?;
    load::run(options)
}

/// One case of both sides.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) ours: Samples,
    pub(crate) theirs: Samples,
}

/// Cases measured so far, all against one other side.
pub(crate) struct Suite<'o> {
    options: &'o Options,
    plan: Plan,
    pub(crate) rows: Vec<Row>,
}

impl<'o> Suite<'o> {
    pub(crate) fn new(options: &'o Options) -> Self {
        Self { options, plan: options.plan(), rows: Vec::new() }
    }
}

impl Suite<'_> {
    /// Measures a case, unless the options leave it out.
    pub(crate) fn compare(&mut self, name: String, ours: Run<'_>, theirs: Run<'_>) -> Result<()> {
        if !self.options.wants(&name) {
            return Ok(());
        }
        eprintln!("  {name}");
        let mut samples = take_turns(&mut [ours, theirs], self.plan)?.into_iter();
        if let (Some(ours), Some(theirs)) = (samples.next(), samples.next()) {
            self.rows.push(Row { name, ours, theirs });
        }
        Ok(())
    }

    fn enctype(&mut self, program: &Program, enctype: EncType, name: &str) -> Result<()> {
        let world = World::new(enctype)?;
        let driver = program.start(&world.krb5_conf()?)?;
        let (keytab, ccache) = (world.keytab(1)?, world.ccache()?);
        driver.borrow_mut().ask(&format!("copy-keytab {keytab}"))?;
        driver.borrow_mut().ask(&format!("copy-ccache {ccache}"))?;
        self.handshakes::<Spnego>(&world, &driver, [MEMORY, MEMORY], name)?;
        if enctype == EncType::AES256_CTS_HMAC_SHA1_96 {
            self.handshakes::<Spnego>(
                &world,
                &driver,
                [&keytab, &ccache],
                &format!("{name}, MIT reads files"),
            )?;
            self.handshakes::<Krb5>(&world, &driver, [MEMORY, MEMORY], name)?;
        }
        driver.borrow_mut().ask(&format!("acceptor spnego {MEMORY}"))?;
        self.messages(&world, &driver, name)
    }

    fn handshakes<F: Framing>(
        &mut self,
        world: &World,
        driver: &RefCell<Driver>,
        [keytab, ccache]: [&str; 2],
        setting: &str,
    ) -> Result<()> {
        let what = F::NAME;
        let tokens = ours::tokens::<F>(world, TOKENS)?;
        let list: Vec<_> = tokens.iter().map(|token| hex(token)).collect();
        driver.borrow_mut().ask(&format!("acceptor {what} {keytab}"))?;
        driver.borrow_mut().ask(&format!("initiator {what} {ccache} {SERVICE}"))?;
        driver.borrow_mut().ask(&format!("tokens {}", list.join(",")))?;

        let unguarded = world.acceptor(1, NoReplayCache);
        let guarded = world.acceptor(1, MemoryReplayCache::new());
        self.compare(
            format!("{what} accept, {setting}, replay cache on in ours"),
            ours::accept_fresh::<F>(&guarded, world),
            looped(driver, "accept"),
        )?;
        self.compare(
            format!("{what} accept, {setting}, no replay cache"),
            ours::accept::<F>(&unguarded, &tokens),
            looped(driver, "accept"),
        )?;
        self.compare(
            format!("{what} initiate, {setting}"),
            ours::initiate::<F>(world),
            looped(driver, "initiate"),
        )?;
        self.compare(
            format!("{what} finish, {setting}"),
            ours::finish::<F>(&unguarded, world),
            looped(driver, "finish"),
        )
    }

    fn messages(&mut self, world: &World, driver: &RefCell<Driver>, name: &str) -> Result<()> {
        let mut joined = Joined::new(world, driver)?;
        let Joined { sealer, twin } = &mut joined;
        for &(size, shown) in SIZES {
            let message: Vec<u8> = (0..size).map(|index| index as u8).collect();
            let mut token = Vec::new();
            sealer.wrap(
                Protection::Confidentiality,
                &message,
                &mut token,
                &mut UnwrapErr(getrandom::SysRng),
            )?;
            let load = |bytes: &[u8]| driver.borrow_mut().ask(&format!("message {}", hex(bytes)));

            load(&message)?;
            self.compare(
                format!("seal {shown}, {name}"),
                ours::seal(sealer, &message),
                looped(driver, "seal"),
            )?;
            self.compare(
                format!("seal {shown} in place, {name}"),
                ours::seal_in_place(sealer, &message),
                looped(driver, "seal-iov"),
            )?;
            load(&token)?;
            self.compare(format!("open {shown}, {name}"), ours::open(twin, &token), looped(driver, "open"))?;
            self.compare(
                format!("open {shown} in place, {name}"),
                ours::open(twin, &token),
                looped(driver, "open-iov"),
            )?;
        }
        let message = [0x5a; 1 << 10];
        let mut mic = Vec::new();
        sealer.get_mic(&message, &mut mic)?;
        driver.borrow_mut().ask(&format!("message {}", hex(&message)))?;
        self.compare(format!("MIC of 1 KiB, {name}"), ours::mic(sealer, &message), looped(driver, "mic"))?;
        self.compare(
            format!("verify MIC of 1 KiB, {name}"),
            ours::verify(twin, &message, &mic),
            looped(driver, format!("verify {}", hex(&mic))),
        )
    }
}
