//! Code page 437, in which names of ZIP archives are that do not say otherwise: APPNOTE.TXT, appendix D.

use std::sync::LazyLock;

/// The characters from 80 on.
static HIGH: LazyLock<Vec<char>> = LazyLock::new(|| {
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
     áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
     αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}"
        .chars()
        .collect()
});

/// The text of these bytes.
pub(crate) fn text(bytes: &[u8]) -> String {
    let high = |byte: u8| HIGH.get(usize::from(byte & 0x7f)).copied().unwrap_or(char::REPLACEMENT_CHARACTER);
    bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { high(*byte) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{HIGH, text};

    #[test]
    fn each_byte_has_its_character() {
        assert_eq!(HIGH.len(), 128);
        assert_eq!(text(b"a\\\x80\x82\x9f\xb0\xe1\xfe\xff"), "a\\Çéƒ░ß■\u{a0}");
    }
}
