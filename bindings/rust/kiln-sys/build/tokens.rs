//! The tokens of preprocessed C that come from Kiln's headers.

/// What `text`, a preprocessor's output, has from files in a folder `kiln`: identifiers, numbers, strings, and
/// characters of punctuation. Line markers (`# 12 "path" ...`) say where each line is from.
pub fn of_headers(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut ours = false;
    for line in text.lines() {
        if let Some(marker) = line.strip_prefix("# ").or_else(|| line.strip_prefix("#line ")) {
            ours = marker.split('"').nth(1).is_some_and(|path| path.contains("/kiln/"));
        } else if ours {
            split(line, &mut tokens);
        }
    }
    tokens
}

fn split<'a>(line: &'a str, tokens: &mut Vec<&'a str>) {
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("<<") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
