//! Results as tables in Markdown.

use crate::load::{SIDES, Side};
use crate::measure::{Plan, Samples};
use crate::memory;
use crate::suite::Row;
use crate::tickets::{self, PARTIES, STEPS};
use gss_http::gss::ContextLimits;
use gss_http::gss::server::DEFAULT_READY_CONTEXTS;
use gss_tower::serve::Limits;
use std::process::Command;

/// The goals of the project, told by the beginning of a case's name: how many times as fast as the other side.
const GOALS: &[(&str, f64)] = &[
    ("spnego accept, aes256-sha1, replay cache on", 4.0),
    ("seal 16 KiB, aes256-sha1", 3.0),
    ("ntlm initiate, NT hash", 2.0),
    ("ntlm accept, NT hash", 2.0),
    ("gss MIC, context at hand", 5.0),
];

/// What a login with a keytab may cost at most, in nanoseconds, where the client knows what the KDC wants.
const LOGIN_GOAL: f64 = 150e3;

/// How many times as many logins as Apache's our server is to take over HTTP.
const HTTP_GOAL: f64 = 5.0;

/// What the figures hold for.
pub(crate) fn print_setting(krb5: &str, sspi: &str, plan: Plan) {
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_or_else(
        |_| "rustc unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    println!("MIT: {krb5}, as packaged, replay cache off. Crate sspi: {sspi}, compiled as ours is.");
    println!("Ours: {rustc}, bench profile.");
    println!("Machine: {}.", machine());
    println!(
        "Each case: {} turns of each side, one after the other, of about {} ms each; ratios are of pairs of turns.",
        plan.rounds,
        plan.slice.as_millis()
    );
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split(':').nth(1)).unwrap_or("unknown").trim()
    };
    let has = |flag: &str| {
        if field("flags").split(' ').any(|own| own == flag) { "yes" } else { "no" }
    };
    format!(
        "{cores} cores, {}, family {} model {}, AES instructions: {}, SHA instructions: {}",
        field("model name"),
        field("cpu family"),
        field("model"),
        has("aes"),
        has("sha_ni"),
    )
}

