//! What every engine must pass.

use crate::{Read, Store};

#[test]
fn a_transaction_is_a_future_that_may_move_between_threads() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let store = Store::memory();
    let borrowed = b"borrowed".to_vec();
    let committed = send(store.transact(|tx| {
        tx.put(b"\x01k".to_vec(), borrowed.clone());
        tx.get(b"\x01k")
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    assert_eq!(runtime.block_on(committed), Ok(Some(borrowed.clone().into())));
    assert_eq!(store.read(|snapshot| snapshot.get(b"\x01k")), Ok(Some(borrowed.into())));
}
