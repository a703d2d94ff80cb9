//! Damaged Parquet and Arrow files make the library that reads them panic in places: such a panic is an error of the file here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Does something that may panic; the panic's words are the error, and nothing is printed.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.unwrap_or_else(|panic| Err(words(panic.as_ref())))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    // The first line says it; further ones are for those who develop the library.
    text.and_then(|t| t.lines().next().map(str::to_owned)).unwrap_or_else(|| "its parts contradict each other".to_owned())
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_is_an_error() {
        let none = "no number".parse::<u8>().ok();
        assert_eq!(guarded(|| Ok(none.expect("no such page"))), Err("no such page".to_owned()));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
