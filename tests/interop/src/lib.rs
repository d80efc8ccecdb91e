//! Interoperation tests against real peers
