use crate::Body;

/// A body, as often as there is one.
pub(crate) enum Payload {
    Replayable(Body),
    Once(Option<Body>),
}

impl Payload {
    pub(crate) fn new(body: Body) -> Self {
        if body.as_bytes().is_some() { Self::Replayable(body) } else { Self::Once(Some(body)) }
    }

    pub(crate) const fn is_once(&self) -> bool {
        matches!(self, Self::Once(_))
    }

    /// Whether there is a body, if only an empty one, to be sent.
    pub(crate) const fn is_there(&self) -> bool {
        !matches!(self, Self::Once(None))
    }

    /// The body for one more time.
    pub(crate) fn next(&mut self) -> Option<Body> {
        match self {
            Self::Replayable(body) => body.try_clone(),
            Self::Once(body) => body.take(),
        }
    }

    /// Takes back a body of which nothing was sent.
    pub(crate) fn put_back(&mut self, unsent: Body) {
        if let Self::Once(body) = self {
            *body = Some(unsent);
        }
    }
}
