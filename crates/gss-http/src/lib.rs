//! HTTP authentication framing for GSS-API: challenges and the Negotiate scheme
