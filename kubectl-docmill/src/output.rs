//! What users see. Renderings are pure functions of data; [`Screen`] alone writes, for [`watch`] again and again.

pub mod amounts;
pub mod args;
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
