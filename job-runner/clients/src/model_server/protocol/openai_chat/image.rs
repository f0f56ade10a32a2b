//! Images as data URLs, which have to name the type.

use crate::model_server::protocol::messages::CallError;

/// How the image types that chat servers accept begin
/// (<https://platform.openai.com/docs/guides/images-vision>), in base64.
const TYPES: [(&str, &str); 4] =
    [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];

/// The data URL of an image that is given in base64.
pub(super) fn data_url(base64: &str) -> Result<String, CallError> {
    match TYPES.iter().find(|(begin, _)| base64.starts_with(begin)) {
        Some((_, kind)) => Ok(format!("data:{kind};base64,{base64}")),
        None => Err(CallError::Document(
            "the object is no image that a chat takes (PNG, JPEG, GIF or WebP)".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::data_url;

    #[test]
    fn images_are_known_by_how_they_begin() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        ] {
            let url = data_url(&STANDARD.encode(bytes)).unwrap();
            assert!(url.starts_with(&format!("data:{kind};base64,")), "{url}");
        }
        for other in [&b"%PDF-1.7"[..], b"", b"<svg/>", b"plain"] {
            assert!(data_url(&STANDARD.encode(other)).is_err());
        }
    }
}
