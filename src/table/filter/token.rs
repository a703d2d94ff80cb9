//! A filter's text in words, operators and brackets.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, multispace1};
use nom::combinator::{recognize, value};
use nom::multi::many0_count;
use nom::sequence::{delimited, pair};
use nom::{IResult, Parser};

use super::error::Mistake;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Matches,
    MatchesNot,
    In,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// A keyword, a name, a number, an address, a time: all that has no blanks.
    Word(&'a str),
    /// Something in quotes.
    Quoted(&'a str),
    /// A comparison sign.
    Op(Op),
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    Not,
    And,
    Or,
}

/// A token and its place: the first octet, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) what: What<'a>,
    pub(super) place: (usize, usize),
}

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Mistake> {
    let mut out = Vec::new();
    let mut rest = blanks(text);
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let Ok((after, what)) = token(rest) else { return Err(stray(rest, start)) };
        out.push(Token { what, place: (start, rest.len() - after.len()) });
        rest = blanks(after);
    }
    Ok(out)
}

fn stray(rest: &str, start: usize) -> Mistake {
    match rest.chars().next() {
        Some(quote @ ('\'' | '"')) => Mistake::at((start, rest.len()), format!("this {quote} is never closed")),
        first => {
            let c = first.unwrap_or(' ');
            Mistake::at((start, c.len_utf8()), format!("'{c}' has no meaning in a filter"))
        }
    }
}

fn token(input: &str) -> IResult<&str, What<'_>> {
    alt((
        sign,
        delimited(char('\''), take_while(|c| c != '\''), char('\'')).map(What::Quoted),
        delimited(char('"'), take_while(|c| c != '"'), char('"')).map(What::Quoted),
        take_while1(|c: char| c.is_alphanumeric() || "_.:/-+@*%".contains(c)).map(word),
    ))
    .parse(input)
}

/// Longer signs first: `>=` is not `>` and `=`.
fn sign(input: &str) -> IResult<&str, What<'_>> {
    alt((
        value(What::Op(Op::Equal), alt((tag("=="), tag("=")))),
        value(What::Op(Op::NotEqual), alt((tag("!="), tag("<>")))),
        value(What::Op(Op::MatchesNot), tag("!~")),
        value(What::Op(Op::Matches), tag("~")),
        value(What::Op(Op::AtMost), tag("<=")),
        value(What::Op(Op::AtLeast), tag(">=")),
        value(What::Op(Op::Less), tag("<")),
        value(What::Op(Op::Greater), tag(">")),
        value(What::And, tag("&&")),
        value(What::Or, tag("||")),
        value(What::Not, tag("!")),
        value(What::Open, tag("(")),
        value(What::Close, tag(")")),
        value(What::OpenList, tag("[")),
        value(What::CloseList, tag("]")),
        value(What::Comma, tag(",")),
    ))
    .parse(input)
}

fn word(text: &str) -> What<'_> {
    match text.to_ascii_lowercase().as_str() {
        "and" => What::And,
        "or" => What::Or,
        "not" => What::Not,
        "in" => What::Op(Op::In),
        "eq" => What::Op(Op::Equal),
        "ne" => What::Op(Op::NotEqual),
        "lt" => What::Op(Op::Less),
        "le" => What::Op(Op::AtMost),
        "gt" => What::Op(Op::Greater),
        "ge" => What::Op(Op::AtLeast),
        _ => What::Word(text),
    }
}

/// What follows blanks and comments.
fn blanks(input: &str) -> &str {
    let comment = recognize(pair(char('#'), take_while(|c| c != '\n')));
    let skip: IResult<&str, usize> = many0_count(alt((multispace1, comment))).parse(input);
    skip.map_or(input, |(rest, _)| rest)
}
