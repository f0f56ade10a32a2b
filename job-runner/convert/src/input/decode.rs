//! Decodes bytes to text, strictly: a byte that is invalid in the object's encoding makes the object refused,
//! and is never replaced. The encoding is that of the byte order mark, else of the XML declaration, else
//! UTF-8 (XML 1.0, section 4.3.3 and appendix F). JSON has no declaration (RFC 8259, section 8.1).

use docmill_crds::conversion::{Repair, Syntax};
use docmill_crds::reason::Reason;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

use super::byte_table::ByteTable;
use super::decoding::{Decoding, Imposed, Over};
use crate::fault::Flaw;
use crate::leniency::repairs::encoding::{Utf8, of_two_bytes};
use crate::leniency::repairs::leading_space;
use crate::text::declaration::{SNIFFED, sniff_encoding};

/// Bytes in which controls are looked for at once: all of an object would be searched again behind each byte that is passed
/// over.
const PIECE: usize = 2 * 1024;

/// How an XML declaration begins in EBCDIC, of whatever country (XML 1.0, appendix F).
const EBCDIC: &[u8] = b"\x4c\x6f\xa7\x94\x93";

/// Bytes that cannot be read as text.
#[derive(Clone, Debug)]
pub(crate) struct Garbled {
    pub(crate) reason: Reason,
    pub(crate) expected: String,
    pub(crate) found: Option<String>,
}

impl Garbled {
    pub(crate) fn at(self, offset: usize) -> Flaw {
        Flaw { reason: self.reason, offset, expected: self.expected, found: self.found }
    }
}

/// Bytes that do not exist in an encoding.
#[derive(Debug)]
pub(crate) struct Invalid {
    /// How many bytes were taken; decoding can go on behind them.
    pub(crate) taken: usize,
    pub(crate) garbled: Garbled,
}

/// The encoding of an object, detected from its first bytes.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// Length of the byte order mark.
    pub(crate) mark: usize,
    /// Bytes at the start that are UTF-8, whatever the encoding is: the mark, and white space and marks after it.
    pub(crate) leading: usize,
    /// The encoding that the mark stands for; or UTF-8, in place of the ASCII that is declared.
    pub(crate) marked: Option<&'static Encoding>,
    /// `None`: it is UTF-8 already.
    pub(crate) transcoder: Option<Transcoder>,
    /// The model decided it, so the declaration is not asked.
    pub(crate) imposed: bool,
    /// The object's own word for it was ignored.
    pub(crate) mended: bool,
    /// It will be, as soon as there is a character beyond ASCII.
    pub(crate) declares_ascii: bool,
}

impl Encoded {
    const UTF_8: Self = Self {
        mark: 0,
        leading: 0,
        marked: None,
        transcoder: None,
        imposed: false,
        mended: false,
        declares_ascii: false,
    };

