//! HTTP client on hyper that logs in with Negotiate, NTLM and GSS, at servers and proxies.

#![forbid(unsafe_code)]
