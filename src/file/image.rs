//! Images that are written anew, so that nothing is left of what else they contained: the place and time of a photograph, its
//! thumbnail, or data behind the picture.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder};

use super::media::Sniffed;

/// Longest side of an image that is decoded, and the memory for it: a small file can claim to be a huge picture.
const LONGEST_SIDE: u32 = 8192;
const MEMORY: u64 = 256 << 20;
const JPEG_QUALITY: u8 = 88;

/// Why an image is refused.
#[derive(Debug, thiserror::Error)]
pub enum BadImage {
    #[error("the image is larger than {LONGEST_SIDE} by {LONGEST_SIDE} pixels")]
    TooLarge,
    #[error("the image cannot be read: {0}")]
    Unreadable(image::ImageError),
}

impl From<image::ImageError> for BadImage {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Limits(_) => Self::TooLarge,
            other => Self::Unreadable(other),
        }
    }
}

/// Decodes an image and writes it anew, scaled down to a longest side. A JPEG stays one; other types become PNG. Takes
/// processor time.
pub fn rewrite(content: &[u8], sniffed: Sniffed, longest_side: u32) -> Result<(Vec<u8>, &'static str), BadImage> {
    let format = match sniffed {
        Sniffed::Jpeg => ImageFormat::Jpeg,
        Sniffed::Webp => ImageFormat::WebP,
        _ => ImageFormat::Png,
    };
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    if decoder.total_bytes() > MEMORY {
        return Err(BadImage::TooLarge);
    }
    // The orientation is part of the metadata, which will be gone.
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    if picture.width().max(picture.height()) > longest_side {
        picture = picture.thumbnail(longest_side, longest_side);
    }
    let mut out = Vec::new();
    if format == ImageFormat::Jpeg {
        JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY).encode_image(&picture.into_rgb8())?;
        return Ok((out, "image/jpeg"));
    }
    // Samples of eight bits, which every browser shows.
    picture.into_rgba8().write_to(&mut Cursor::new(&mut out), ImageFormat::Png)?;
    Ok((out, "image/png"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Vec::new();
        DynamicImage::new_rgb8(width, height).write_to(&mut Cursor::new(&mut out), ImageFormat::Png).unwrap();
        out
    }

    #[test]
    fn an_image_is_scaled_down_and_keeps_its_shape() {
        let (small, media_type) = rewrite(&png(400, 200), Sniffed::Png, 100).unwrap();
        let read = image::load_from_memory(&small).unwrap();

        assert_eq!((read.width(), read.height(), media_type), (100, 50, "image/png"));
    }

    #[test]
    fn a_picture_that_is_larger_than_its_file_lets_expect_is_refused() {
        assert!(matches!(rewrite(&png(LONGEST_SIDE + 1, 1), Sniffed::Png, 100), Err(BadImage::TooLarge)));
        // A header of 8000 by 8000 pixels of four samples of sixteen bits, which would take 488 MiB.
        let mut out = Vec::new();
        DynamicImage::new_rgba16(1, 1).write_to(&mut Cursor::new(&mut out), ImageFormat::Png).unwrap();
        out[16..24].copy_from_slice(&[8000u32.to_be_bytes(), 8000u32.to_be_bytes()].concat());
        let checksum = crc32(&out[12..29]).to_be_bytes();
        out[29..33].copy_from_slice(&checksum);
        assert!(matches!(rewrite(&out, Sniffed::Png, 100), Err(BadImage::TooLarge)));
    }

    /// The checksum of a chunk of a PNG.
    fn crc32(chunk: &[u8]) -> u32 {
        let next = |sum: u32, byte: &u8| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
        };
        !chunk.iter().fold(u32::MAX, next)
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert!(matches!(rewrite(b"\x89PNG\r\n\x1a\n<html>", Sniffed::Png, 100), Err(BadImage::Unreadable(_))));
        let cut = &png(50, 50)[..60];
        assert!(matches!(rewrite(cut, Sniffed::Png, 100), Err(BadImage::Unreadable(_))));
    }
}