    /// Examines the first bytes of an object, [`SNIFFED`] of them if there are that many.
    pub(crate) fn detect(head: &[u8], syntax: Syntax, decoding: &Decoding) -> Result<Self, Garbled> {
        if is_utf_32(head) {
            return Err(unsupported("UTF-8 or UTF-16", "UTF-32"));
        }
        if syntax == Syntax::Xml && head.starts_with(EBCDIC) {
            return Err(unsupported("UTF-8, or an encoding that has ASCII in it", "EBCDIC"));
        }
        let may_lead = syntax == Syntax::Xml && decoding.repairs.has(Repair::LeadingSpace);
        let leading = if may_lead { leading_space::length(head) } else { 0 };
        // A mark after white space says as much as one at the start.
        let is_marked = leading_space::has_mark(&head[..leading]);
        let marked = Encoding::for_bom(head).or(is_marked.then_some((UTF_8, 0)));
        let mends = decoding.repairs.has(Repair::Encoding);
        // What shows itself as UTF-16 is nothing else.
        let is_wider = |imposed: &Imposed| {
            syntax == Syntax::Xml && marked.is_none() && is_wider_than(imposed.label, head)
        };
        let imposed = match decoding.imposed {
            Some(imposed) if is_wider(&imposed) => {
                if !mends {
                    return Err(unsupported(&format!("{}, as the model says", imposed.label), "UTF-16"));
                }
                None
            }
            imposed => imposed,
        };
        if let Some(imposed) = imposed
            && marked.is_none_or(|(encoding, _)| imposed.over >= Over::Mark && encoding == UTF_8)
        {
            let again = imposed.over == Over::Mark && marked.is_none();
            let remaining = if again { Self::remaining(&head[leading..]) } else { None };
            let leading = if is_marked { leading } else { 0 };
            let mark = marked.map_or(0, |(_, mark)| mark);
            return Ok(remaining.unwrap_or_else(|| Self { leading, ..Self::imposed(imposed, mark) }));
        }
        if let Some((encoding, mark)) = marked {
            let transcoder = (encoding != UTF_8).then(|| Transcoder::new(encoding, ""));
            return Ok(Self { mark, marked: Some(encoding), transcoder, ..Self::UTF_8 });
        }
        // JSON starts with two ASCII characters, neither of which is NUL; or with one, and then nothing
        // follows.
        let wide = match syntax {
            Syntax::Xml => of_two_bytes(head).is_some(),
            Syntax::Json => matches!(head, [_, 0, ..] | [0, _, ..]),
        };
        if wide {
            if let Some(encoding) = of_two_bytes(head).filter(|_| mends) {
                let transcoder = Some(Transcoder::new(encoding, ""));
                return Ok(Self { transcoder, mended: true, ..Self::UTF_8 });
            }
            return Err(unsupported("a byte order mark", "UTF-16 or UTF-32 without one"));
        }
        if syntax == Syntax::Json {
            return Ok(Self::UTF_8);
        }
        let head = &head[leading..];
        let Some(label) = sniff_encoding(head) else { return Ok(Self::UTF_8) };
        if label.eq_ignore_ascii_case(UTF_8.name()) {
            return Ok(Self::UTF_8);
        }
        let encoding = match Encoding::for_label_no_replacement(label.as_bytes()) {
            Some(encoding) if encoding != X_USER_DEFINED => encoding,
            _ if mends => return Ok(Self { mended: true, ..Self::UTF_8 }),
            _ => return Err(unsupported("a known encoding", label)),
        };
        if encoding == UTF_8 {
            return Ok(Self::UTF_8);
        }
        if mends && is_ascii(label) {
            // ASCII is a part of UTF-8, and what else exists in UTF-8 is hardly anything else.
            return Ok(Self { marked: Some(UTF_8), declares_ascii: true, ..Self::UTF_8 });
        }
        if encoding == UTF_16BE || encoding == UTF_16LE {
            if mends {
                return Ok(Self { mended: true, ..Self::UTF_8 });
            }
            return Err(unsupported("UTF-16 with a byte order mark", label));
        }
        if mends && Utf8::of(head, encoding) == Utf8::Clear {
            return Ok(Self { mended: true, ..Self::UTF_8 });
        }
        Ok(Self { transcoder: Some(Transcoder::new(encoding, label)), ..Self::UTF_8 })
    }

    /// How to read an object that turned out not to be what it was read as, if there is anything left but the encoding
    /// that the model names: as it declares, if it looked like UTF-8; as UTF-8, if it could be that.
    fn remaining(head: &[u8]) -> Option<Self> {
        let label = sniff_encoding(head)?;
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
        // In place of these, it was read as UTF-8 anyway.
        let is_utf_8 = [UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED].contains(&encoding) || is_ascii(label);
        if is_utf_8 {
            return None;
        }
        match Utf8::of(head, encoding) {
            Utf8::Clear => Some(Self { transcoder: Some(Transcoder::new(encoding, label)), ..Self::UTF_8 }),
            Utf8::Possible => Some(Self { mended: true, ..Self::UTF_8 }),
            Utf8::Unlikely => None,
        }
    }

