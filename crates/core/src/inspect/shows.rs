//! [`Shows`]: what the stages of a view make of the members of its collection.

/// Which members of its collection's documents a view shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shows {
    /// The members that the stages name, each with the collection's member that it is; none where it is computed.
    pub named: Vec<(String, Option<String>)>,
    /// Those that they take away.
    pub hidden: Vec<String>,
    /// Whether there are no others than those that are named.
    pub closed: bool,
    /// What becomes of each document.
    pub each: Each,
}

/// What becomes of each document of a collection in a view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Each {
    /// It is there once, or not at all.
    #[default]
    Once,
    /// It may be there several times.
    Several,
    /// It is a part of one that is made of several.
    Merged,
}

impl Shows {
    /// Whether there may be a member with this name.
    #[must_use]
    pub fn has(&self, member: &str) -> bool {
        self.of(member).is_some() || (!self.closed && !self.hidden.iter().any(|hidden| hidden == member))
    }

    /// The collection's member that this one is; none where it is computed, or is not there.
    #[must_use]
    pub fn source<'s>(&'s self, member: &'s str) -> Option<&'s str> {
        match self.of(member) {
            Some((_, source)) => source.as_deref(),
            None => self.has(member).then_some(member),
        }
    }

    /// Names a member, which is this one of the collection or is computed.
    pub fn name(&mut self, member: &str, source: Option<String>) {
        self.take(member);
        self.named.push((member.to_owned(), source));
    }

    /// Takes a member away.
    pub fn hide(&mut self, member: &str) {
        self.take(member);
        self.hidden.push(member.to_owned());
    }

    fn of(&self, member: &str) -> Option<&(String, Option<String>)> {
        self.named.iter().find(|(name, _)| name == member)
    }

    fn take(&mut self, member: &str) {
        self.named.retain(|(name, _)| name != member);
        self.hidden.retain(|name| name != member);
    }
}
