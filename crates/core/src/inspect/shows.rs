//! [`Shows`]: the effect of a view's stages on the members of its collection.

/// Which members of the collection's documents a view shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shows {
    /// The members that the stages name, each with the collection's member that it shows; `None` if it is computed.
    pub named: Vec<(String, Option<String>)>,
    /// The members that the stages remove.
    pub hidden: Vec<String>,
    /// Whether the view shows no members other than the named ones.
    pub closed: bool,
    /// How the view shows each document.
    pub each: Each,
}

/// How a view shows each document of its collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Each {
    /// Once, or not at all.
    #[default]
    Once,
    /// Possibly several times.
    Several,
    /// As a part of a document that is made of several.
    Merged,
}

impl Shows {
    /// Whether the view may show a member with this name.
    #[must_use]
    pub fn has(&self, member: &str) -> bool {
        self.of(member).is_some() || (!self.closed && !self.hidden.iter().any(|hidden| hidden == member))
    }

    /// The collection's member that this one shows; `None` if it is computed, or is not shown.
    #[must_use]
    pub fn source<'s>(&'s self, member: &'s str) -> Option<&'s str> {
        match self.of(member) {
            Some((_, source)) => source.as_deref(),
            None => self.has(member).then_some(member),
        }
    }

    /// Names a member. It shows the collection's member `source`, or is computed.
    pub fn name(&mut self, member: &str, source: Option<String>) {
        self.take(member);
        self.named.push((member.to_owned(), source));
    }

    /// Removes a member.
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