    fn imposed(imposed: Imposed, mark: usize) -> Self {
        let Imposed { label, over } = imposed;
        let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(UTF_8);
        let transcoder = (encoding != UTF_8).then(|| Transcoder::new(encoding, label));
        Self { mark, transcoder, imposed: true, mended: over >= Over::Mark, ..Self::UTF_8 }
    }

    /// Checks a declaration against the mark, or without one against the encoding in use. `is_later`: it is not that at
    /// the start of the object.
    pub(crate) fn check(
        marked: Option<&'static Encoding>,
        read: &'static Encoding,
        label: &str,
        is_later: bool,
    ) -> Result<(), Garbled> {
        if label.eq_ignore_ascii_case(read.name()) {
            return Ok(());
        }
        let declared = Encoding::for_label(label.as_bytes());
        let is_utf16 = |encoding| encoding == UTF_16BE || encoding == UTF_16LE;
        if declared == Some(read) || (is_utf16(read) && declared.is_some_and(is_utf16)) {
            return Ok(());
        }
        // ASCII is a part of UTF-8, which the mark says it is.
        if marked == Some(UTF_8) && is_ascii(label) {
            return Ok(());
        }
        Err(match marked {
            _ if is_later => unsupported("the encoding of the documents before", label),
            Some(marked) => unsupported(&format!("{}, as the byte order mark says", marked.name()), label),
            // The declaration was too long to be found before the object was read.
            None => unsupported(&format!("an XML declaration of at most {SNIFFED} bytes"), label),
        })
    }
}

/// Converts another encoding to UTF-8, piece by piece.
pub(crate) struct Transcoder {
    encoding: &'static Encoding,
    decoder: encoding_rs::Decoder,
    /// 80 to 9F are the C1 controls.
    controls: bool,
    /// The characters of an encoding with controls, as soon as one was met.
    table: Option<Box<ByteTable>>,
    /// Nothing beyond 7F exists.
    ascii: bool,
}

impl Transcoder {
    /// The WHATWG table behind `encoding_rs` reads ASCII and some of ISO-8859 as the Windows code page that
    /// extends them. XML means what the label says.
    fn new(encoding: &'static Encoding, label: &str) -> Self {
        let label = label.to_ascii_lowercase();
        let iso = ["iso", "csiso", "l", "cp819", "ibm819"].iter().any(|start| label.starts_with(start));
        Self {
            encoding,
            decoder: encoding.new_decoder_without_bom_handling(),
            controls: iso && encoding.name().starts_with("windows-"),
            table: None,
            ascii: is_ascii(&label),
        }
    }

    pub(crate) const fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// Whether the text so far ends within a character. Nothing can be decoded after this.
    pub(crate) fn ends_within_character(&mut self) -> bool {
        // Room for a character, though none can come of nothing.
        let mut rest = String::with_capacity(16);
        let (result, _) = self.decoder.decode_to_string_without_replacement(&[], &mut rest, true);
        matches!(result, DecoderResult::Malformed(..))
    }

    /// Appends the text of `bytes`, up to the first invalid one. `last`: nothing follows.
    pub(crate) fn decode(&mut self, bytes: &[u8], last: bool, into: &mut String) -> Result<(), Invalid> {
        if self.ascii
            && let Some(offset) = bytes.iter().position(|b| !b.is_ascii())
        {
            self.append(&bytes[..offset], false, into)?;
            return Err(Invalid { taken: offset, garbled: invalid("us-ascii", &bytes[offset..]) });
        }
        if !self.controls {
            return self.append(bytes, last, into);
        }
        for (start, piece) in (0_usize..).step_by(PIECE).zip(bytes.chunks(PIECE)) {
            let decoded = self.decode_piece(piece, into);
            decoded.map_err(|invalid| Invalid { taken: start + invalid.taken, ..invalid })?;
        }
        Ok(())
    }

