//! [`Frames`]: the messages in a stream by RFC 6587, which are framed by their length (octet counting) or end with a
//! line.

/// How many digits the length of a message may have.
const DIGITS_MAX: usize = 9;

/// Finds messages in a stream that comes in pieces. Of a message that is too long, the beginning is returned.
#[derive(Debug)]
pub(super) struct Frames {
    /// The bytes received and not yet returned.
    bytes: Vec<u8>,
    /// The end of the bytes that were returned.
    begin: usize,
    /// Up to here there is no end of a line.
    looked: usize,
    most: usize,
    rest: Rest,
}

/// What to skip of the next bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// This many bytes.
    Bytes(usize),
    /// Everything up to the end of the line.
    Line,
}

/// One message, and whether it is cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) is_cut: bool,
}

/// The beginning of the buffer.
enum Head {
    /// A message of this length, after this many bytes.
    Counted {
        after: usize,
        length: usize,
    },
    Line,
    /// More bytes are needed to tell.
    Unknown,
}

impl Frames {
    /// Frames for messages of at most this many bytes.
    pub(super) const fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), begin: 0, looked: 0, most, rest: Rest::Nothing }
    }

    /// Adds received bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.begin > 0 {
            self.bytes.drain(..self.begin);
            self.looked = self.looked.saturating_sub(self.begin);
            self.begin = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn left(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }

    fn skip(&mut self, count: usize) {
        self.begin += count;
        self.looked = self.looked.max(self.begin);
    }

    fn take(&mut self, count: usize, is_cut: bool) -> Frame {
        let bytes = self.left()[..count].to_vec();
        self.skip(count);
        Frame { bytes, is_cut }
    }

    /// The next message, if it is complete.
    pub(super) fn next(&mut self) -> Option<Frame> {
        self.skip_rest()?;
        // An end of a line may also follow a message with a length.
        let ends = self.left().iter().take_while(|byte| matches!(byte, b'\n' | b'\r' | 0)).count();
        self.skip(ends);
        match self.head() {
            Head::Unknown => None,
            Head::Counted { after, length } => {
                let kept = length.min(self.most);
                if self.left().len() < after + kept {
                    return None;
                }
                self.skip(after);
                self.rest = if kept < length { Rest::Bytes(length - kept) } else { Rest::Nothing };
                Some(self.take(kept, kept < length))
            }
            Head::Line => self.line(),
        }
    }

    /// Skips the rest of a message; `None` if its end has not come yet.
    fn skip_rest(&mut self) -> Option<()> {
        match self.rest {
            Rest::Nothing => {}
            Rest::Bytes(count) => {
                let here = count.min(self.left().len());
                self.skip(here);
                if here < count {
                    self.rest = Rest::Bytes(count - here);
                    return None;
                }
            }
            Rest::Line => {
                let end = self.left().iter().position(|byte| *byte == b'\n');
                self.skip(end.map_or(self.left().len(), |end| end + 1));
                end?;
            }
        }
        self.rest = Rest::Nothing;
        Some(())
    }

    fn head(&self) -> Head {
        let left = self.left();
        let digits = left.iter().take(DIGITS_MAX + 1).take_while(|byte| byte.is_ascii_digit()).count();
        let is_number = (1..=DIGITS_MAX).contains(&digits) && left.first() != Some(&b'0');
        match (left.first(), left.get(digits), left.get(digits + 1)) {
            (None, ..) => Head::Unknown,
            _ if !is_number => Head::Line,
            // A number at the beginning of a line is not a length unless `<` follows: a message begins with its
            // priority.
            (_, None, _) | (_, Some(b' '), None) => Head::Unknown,
            (_, Some(b' '), Some(b'<')) => {
                let text = std::str::from_utf8(&left[..digits]).unwrap_or_default();
                match text.parse() {
                    Ok(length) => Head::Counted { after: digits + 1, length },
                    Err(_) => Head::Line,
                }
            }
            _ => Head::Line,
        }
    }

    fn line(&mut self) -> Option<Frame> {
        let from = self.looked.max(self.begin);
        let end = self.bytes[from..].iter().position(|byte| matches!(byte, b'\n' | 0));
        match end.map(|end| from + end - self.begin) {
            Some(length) if length <= self.most => {
                let frame = self.take(length, false);
                self.skip(1);
                Some(frame)
            }
            None if self.left().len() <= self.most => {
                self.looked = self.bytes.len();
                None
            }
            Some(_) | None => {
                self.rest = Rest::Line;
                Some(self.take(self.most, true))
            }
        }
    }

    /// The last message at the end of the stream.
    pub(super) fn finish(mut self) -> Option<Frame> {
        if self.rest != Rest::Nothing || self.left().is_empty() {
            return None;
        }
        // A message with a length is incomplete. A line may lack its end.
        let (after, is_cut) = match self.head() {
            Head::Counted { after, .. } => (after, true),
            Head::Line | Head::Unknown => (0, false),
        };
        self.skip(after);
        let count = self.left().len().min(self.most);
        (count > 0 || is_cut).then(|| self.take(count, is_cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a stream that comes in pieces of this size.
    fn found(stream: &[u8], size: usize, most: usize) -> Vec<(String, bool)> {
        let mut frames = Frames::new(most);
        let mut all = Vec::new();
        let mut add =
            |frame: Frame| all.push((String::from_utf8_lossy(&frame.bytes).into_owned(), frame.is_cut));
        for piece in stream.chunks(size) {
            frames.push(piece);
            while let Some(frame) = frames.next() {
                add(frame);
            }
            assert!(frames.bytes.len() - frames.begin <= most + size + DIGITS_MAX + 1, "it is bounded");
        }
        if let Some(frame) = frames.finish() {
            add(frame);
        }
        all
    }

    fn same_in_pieces(stream: &[u8], most: usize, expected: &[(&str, bool)]) {
        for size in [1, 2, 3, 7, stream.len().max(1)] {
            let all = found(stream, size, most);
            let all: Vec<_> = all.iter().map(|(text, is_cut)| (text.as_str(), *is_cut)).collect();
            assert_eq!(all, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn both_framings_are_found_in_one_stream() {
        let stream = b"<13>one\n8 <13>t\nwo<13>three\r\n\n\n7 <13>six<13>the end";
        let expected = [
            ("<13>one", false),
            ("<13>t\nwo", false),
            ("<13>three\r", false),
            ("<13>six", false),
            ("<13>the end", false),
        ];
        same_in_pieces(stream, 100, &expected);
    }

    #[test]
    fn a_number_is_a_length_only_before_a_message() {
        let stream = b"12 monkeys\n007 <13>bond\n123456789012 <13>x\n42\n";
        let expected =
            [("12 monkeys", false), ("007 <13>bond", false), ("123456789012 <13>x", false), ("42", false)];
        same_in_pieces(stream, 100, &expected);
    }

    #[test]
    fn of_what_is_too_long_the_beginning_is_given_and_the_next_is_found() {
        let stream = b"15 <13>abcdefghijk<13>0123456789\n<13>y\n";
        same_in_pieces(stream, 8, &[("<13>abcd", true), ("<13>0123", true), ("<13>y", false)]);
    }

    #[test]
    fn what_ends_too_early_is_given_as_cut() {
        same_in_pieces(b"20 <13>half", 100, &[("<13>half", true)]);
        same_in_pieces(b"", 100, &[]);
        same_in_pieces(b"17", 100, &[("17", false)]);
    }
}
