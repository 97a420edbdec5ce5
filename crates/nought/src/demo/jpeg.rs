//! The size of a JPEG, from its frame header: enough to show that a picture came back.

use std::fmt;

use anyhow::{Context, Result, bail};

pub struct Size {
    width: u16,
    height: u16,
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}x{}", self.width, self.height)
    }
}

/// Walks the segments to the start of the frame (ITU-T T.81, B.2.2).
pub fn size(bytes: &[u8]) -> Result<Size> {
    let Some(mut rest) = bytes.strip_prefix(&[0xff, 0xd8]) else { bail!("it is not a JPEG") };
    loop {
        let [0xff, marker, high, low, ..] = *rest else { bail!("the JPEG is cut short") };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match (marker, rest) {
            // Every SOF but DHT, JPG and DAC, which share its range.
            (0xc0..=0xcf, [_, _, _, _, _, h1, h0, w1, w0, ..]) if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                return Ok(Size { width: u16::from_be_bytes([*w1, *w0]), height: u16::from_be_bytes([*h1, *h0]) });
            }
            _ => rest = rest.get(2 + length..).context("the JPEG is cut short")?,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sample_photo_has_its_size() {
        assert_eq!(super::size(crate::demo::PHOTO).expect("a JPEG").to_string(), "1600x1067");
        assert!(super::size(b"GIF89a").is_err());
        assert!(super::size(&crate::demo::PHOTO[..10]).is_err());
    }
}
