//! Exact decimal numbers: 38 significant digits, magnitudes from 1E-130 to 9.99..E+125.
//!
//! Start reading at [`Number::parse`]. Always true: a number has one representation, so equal numbers are equal values
//! and print alike (`1.0`, `1` and `10e-1` all print as `1`).

use std::cmp::Ordering;
use std::fmt;

/// Significant digits of a number. Source: DynamoDB developer guide, "Data types: Number" (read 2026-11-24).
const DIGITS_MAX: usize = 38;
/// Power of ten of the first digit of the largest and of the smallest magnitude. Same source.
const MAGNITUDE_MAX: i32 = 125;
const MAGNITUDE_MIN: i32 = -130;

/// First bytes of the ordered form: negative numbers, zero, positive ones.
const NEGATIVE: u8 = 0x40;
const ZERO: u8 = 0x80;
const POSITIVE: u8 = 0xC0;
/// Makes every magnitude a positive byte pair.
const MAGNITUDE_BIAS: i32 = 0x4000;

/// `coefficient * 10^exponent`, negated where `negative`.
// Invariant: the coefficient has no zeros at its end and at most 38 digits; zero is (false, 0, 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    coefficient: u128,
    exponent: i16,
}

/// Why a text or a result is not a number that can be kept. The texts are DynamoDB's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("The parameter cannot be converted to a numeric value")]
    Empty,
    #[error("The parameter cannot be converted to a numeric value: {0}")]
    NotANumber(String),
    #[error("Attempting to store more than 38 significant digits in a Number")]
    TooPrecise,
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    Overflow,
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    Underflow,
}

impl Number {
    pub const ZERO: Number = Number { negative: false, coefficient: 0, exponent: 0 };

