//! Which cases there are.

use super::{Preauth, Site};
use crate::measure::{Plan, Samples, calibrate};
use crate::options::Options;
use crate::report;
use crate::world::ENCTYPES;
use anyhow::Result;
use krb5_crypto::EncType;

/// Whose work is told apart.
pub(crate) const PARTIES: [&str; 3] = ["client", "KDC", "acceptor"];
/// The same, step by step.
pub(crate) const STEPS: [&str; 6] =
    ["AS, client", "AS, KDC", "TGS, client", "TGS, KDC", "AP, initiator", "AP, acceptor"];

/// One case.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Everybody's work together, one login after the other.
    pub(crate) all: Samples,
    /// In the order of [`PARTIES`].
    pub(crate) parties: [Samples; PARTIES.len()],
    /// In the order of [`STEPS`].
    pub(crate) steps: [Samples; STEPS.len()],
}

/// Measures what the options ask for and prints the results.
///
/// # Errors
/// A login fails, or is not what it should be.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut rows = Vec::new();
    let mut case = |enctype, preauth, name: String| {
        if options.wants(&name) {
            eprintln!("  {name}");
            rows.push(measure(&Site::new(enctype, preauth)?, name, options.plan())?);
        }
        anyhow::Ok(())
    };
    for &(enctype, name) in ENCTYPES {
        case(enctype, Preauth::AtOnce, format!("tickets, {name}, timestamp at once"))?;
        if enctype == EncType::AES256_CTS_HMAC_SHA1_96 {
            case(enctype, Preauth::Timestamp, format!("tickets, {name}, timestamp when asked"))?;
            case(enctype, Preauth::Spake, format!("tickets, {name}, SPAKE when asked"))?;
        }
    }
    report::print_logins(&rows);
    Ok(())
}

/// Turns of logins one after the other, and of as many step by step.
fn measure(site: &Site, name: String, plan: Plan) -> Result<Row> {
    site.check()?;
    let mut logins = site.logins();
    let count = calibrate(&mut logins, plan.slice)?;
    let mut row = Row {
        name,
        all: Samples::default(),
        parties: PARTIES.map(|_| Samples::default()),
        steps: STEPS.map(|_| Samples::default()),
    };
    for _ in 0..plan.rounds {
        row.all.note(count, logins(count)?);
        let shares = site.steps(count)?;
        row.parties.iter_mut().zip(shares.parties()).for_each(|(party, cost)| party.note(count, cost));
        row.steps.iter_mut().zip(shares.steps()).for_each(|(step, cost)| step.note(count, cost));
    }
    Ok(row)
}
