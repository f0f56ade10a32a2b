//! What users see. Renderings are pure functions of data; [`Screen`] writes answers, for [`watch`] again and again, and
//! [`notice`] what is told beside them.

pub mod amounts;
pub mod args;
pub mod notice;
pub mod palette;
pub mod quoting;
pub mod screen;
pub mod table;
pub mod untrusted;
pub mod watch;

pub use args::{Format, OutputArgs};
pub use palette::{Palette, Tone};
pub use screen::{Screen, Show, View};
pub use table::{Cell, Table};
