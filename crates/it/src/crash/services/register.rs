//! One thing that one writer changes: what it is known to be, and what it may have become.

/// What is acknowledged and, while a change is in flight, what else it may be.
#[derive(Debug, Clone)]
pub struct Register<T> {
    known: T,
    doubtful: Option<T>,
}

impl<T: PartialEq + Clone> Register<T> {
    pub fn new(known: T) -> Register<T> {
        Register { known, doubtful: None }
    }

    pub fn known(&self) -> &T {
        &self.known
    }

    pub fn is_in_doubt(&self) -> bool {
        self.doubtful.is_some()
    }

    /// A change is asked for.
    pub fn ask(&mut self, value: T) {
        self.doubtful = Some(value);
    }

    /// The change was acknowledged.
    pub fn acknowledge(&mut self) {
        if let Some(value) = self.doubtful.take() {
            self.known = value;
        }
    }

    /// What is there after a restart: whether it may be that. From now on it is.
    pub fn settle(&mut self, seen: T) -> bool {
        let may_be = seen == self.known || self.doubtful.as_ref() == Some(&seen);
        self.known = seen;
        self.doubtful = None;
        may_be
    }
}
