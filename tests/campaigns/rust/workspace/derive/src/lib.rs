//! A procedural macro without other crates: a function `name` for a struct.
use proc_macro::{TokenStream, TokenTree};

#[proc_macro_derive(Name)]
pub fn name(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    while let Some(token) = tokens.next() {
        if token.to_string() == "struct" {
            if let Some(TokenTree::Ident(ident)) = tokens.next() {
                return format!("impl {0} {{ pub fn name() -> &'static str {{ \"{0}\" }} }}", ident).parse().unwrap();
            }
        }
    }
    panic!("no struct");
}
