//! An audit in all its forms; what they say in common stands in `words`.

mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use html::audit_html;
pub use json::audit_json;
pub use junit::audit_junit;
pub use markdown::audit_markdown;
pub use sarif::audit_sarif;
pub use text::audit_text;
