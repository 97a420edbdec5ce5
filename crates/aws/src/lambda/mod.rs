//! Lambda: the functions API.

use std::sync::LazyLock;

use crate::error;
use crate::operation::Table;
use crate::shapes::lambda as shapes;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "lambda",
    service: &shapes::SERVICE,
    invalid: &error::VALIDATION,
    rows: Vec::new(),
});