    /// Appends the text of bytes in an encoding with controls, up to the first invalid one.
    fn decode_piece(&mut self, bytes: &[u8], into: &mut String) -> Result<(), Invalid> {
        if !bytes.iter().any(|b| matches!(b, 0x80..=0x9f)) {
            return self.append(bytes, false, into);
        }
        let encoding = self.encoding;
        let table = self.table.get_or_insert_with(|| Box::new(ByteTable::with_controls(encoding)));
        let decoded = table.decode(bytes, into);
        decoded
            .map_err(|offset| Invalid { taken: offset, garbled: invalid(encoding.name(), &bytes[offset..]) })
    }

    /// Appends the text of `bytes`, with U+FFFD for what does not exist in the encoding. More may follow.
    pub(crate) fn replace(&mut self, bytes: &[u8], into: &mut String) {
        into.reserve(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(0));
        // There is room for all of it.
        let _ = self.decoder.decode_to_string(bytes, into, false);
    }

    fn append(&mut self, bytes: &[u8], last: bool, into: &mut String) -> Result<(), Invalid> {
        let most = self.decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0);
        into.reserve(most);
        let (result, read) = self.decoder.decode_to_string_without_replacement(bytes, into, last);
        let good = match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::Malformed(bad, after) => {
                read.saturating_sub(usize::from(bad) + usize::from(after))
            }
            DecoderResult::OutputFull => read,
        };
        Err(Invalid { taken: read, garbled: invalid(self.encoding.name(), &bytes[good..]) })
    }
}

impl std::fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcoder").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

/// Whether an object begins with a byte order mark of UTF-32, or with `<` in four bytes, or with white space and `<` in
/// four bytes each. No text in another encoding does, and none that is read as UTF-16 would be what it says.
fn is_utf_32(head: &[u8]) -> bool {
    let starts: [&[u8]; 4] = [b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<\0\0"];
    let is_space = |unit: &u32| matches!(*unit, 0x20 | 0x09 | 0x0a | 0x0d | 0xfeff);
    let after_space = |unit: fn([u8; 4]) -> u32| {
        let (units, _) = head.as_chunks::<4>();
        let mut units = units.iter().map(|bytes| unit(*bytes));
        units.next().is_some_and(|first| is_space(&first))
            && units.find(|unit| !is_space(unit)) == Some(u32::from('<'))
    };
    let starts_so = starts.iter().any(|start| head.starts_with(start));
    starts_so || after_space(u32::from_le_bytes) || after_space(u32::from_be_bytes)
}

/// Whether the characters of an object have two bytes each, but not those of the encoding with this label. With the zeros
/// left out it would look like text, and often be another one.
fn is_wider_than(label: &str, head: &[u8]) -> bool {
    let imposed = Encoding::for_label(label.as_bytes());
    of_two_bytes(head).is_some() && imposed != Some(UTF_16BE) && imposed != Some(UTF_16LE)
}

/// Whether a label means ASCII, in which nothing beyond 7F exists.
fn is_ascii(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    label.contains("ascii") || label.starts_with("ansi_x3")
}

/// Appends checked UTF-8, and returns how many bytes were taken: all, except for a character that is cut in
/// two at the end when something follows.
pub(crate) fn utf8(bytes: &[u8], last: bool, into: &mut String) -> Result<usize, Invalid> {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => {
            into.push_str(text);
            Ok(bytes.len())
        }
        Err(error) => {
            let (good, rest) = bytes.split_at(error.valid_up_to());
            into.push_str(simdutf8::basic::from_utf8(good).unwrap_or_default());
            if last || error.error_len().is_some() {
                return Err(Invalid { taken: good.len(), garbled: invalid(UTF_8.name(), rest) });
            }
            Ok(good.len())
        }
    }
}

/// Bytes that are invalid in an encoding.
fn invalid(encoding: &str, bytes: &[u8]) -> Garbled {
    let found = bytes.iter().take(4).map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ");
    Garbled { reason: Reason::InvalidBytes, expected: format!("bytes of {encoding}"), found: Some(found) }
}

fn unsupported(expected: &str, found: &str) -> Garbled {
    let (expected, found) = (expected.to_owned(), Some(found.to_owned()));
    Garbled { reason: Reason::UnsupportedEncoding, expected, found }
}
