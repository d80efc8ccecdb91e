//! The pages.

use crate::inspect::tree::Printable;
use core::fmt::{self, Display, Write};
use gss::krb5::PacVerified;
use gss::krb5::pac::Identity;
use gss::{Context, oid};

/// A page, as HTML or as text.
pub(super) struct Page {
    title: String,
    heading: String,
    paragraph: Option<String>,
    rows: Vec<(&'static str, String)>,
}

/// Who the client is, and how we know.
pub(super) fn greeting(context: &Context) -> Page {
    let mechanism = context.mechanism();
    let name = context.peer_name().unwrap_or_else(|| "nobody in particular".into());
    let mut rows = vec![
        ("Mechanism", oid::mechanism_name(&mechanism).map_or_else(|| mechanism.to_string(), Into::into)),
        ("Negotiated by SPNEGO", yes_or_no(context.negotiation().is_some())),
        ("Flags", context.flags().names().collect::<Vec<_>>().join(", ")),
        ("Bound to the channel", yes_or_no(context.is_channel_bound())),
        ("Delegated tickets", context.delegated().len().to_string()),
    ];
    rows.extend(context.pac().map(|pac| account(&pac)).unwrap_or_default());
    Page { title: "Signed in".into(), heading: format!("You are {name}"), paragraph: None, rows }
}

/// Who the client is to its Windows domain, if the PAC of its ticket says it.
fn account(pac: &PacVerified<'_>) -> Vec<(&'static str, String)> {
    let logon = match pac.logon_info() {
        Ok(Some(logon)) => logon,
        Ok(None) => return vec![("PAC", "names the client, and says nothing else".into())],
        Err(error) => return vec![("PAC", format!("cannot be read: {error}"))],
    };
    let mut rows = vec![("Domain account", format!("{}\\{}", logon.logon_domain_name, logon.effective_name))];
    if let Ok(Some(names)) = pac.upn_dns_info() {
        rows.push(("User principal name", names.upn.to_string()));
    }
    let user = logon.user_sid();
    rows.push(("User SID", user.map_or_else(|| "none".into(), |sid| sid.to_string())));
    let groups = logon.sids().filter(|identity| !matches!(identity, Identity::User(_)));
    let groups: Vec<_> = groups.map(|identity| identity.sid().to_string()).collect();
    rows.push(("Group SIDs", groups.join(", ")));
    rows
}

/// Nobody signed in yet.
pub(super) fn sign_in() -> Page {
    notice(
        "Sign in",
        "This page wants Negotiate authentication: get a ticket with kinit, and a client that sends it, \
         for instance gssctl fetch URL or curl --negotiate -u : URL.",
    )
}

/// Somebody did, and was refused. Why is for the server's log.
pub(super) fn refused() -> Page {
    notice("Not signed in", "The credentials were refused. The server's log says why.")
}

/// Something went wrong.
pub(super) fn notice(title: &str, text: &str) -> Page {
    Page { title: title.into(), heading: title.into(), paragraph: Some(text.into()), rows: Vec::new() }
}

impl Page {
    /// For browsers.
    pub(super) fn to_html(&self) -> String {
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n<h1>{}</h1>\n",
            Escaped(&self.title),
            Escaped(&self.heading)
        );
        // Writing to a string cannot fail.
        if let Some(text) = &self.paragraph {
            let _ = writeln!(html, "<p>{}</p>", Escaped(text));
        }
        if !self.rows.is_empty() {
            html.push_str("<table>\n");
            for (title, value) in &self.rows {
                let _ = writeln!(html, "<tr><th>{title}</th><td>{}</td></tr>", Escaped(value));
            }
            html.push_str("</table>\n");
        }
        html.push_str("</html>\n");
        html
    }

    /// For terminals.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{}\n", Printable(&self.heading));
        for (title, value) in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{title}: {}", Printable(value));
        }
        if let Some(paragraph) = &self.paragraph {
            let _ = writeln!(text, "{}", Printable(paragraph));
        }
        text
    }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes".into() } else { "no".into() }
}

/// Text as HTML. Names come from other realms and may hold anything.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_defused() {
        let page = notice("<script>", "a & \"b\" 'c'").to_html();
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("a &amp; &quot;b&quot; &#39;c&#39;"), "{page}");
    }

    #[test]
    fn what_steers_a_terminal_is_not_printed() {
        let page = notice("A", "b\u{1b}[2Jc").to_text();
        assert!(page.starts_with("A\nb") && !page.contains('\u{1b}'), "{page:?}");
    }
}
