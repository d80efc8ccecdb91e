//! Our own KDC, in the process of the test, with the stock clients.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `sockets` | the sockets alone, with MIT's KDC behind them |

mod sockets;
