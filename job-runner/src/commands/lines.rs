//! The lines of an XML file as a person reads them: decompressed, decoded by the byte order mark or the
//! declaration, with undecodable bytes replaced. It is for display and for examining samples; the converter
//! has its own, strict decoder.

use std::io::{self, BufRead, BufReader, Read};

use docmill_convert::is_zstd;
use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

/// Bytes at the start of a file that are searched for its declaration.
const HEAD: u64 = 1024;

/// Bytes of a line that are kept: places further to the right are not shown.
const LINE: u64 = 1024 * 1024;

/// Magic bytes of gzip.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The text of a file, decoded as it is read, without a byte order mark.
pub(super) fn decoded<'r>(file: impl Read + 'r) -> io::Result<impl BufRead + 'r> {
    let (head, bytes) = peeked(decompressed(file)?)?;
    let declared = declared_encoding(&head);
    let reader = DecodeReaderBytesBuilder::new()
        .encoding(Some(declared.unwrap_or(encoding_rs::UTF_8)))
        .bom_override(true)
        .strip_bom(true)
        .build(bytes);
    Ok(BufReader::new(reader))
}

fn decompressed<'r>(file: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let (head, bytes) = peeked(file)?;
    if head.starts_with(GZIP) {
        return Ok(Box::new(MultiGzDecoder::new(bytes)));
    }
    if is_zstd(&head) {
        return Ok(Box::new(zstd::Decoder::new(bytes)?));
    }
    Ok(Box::new(bytes))
}

/// The start of a file, and the whole of it.
fn peeked(mut file: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(file)))
}

/// The encoding in the declaration at the start of these bytes, if it is readable as ASCII.
fn declared_encoding(head: &[u8]) -> Option<&'static Encoding> {
    let declaration = head.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Encoding::for_label(value[1..].split(quote).next()?.as_bytes())
}

/// Reads forward to lines with increasing numbers. To go back, start again.
pub(super) struct LineReader<R> {
    text: R,
    number: u64,
    line: String,
}

impl<R: BufRead> LineReader<R> {
    pub(super) const fn new(text: R) -> Self {
        Self { text, number: 0, line: String::new() }
    }

    /// The line with this number, from 1; `None` if the text has fewer lines, or this reader is past it.
    pub(super) fn line(&mut self, number: u64) -> io::Result<Option<&str>> {
        while self.number < number {
            let mut bytes = Vec::new();
            let read = self.text.by_ref().take(LINE).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(None);
            }
            if !bytes.ends_with(b"\n") {
                self.text.skip_until(b'\n')?;
            }
            self.line = String::from_utf8_lossy(&bytes).into_owned();
            self.number += 1;
        }
        Ok((self.number == number).then_some(&*self.line))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{LINE, LineReader, decoded};

    fn text(bytes: &[u8]) -> String {
        let mut text = String::new();
        decoded(bytes).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn text_is_decoded_by_mark_and_declaration() {
        let utf16: Vec<u8> =
            "\u{feff}<?xml version='1.0'?><a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text(&utf16), "<?xml version='1.0'?><a>é</a>");
        let latin1 = b"<?xml version='1.0' encoding = \"ISO-8859-1\"?>\n<a>\xe9</a>";
        assert!(text(latin1).ends_with("<a>é</a>"));
        assert_eq!(text("\u{feff}<a>é</a>".as_bytes()), "<a>é</a>");
        assert_eq!(text(b"<a>\xe9</a>"), "<a>\u{fffd}</a>");
    }

    #[test]
    fn compressed_text_is_text() {
        let zstd = zstd::encode_all("<a>é</a>".as_bytes(), 0).unwrap();
        assert_eq!(text(&zstd), "<a>é</a>");
        let mut gzip = flate2::read::GzEncoder::new("<a>é</a>".as_bytes(), flate2::Compression::fast());
        let mut bytes = Vec::new();
        gzip.read_to_end(&mut bytes).unwrap();
        assert_eq!(text(&bytes), "<a>é</a>");
    }

    #[test]
    fn lines_are_found_by_number_going_forward() {
        let mut lines = LineReader::new(decoded(&b"a\nb\r\nc"[..]).unwrap());
        assert_eq!(lines.line(2).unwrap(), Some("b\r\n"));
        assert_eq!(lines.line(2).unwrap(), Some("b\r\n"), "the same line can be asked for again");
        assert_eq!(lines.line(1).unwrap(), None);
        assert_eq!(lines.line(3).unwrap(), Some("c"));
        assert_eq!(lines.line(4).unwrap(), None);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = format!("{}\nnext", "x".repeat(3 * 1024 * 1024));
        let mut lines = LineReader::new(long.as_bytes());
        assert_eq!(lines.line(1).unwrap().unwrap().len() as u64, LINE);
        assert_eq!(lines.line(2).unwrap(), Some("next"));
    }
}
