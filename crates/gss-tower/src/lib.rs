//! Tower layer and axum extractor that authenticate requests with Negotiate, NTLM and GSS.

#![forbid(unsafe_code)]
