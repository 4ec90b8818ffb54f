"""The format of a file by its content, from a closed list; and what a file is that is on none of it."""

from __future__ import annotations

import os
import re

from visq.errors import FormatError

# The names under which a format's files go. Anything else (no extension, .dat) says nothing and is not reported.
EXTENSIONS = {
    "PNG": ("png", "apng"),
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "jif", "mpo"),
    "WEBP": ("webp",),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "TIFF": ("tif", "tiff", "btf", "tf8"),
    "PNM": ("pnm", "ppm", "pgm", "pbm"),
    "AVIF": ("avif", "avifs"),
}
_OTHER_EXTENSIONS = frozenset(
    ("heic", "heif", "jxl", "jp2", "j2k", "psd", "exr", "hdr", "svg", "pdf", "eps", "ico", "tga")
)
# Camera files in a TIFF shell: its first page is a preview, and scoring that would be a wrong number.
_RAW_EXTENSIONS = frozenset(("dng", "nef", "nrw", "cr2", "arw", "sr2", "orf", "rw2", "pef", "srw", "3fr", "iiq", "erf"))

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) file"),
    (b"\x93NUMPY", "a NumPy array file"),
    (b"PK\x03\x04", "a zip archive (or a document or .npz made of one)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf'\x1c", "a 7z archive"),
    (b"(\xb5/\xfd", "a Zstandard archive"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"8BPS", "a Photoshop document"),
    (b"v/1\x01", "an OpenEXR image"),
    (b"#?R", "a Radiance HDR image"),
    (b"PF\n", "a float PFM image"),
    (b"Pf\n", "a float PFM image"),
    (b"P7", "a PAM image"),
    (b"DDS ", "a DDS texture"),
    (b"\0\0\x01\0", "an icon"),
    (b"IIRO", "a camera raw image"),
    (b"IIU\0", "a camera raw image"),
    (b"FUJIFILM", "a camera raw image"),
    (b"SIMPLE  =", "a FITS image"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"YUV4MPEG2", "a video (YUV4MPEG)"),
    (b"\0\0\x01\xba", "a video (MPEG)"),
    (b"FLV\x01", "a video (FLV)"),
    (b"DKIF", "a video (IVF)"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet table"),
)
# Possessive (*+): a run of comments must not be tried in every grouping.
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml.*?\?>\s*|<!doctype\s+(?P<doctype>\w+).*?>\s*)*+<(?P<tag>\w+)", re.I | re.S
)
_KNOWN = "PNG, JPEG, WebP, GIF, BMP, TIFF, PNM (PBM, PGM, PPM) or AVIF"


def detect(data: bytes) -> str:
    """The format's name, one of the keys of `EXTENSIONS`.

    Raises
    ------
    FormatError
        The content is none of them; the message says what it seems to be.
    """
    head = bytes(data[:64])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and head[8:10] != b"CR":
        return "TIFF"
    if head[:2] == b"BM" and len(head) >= 18 and int.from_bytes(head[14:18], "little") in range(12, 256):
        return "BMP"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b" \t\r\n\v\f#" and len(head) > 2:
        return "PNM"
    if head[4:8] == b"ftyp" and _is_avif(data):
        return "AVIF"
    seems = describe(data)
    raise FormatError(f"this is not an image that visq opens but {seems}", expected=_KNOWN, hint=_hint(seems))


def describe(data: bytes) -> str:
    """What the content seems to be, in a few words."""
    head = bytes(data[:64])
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"):
            return "an HEIF (HEIC) image"
        return "a camera raw image" if brand == b"crx " else "a video (MP4, QuickTime)"
    if head[:4] == b"RIFF":
        return "a sound file (WAVE)" if head[8:12] == b"WAVE" else "a RIFF file (video or sound)"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "a camera raw image"
    page = _HTML.match(bytes(data[:2048]))
    if page:
        word = (page["doctype"] or page["tag"]).lower()
        return {b"svg": "an SVG drawing", b"html": "a web page"}.get(word, "a text file (markup)")
    if not any(data[:4096]):
        return "a run of zero bytes"
    if _is_text(bytes(data[:4096])):
        return "a text file"
    return "data of unknown content"


def extension_warning(name: str | os.PathLike | None, kind: str) -> str:
    """`extension-mismatch: ...` where the name promises another image format, else an empty text.

    >>> extension_warning("photo.png", "JPEG")
    'extension-mismatch: .png holds JPEG'
    """
    if name is None:
        return ""
    extension = os.path.splitext(os.fsdecode(name))[1][1:].lower()  # noqa: PTH122 (names that are no paths)
    if kind == "TIFF" and extension in _RAW_EXTENSIONS:
        raise FormatError("this is a camera raw image", expected=_KNOWN, hint="Develop it to one of these first.")
    known = {item for names in EXTENSIONS.values() for item in names} | _OTHER_EXTENSIONS
    if extension in known and extension not in EXTENSIONS[kind]:
        return f"extension-mismatch: .{extension} holds {kind}"
    return ""


def _is_avif(data: bytes) -> bool:
    size = min(int.from_bytes(data[:4], "big"), len(data), 4096)
    brands = {bytes(data[8:12])} | {bytes(data[i : i + 4]) for i in range(16, size - 3, 4)}
    return bool(brands & {b"avif", b"avis"})


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return True


def _hint(seems: str) -> str:
    if "NumPy" in seems:
        return "Load it yourself and pass the array."
    if "video" in seems:
        return "`visq video FILE` scores the frames of a video."
    pictures = ("image", "drawing", "PDF", "PostScript", "texture", "Photoshop", "icon")
    return "Convert it to PNG first." if any(word in seems for word in pictures) else "Give an image file."
