//! CloudWatch Logs: what functions wrote.

use std::sync::LazyLock;

use crate::operation::Table;
use crate::shapes::logs as shapes;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "logs",
    service: &shapes::SERVICE,
    invalid: &shapes::error::INVALID_PARAMETER_EXCEPTION,
    rows: Vec::new(),
});
