//! Many items at once, all or none: one transaction of the store.

use std::time::Duration;

use sha2::{Digest, Sha256};
use store::Tx;

use super::capacity::Consumed;
use super::error::{Error, Reason, invalid};
use super::read::{Get, Got};
use super::rows::{self, Token};
use super::value::{self, Item};
use super::write::{Write, Written};
use super::{Tables, key};
use crate::name::{AccountId, Region};

/// Items of one transaction, in bytes. Source: DynamoDB quotas, "DynamoDB transactions" (4 MB, read 2026-11-24).
const TRANSACTION_BYTES_MAX: usize = 4 << 20;
/// How long a token is known. Source: API reference, TransactWriteItems (read 2026-11-24).
const TOKEN_KEPT: Duration = Duration::from_secs(600);

#[derive(Debug, Clone)]
pub struct TransactWrite {
    pub writes: Vec<Write>,
    /// With it, the same request does nothing a second time.
    pub token: Option<Idempotency>,
}

#[derive(Debug, Clone)]
pub struct Idempotency {
    pub account: AccountId,
    pub region: Region,
    pub token: String,
    /// Of the whole request.
    pub digest: [u8; 32],
}

impl Idempotency {
    pub fn new(account: AccountId, region: Region, token: String, request: &[u8]) -> Idempotency {
        Idempotency { account, region, token, digest: Sha256::digest(request).into() }
    }
}

#[derive(Debug, Clone)]
pub struct TransactGet(pub Vec<Get>);

impl Tables {
    /// What was written; nothing, where the token says that it was written before.
    pub async fn transact_write(&self, transaction: &TransactWrite) -> Result<Vec<Written>, Error> {
        self.store.transact(|tx| self.transact_in(tx, transaction)).await
    }

    fn transact_in(&self, tx: &mut Tx, transaction: &TransactWrite) -> Result<Vec<Written>, Error> {
        if let Some(token) = &transaction.token {
            let known = rows::token(tx, &token.account, &token.region, &token.token)?;
            match known.filter(|known| known.until_millis > tx.now().millis()) {
                Some(known) if known.digest == token.digest => return Ok(Vec::new()),
                Some(_) => return Err(Error::TokenReused),
                None => {}
            }
        }
        self.refuse_same_items(tx, &transaction.writes)?;
        let (mut written, mut reasons, mut bytes) = (Vec::new(), Vec::new(), 0);
        for write in &transaction.writes {
            let result = self.write_in(tx, write);
            reasons.push(reason(&result));
            match result {
                Ok(one) => {
                    bytes += one.new.as_ref().map_or(0, value::size);
                    written.push(Written { consumed: one.consumed.times(2.0), ..one });
                }
                Err(error) if reasons.last().is_some_and(Option::is_none) => return Err(error),
                Err(_) => {}
            }
        }
        if reasons.iter().any(Option::is_some) {
            return Err(Error::Cancelled(reasons));
        }
        if bytes > TRANSACTION_BYTES_MAX {
            return Err(invalid("Member must have aggregate size less than or equal to 4194304 bytes"));
        }
        if let Some(token) = &transaction.token {
            let until = tx.now() + TOKEN_KEPT;
            let row = Token { digest: token.digest, until_millis: until.millis() };
            rows::put_token(tx, &token.account, &token.region, &token.token, &row);
        }
        Ok(written)
    }

    fn refuse_same_items(&self, tx: &mut Tx, writes: &[Write]) -> Result<(), Error> {
        let mut seen = Vec::with_capacity(writes.len());
        for write in writes {
            let table = self.catalog.open(tx, &write.table)?;
            let whole = table
                .key
                .attributes()
                .all(|attribute| write.key().get(&attribute.name).is_some_and(|value| key::fits(attribute, value)));
            // Keys that do not fit are told one by one.
            if whole {
                seen.push(key::item_row(&table, write.key()));
            }
        }
        seen.sort_unstable();
        match seen.windows(2).any(|pair| pair[0] == pair[1]) {
            true => Err(invalid("Transaction request cannot include multiple operations on one item")),
            false => Ok(()),
        }
    }

    /// All items of one state. Blocks on the disk.
    pub fn transact_get(&self, transaction: &TransactGet) -> Result<Vec<Got>, Error> {
        self.store.read(|read| {
            let (mut found, mut reasons, mut bytes) = (Vec::new(), Vec::new(), 0);
            for get in &transaction.0 {
                let result = self.get_in(read, get);
                reasons.push(reason(&result));
                match result {
                    Ok(got) => {
                        bytes += got.item.as_ref().map_or(0, |item: &Item| value::size(item));
                        found.push(Got { consumed: doubled(got.consumed), ..got });
                    }
                    Err(error) if reasons.last().is_some_and(Option::is_none) => return Err(error),
                    Err(_) => {}
                }
            }
            if reasons.iter().any(Option::is_some) {
                return Err(Error::Cancelled(reasons));
            }
            match bytes > TRANSACTION_BYTES_MAX {
                true => Err(invalid("Member must have aggregate size less than or equal to 4194304 bytes")),
                false => Ok(found),
            }
        })
    }
}

fn doubled(consumed: Consumed) -> Consumed {
    consumed.times(2.0)
}

/// What cancels a transaction, as opposed to what refuses the request as a whole.
fn reason<T>(result: &Result<T, Error>) -> Option<Reason> {
    let said = |code, text: String, item| Some(Reason { code, text, item });
    match result {
        Err(error @ Error::ConditionFailed { item }) => said("ConditionalCheckFailed", error.to_string(), item.clone()),
        Err(Error::Invalid(text)) => said("ValidationError", text.to_string(), None),
        Err(error @ Error::DuplicateItem) => said("DuplicateItem", error.to_string(), None),
        Err(_) | Ok(_) => None,
    }
}