    /// Reads `[+-] digits [. digits] [e [+-] digits]`; one of the two runs of digits may be empty.
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        if text.is_empty() {
            return Err(NumberError::Empty);
        }
        let not_a_number = || NumberError::NotANumber(text.to_owned());
        let (negative, rest) = signed(text);
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent).ok_or_else(not_a_number)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
            return Err(not_a_number());
        }
        let leading = digits().take_while(|digit| *digit == b'0').count();
        let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
        let count = whole.len() + fraction.len();
        if leading == count {
            return Ok(Number::ZERO);
        }
        let fraction_digits = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let exponent = exponent.saturating_sub(fraction_digits);
        let significant = count - leading - trailing;
        let exponent = exponent.saturating_add(i64::try_from(trailing).unwrap_or(i64::MAX));
        check_magnitude(exponent.saturating_add(i64::try_from(significant - 1).unwrap_or(i64::MAX)))?;
        if significant > DIGITS_MAX {
            return Err(NumberError::TooPrecise);
        }
        let coefficient = digits()
            .skip(leading)
            .take(significant)
            .fold(0u128, |coefficient, digit| coefficient * 10 + u128::from(digit - b'0'));
        let exponent = i16::try_from(exponent).map_err(|_| NumberError::Overflow)?;
        Ok(Number { negative, coefficient, exponent })
    }

    /// The sum, exactly, or why it cannot be kept.
    pub fn plus(self, other: Number) -> Result<Number, NumberError> {
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if high.coefficient == 0 || low.coefficient == 0 {
            return Ok(if self.coefficient == 0 { other } else { self });
        }
        let shift = u32::from(high.exponent.abs_diff(low.exponent));
        // Beyond this the sum has more than 38 digits, whatever they are.
        let scale = 10u128.checked_pow(shift).ok_or(NumberError::TooPrecise)?;
        let scaled = high.coefficient.checked_mul(scale).ok_or(NumberError::TooPrecise)?;
        let (negative, coefficient) = match (high.negative == low.negative, scaled.cmp(&low.coefficient)) {
            (true, _) => (high.negative, scaled.checked_add(low.coefficient).ok_or(NumberError::TooPrecise)?),
            (false, Ordering::Less) => (low.negative, low.coefficient - scaled),
            (false, Ordering::Equal | Ordering::Greater) => (high.negative, scaled - low.coefficient),
        };
        Number::normal(negative, coefficient, i32::from(low.exponent))
    }

    pub fn minus(self, other: Number) -> Result<Number, NumberError> {
        self.plus(other.negated())
    }

    pub fn negated(self) -> Number {
        Number { negative: !self.negative && self.coefficient != 0, ..self }
    }

    fn normal(negative: bool, mut coefficient: u128, mut exponent: i32) -> Result<Number, NumberError> {
        if coefficient == 0 {
            return Ok(Number::ZERO);
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        let digits = digit_count(coefficient);
        check_magnitude(i64::from(exponent) + i64::from(digits) - 1)?;
        if usize::try_from(digits).is_ok_and(|digits| digits > DIGITS_MAX) {
            return Err(NumberError::TooPrecise);
        }
        let exponent = i16::try_from(exponent).map_err(|_| NumberError::Overflow)?;
        Ok(Number { negative, coefficient, exponent })
    }

    /// What the number adds to the size of an item, in bytes.
    ///
    /// Source: developer guide, "Item sizes and formats": a byte for two significant digits and one more; a negative
    /// number has another one (read 2026-11-24).
    pub fn size(self) -> usize {
        match self.coefficient {
            0 => 1,
            coefficient => digit_count(coefficient).div_ceil(2) as usize + 1 + usize::from(self.negative),
        }
    }

    /// Seconds since 1970, if the number is whole and could be that.
    pub fn as_whole(self) -> Option<i64> {
        let scale = 10i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        let whole = i128::try_from(self.coefficient).ok()?.checked_mul(scale)?;
        i64::try_from(if self.negative { -whole } else { whole }).ok()
    }

    /// The power of ten of the first digit.
    fn magnitude(self) -> i32 {
        i32::from(self.exponent) + i32::try_from(digit_count(self.coefficient)).unwrap_or(0) - 1
    }

    /// Bytes that sort as numbers do; no such text is the beginning of another.
    pub fn ordered(self) -> Vec<u8> {
        if self.coefficient == 0 {
            return vec![ZERO];
        }
        let mut bytes = vec![POSITIVE];
        let biased = u16::try_from(self.magnitude() + MAGNITUDE_BIAS).unwrap_or(0);
        bytes.extend_from_slice(&biased.to_be_bytes());
        let digits = self.coefficient.to_string().into_bytes();
        for pair in digits.chunks(2) {
            let low = pair.get(1).map_or(0, |digit| digit - b'0');
            bytes.push((pair[0] - b'0') * 10 + low + 1);
        }
        bytes.push(0);
        if self.negative {
            bytes.iter_mut().for_each(|byte| *byte = !*byte);
            bytes[0] = NEGATIVE;
        }
        bytes
    }

    /// Reads what [`Number::ordered`] wrote.
    pub fn from_ordered(bytes: &[u8]) -> Option<Number> {
        let negative = match bytes {
            [ZERO] => return Some(Number::ZERO),
            [NEGATIVE, ..] => true,
            [POSITIVE, ..] => false,
            _ => return None,
        };
        let plain = |byte: &u8| if negative { !*byte } else { *byte };
        let biased = u16::from_be_bytes([plain(bytes.get(1)?), plain(bytes.get(2)?)]);
        let (end, pairs) = bytes.get(3..)?.split_last()?;
        if plain(end) != 0 || pairs.len() > DIGITS_MAX.div_ceil(2) {
            return None;
        }
        let coefficient = pairs.iter().try_fold(0u128, |coefficient, pair| {
            let pair = plain(pair).checked_sub(1).filter(|pair| *pair < 100)?;
            coefficient.checked_mul(100)?.checked_add(u128::from(pair))
        })?;
        let digits = i32::try_from(pairs.len() * 2).ok()?;
        // The first pair may begin with a zero no more than the coefficient may: it is two digits by construction.
        let exponent = i32::from(biased) - MAGNITUDE_BIAS - digits + 1;
        Number::normal(negative, coefficient, exponent).ok()
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let sign = |number: &Number| match number.coefficient {
            0 => 0,
            _ if number.negative => -1,
            _ => 1,
        };
        let by_size = || {
            let (one, two) = (self.magnitude(), other.magnitude());
            one.cmp(&two).then_with(|| aligned(self.coefficient).cmp(&aligned(other.coefficient)))
        };
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => by_size(),
            _ => by_size().reverse(),
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Number {
        Number::normal(number < 0, u128::from(number.unsigned_abs()), 0).unwrap_or(Number::ZERO)
    }
}

/// Plain digits, never an exponent: that is how DynamoDB answers.
impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            out.write_str("-")?;
        }
        let digits = self.coefficient.to_string();
        let Ok(places) = usize::try_from(-i32::from(self.exponent)) else {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return write!(out, "{digits}{:0<zeros$}", "");
        };
        match digits.len().checked_sub(places) {
            _ if places == 0 => out.write_str(&digits),
            Some(0) | None => write!(out, "0.{digits:0>places$}"),
            Some(whole) => write!(out, "{}.{}", &digits[..whole], &digits[whole..]),
        }
    }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An exponent beyond every limit is only known to be that.