/// One line a case, with the name of the other side.
pub(crate) fn print_comparison(other: &str, rows: &[Row]) {
    let ratio = format!("{other} / ours");
    let mut lines = vec![
        ["case", "ours", other, &ratio, "min to max", "operations a turn", "our allocations"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for Row { name, ours, theirs } in rows {
        let ratio = theirs.ratio_to(ours);
        lines.push(vec![
            name.clone(),
            time(ours.median()),
            time(theirs.median()),
            format!("{:.2}", ratio.median),
            format!("{:.2} to {:.2}", ratio.min, ratio.max),
            format!("{}, {}", ours.count, theirs.count),
            format!("{:.1}", ours.requests),
        ]);
    }
    if rows.is_empty() {
        return;
    }
    println!("\n{}", table(&lines));
    println!(
        "Times are CPU time for one operation, the median of all turns. Allocations are for one operation."
    );
    for (goal, wanted) in GOALS {
        if let Some(row) = rows.iter().find(|row| row.name.starts_with(goal)) {
            let ratio = row.theirs.ratio_to(&row.ours).median;
            let verdict = if ratio >= *wanted { "met" } else { "MISSED" };
            println!(
                "Goal: {}: {wanted:.0} times as fast as {other}. Measured: {ratio:.2}, {verdict}.",
                row.name
            );
        }
    }
}

/// What pieces of work on so many bytes take, one line each, and how that compares to the last of them.
pub(crate) fn print_parts(title: &str, bytes: usize, parts: &[&str], samples: &[Samples]) {
    let mut lines = vec![["", "time", "MB/s", "of the last", "min to max"].map(str::to_owned).to_vec()];
    for (part, sample) in parts.iter().zip(samples) {
        let share = samples.last().map_or(sample.ratio_to(sample), |last| sample.ratio_to(last));
        lines.push(vec![
            (*part).to_owned(),
            time(sample.median()),
            format!("{:.0}", bytes as f64 * 1e3 / sample.median()),
            format!("{:.2}", share.median),
            format!("{:.2} to {:.2}", share.min, share.max),
        ]);
    }
    println!("\n{title}:\n\n{}", table(&lines));
    if let ([ours, ..], [first, .., last]) = (parts, samples) {
        let share = first.ratio_to(last).median;
        let verdict = if share <= 1.05 { "met" } else { "MISSED" };
        println!("Goal: {ours}: no slower than the last. Measured: {share:.2} of its time, {verdict}.");
    }
}

/// What logins cost, one line a case: all that is ours, and then who does how much of it.
pub(crate) fn print_logins(rows: &[tickets::Row]) {
    if rows.is_empty() {
        return;
    }
    let head = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    let mut totals = vec![head(
        &[
            &["case", "AS + TGS + AP", "min to max"],
            &PARTIES[..],
            &["logins a turn", "allocations", "of the client"],
        ]
        .concat(),
    )];
    let mut steps = vec![head(&[&["case"], &STEPS[..]].concat())];
    for row in rows {
        let mut line = vec![row.name.clone(), time(row.all.median())];
        let spread = row.all.spread();
        line.push(format!("{} to {}", time(spread.min), time(spread.max)));
        line.extend(row.parties.iter().map(|party| time(party.median())));
        let [client, ..] = &row.parties;
        let requests = [&row.all, client].map(|samples| format!("{:.1}", samples.requests));
        line.push(row.all.count.to_string());
        line.extend(requests);
        totals.push(line);
        let medians = row.steps.iter().map(|step| time(step.median()));
        steps.push(core::iter::once(row.name.clone()).chain(medians).collect());
    }
    println!("\n{}", table(&totals));
    println!("Times are CPU time for one login, the median of all turns. Allocations are for one login.");
    for row in rows.iter().filter(|row| row.name.ends_with("timestamp at once")) {
        let measured = row.all.median();
        let verdict = if measured <= LOGIN_GOAL { "met" } else { "MISSED" };
        println!(
            "Goal: {}: AS + TGS + AP in {} at most. Measured: {}, {verdict}.",
            row.name,
            time(LOGIN_GOAL),
            time(measured)
        );
    }
    println!("\nStep by step:\n\n{}", table(&steps));
}

/// What servers do in a second, one line for each of them, and for each kind of work.
pub(crate) fn print_http(version: &str, apart: bool, connections: usize, sides: &[Side]) {
    println!("\nApache: {version}, as packaged.");
    println!("{connections} connections, one request on the way on each.");
    println!(
        "{}",
        if apart {
            "Servers run on one core, the client on another one, awake all the time."
        } else {
            "There is one core for servers and client: only the CPU time of servers says something."
        }
    );
    let head =
        ["requests over HTTP", "requests/s", "min to max", "requests a CPU second", "CPU time", "min to max"];
    let head = head.into_iter().chain(["server busy", "requests a turn"]).map(str::to_owned);
    let mut lines = vec![head.collect::<Vec<_>>()];
    for side in sides {
        let (wall, server) = (side.wall().spread(), side.server().spread());
        lines.push(vec![
            side.name.to_owned(),
            rate(wall.median),
            format!("{} to {}", rate(wall.max), rate(wall.min)),
            rate(server.median),
            time(server.median),
            format!("{} to {}", time(server.min), time(server.max)),
            format!("{:.0} %", 100.0 * side.server().ratio_to(side.wall()).median),
            side.wall().count.to_string(),
        ]);
    }
    println!("\n{}", table(&lines));
    println!("Times are for one request, the median of all turns.");
    let [ours, apache, apache_file, ..] = SIDES.map(|name| sides.iter().find(|side| side.name == name));
    let Some(ours) = ours else { return };
    for (other, goal) in [(apache, Some(HTTP_GOAL)), (apache_file, None)] {
        let Some(other) = other else { continue };
        for (what, ratio) in [
            ("by the clock", other.wall().ratio_to(ours.wall())),
            ("in the server's CPU time", other.server().ratio_to(ours.server())),
        ] {
            let measured = format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.min, ratio.max);
            match goal {
                Some(goal) => println!(
                    "Goal: {}: {goal:.0} times as many logins {what}. Measured: {measured}, {}.",
                    other.name,
                    if ratio.median >= goal { "met" } else { "MISSED" }
                ),
                None => println!("{}: {measured} times as many logins {what}.", other.name),
            }
        }
    }
}

/// What servers keep in memory, and how much that can come to.
pub(crate) fn print_memory(credentials: usize, rows: &[memory::Row]) {
    let mut lines = vec![["on the heap of the server", "bytes each", "counted"].map(str::to_owned).to_vec()];
    for row in rows {
        lines.push(vec![row.name.to_owned(), format!("{:.0}", row.bytes), row.count.to_string()]);
    }
    println!("\n{}", table(&lines));
    println!("A login's credentials have {credentials} characters in these.");
    let ContextLimits { partial, partial_bytes, established, established_bytes } = ContextLimits::default();
    let Limits { max_connections, max_header_bytes, .. } = Limits::default();
    println!(
        "Bounds, all of them settings: {partial} half-made contexts with transcripts of {} MiB in all, {established} \
         established ones of {} MiB, {DEFAULT_READY_CONTEXTS} of them ready; {max_connections} connections with heads of \
         {} KiB.",
        partial_bytes >> 20,
        established_bytes >> 20,
        max_header_bytes >> 10
    );
}

/// How often something fits into a second that takes so many nanoseconds.
fn rate(nanoseconds: f64) -> String {
    format!("{:.0}", 1e9 / nanoseconds)
}

/// One line a subject, one column a size; samples come subject by subject.
pub(crate) fn print_growth(title: &str, sizes: &[String], subjects: &[&str], samples: &[Samples]) {
    let mut lines = vec![
        core::iter::once(String::new())
            .chain(sizes.iter().cloned())
            .chain(["last / first".to_owned(), "min to max".to_owned()])
            .collect::<Vec<_>>(),
    ];
    for (subject, samples) in subjects.iter().zip(samples.chunks(sizes.len())) {
        let mut line = vec![(*subject).to_owned()];
        line.extend(samples.iter().map(|samples| time(samples.median())));
        if let [first, .., last] = samples {
            let ratio = last.ratio_to(first);
            line.push(format!("{:.2}", ratio.median));
            line.push(format!("{:.2} to {:.2}", ratio.min, ratio.max));
        }
        lines.push(line);
    }
    println!("\n{title}:\n\n{}", table(&lines));
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        1e3..1e6 => format!("{:.2} us", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

/// Columns of even width, the first to the left and the others to the right.
pub(crate) fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).max(3)).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            text.push_str(&if column == 0 {
                format!("| {cell:<width$} ")
            } else {
                format!("| {cell:>width$} ")
            });
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let rule = "-".repeat(width - 1);
                text.push_str(&if column == 0 { format!("| {rule}- ") } else { format!("| {rule}: ") });
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let lines =
            [["case", "ours"], ["a longer case", "7 ns"]].map(|line| line.map(str::to_owned).to_vec());
        let expected = "\
            | case          | ours |\n\
            | ------------- | ---: |\n\
            | a longer case | 7 ns |\n";
        assert_eq!(table(&lines), expected);
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        assert_eq!([time(999.4), time(1000.0), time(2.5e6)], ["999 ns", "1.00 us", "2.50 ms"]);
    }
}