fn exponent_of(text: &str) -> Option<i64> {
    let (negative, digits) = signed(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(1 << 40);
    Some(if negative { -size } else { size })
}

fn check_magnitude(magnitude: i64) -> Result<(), NumberError> {
    match magnitude {
        too_large if too_large > i64::from(MAGNITUDE_MAX) => Err(NumberError::Overflow),
        too_small if too_small < i64::from(MAGNITUDE_MIN) => Err(NumberError::Underflow),
        _ => Ok(()),
    }
}

fn digit_count(coefficient: u128) -> u32 {
    coefficient.checked_ilog10().map_or(1, |log| log + 1)
}

/// The coefficient with its first digit at the 38th place.
fn aligned(coefficient: u128) -> u128 {
    coefficient * 10u128.pow(38 - digit_count(coefficient).min(38))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_way_to_write_a_number_prints_as_one() {
        let cases = [
            ("1", "1"),
            ("+1.0", "1"),
            ("10e-1", "1"),
            ("-0", "0"),
            ("0.000", "0"),
            ("00100", "100"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-12.340", "-12.34"),
            ("1E3", "1000"),
            ("1e-10", "0.0000000001"),
            ("123.456e1", "1234.56"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("0e999999999999999999999", "0"),
        ];
        for (given, wanted) in cases {
            assert_eq!(number(given).to_string(), wanted, "{given}");
        }
    }

    #[test]
    fn what_is_no_number_or_none_that_can_be_kept_is_refused() {
        let cases = [
            ("", NumberError::Empty),
            ("abc", NumberError::NotANumber("abc".to_owned())),
            ("1e", NumberError::NotANumber("1e".to_owned())),
            ("1 ", NumberError::NotANumber("1 ".to_owned())),
            (".", NumberError::NotANumber(".".to_owned())),
            ("--1", NumberError::NotANumber("--1".to_owned())),
            ("1e126", NumberError::Overflow),
            ("1e999999999999999999999", NumberError::Overflow),
            ("1e-131", NumberError::Underflow),
            ("123456789012345678901234567890123456789", NumberError::TooPrecise),
        ];
        for (given, wanted) in cases {
            assert_eq!(Number::parse(given), Err(wanted), "{given}");
        }
        assert!(Number::parse("9.9999999999999999999999999999999999999E+125").is_ok());
        assert!(Number::parse("1e-130").is_ok());
    }

    #[test]
    fn sums_are_exact() {
        let cases = [
            ("0.1", "0.2", "0.3"),
            ("1", "-1", "0"),
            ("1e37", "1", "10000000000000000000000000000000000001"),
            ("-5", "3", "-2"),
            ("3", "-5", "-2"),
            ("0", "-5", "-5"),
            ("99", "1", "100"),
        ];
        for (one, two, sum) in cases {
            assert_eq!(number(one).plus(number(two)).map(|sum| sum.to_string()), Ok(sum.to_owned()), "{one} + {two}");
        }
        assert_eq!(number("1e100").plus(number("1")), Err(NumberError::TooPrecise));
        assert_eq!(number("9e125").plus(number("1e125")), Err(NumberError::Overflow));
    }

    #[test]
    fn ordered_bytes_sort_as_numbers_and_read_back() {
        let ascending = [
            "-9e125", "-100", "-12.5", "-12", "-1.5", "-1", "-0.5", "-1e-130", "0", "1e-130", "0.05", "0.5", "1",
            "1.05", "1.5", "2", "9", "10", "12", "100", "123", "1e38", "9e125",
        ];
        let numbers = ascending.map(number);
        for pair in numbers.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].ordered() < pair[1].ordered(), "{} {}", pair[0], pair[1]);
        }
        for number in numbers {
            assert_eq!(Number::from_ordered(&number.ordered()), Some(number), "{number}");
        }
    }
}
