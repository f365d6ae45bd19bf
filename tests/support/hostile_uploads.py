"""Files that nobody should send to a page, made from their parameters: name -> content."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import random
import struct
import tarfile
import wave
import zipfile
import zlib
from pathlib import Path

import numpy as np
from made_media import run
from PIL import Image, PngImagePlugin

PNG, JPEG, WEBP = "png", "jpeg", "webp"


def zipped(content=b"x", name="a.txt"):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return held.getvalue()


def tarred():
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../evil"), io.BytesIO())
    return held.getvalue()


def picture(kind, size=(64, 64), **options):
    held = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(held, kind, **options)
    return held.getvalue()


def of_other_kinds():
    """What is neither a photo nor a sound of a kind that is taken, and might do harm to other programs."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    return {
        "text": b"just words",
        "html": b"<!doctype html><script>alert(1)</script>",
        "svg": svg.encode(),
        "svg to a file": b'<svg><image href="file:///etc/passwd"/></svg>',
        "svgz": gzip.compress(svg.encode()),
        "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "l">{laughs}]><x>&l9;</x>'.encode(),
        "external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        "gif": picture("gif"),
        "gif with script": b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)//",
        "bmp": picture("bmp"),
        "tiff": picture("tiff"),
        "ppm": b"P6 100000 100000 255\n" + bytes(100),
        "ico": picture("ico"),
        "icns": picture("icns", (128, 128)),
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
        "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n",
        "psd": b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 30000, 30000, 8, 3),
        "zip": zipped(),
        "zip bomb": zipped(bytes(20_000_000)),
        "zip that climbs": zipped(name="../../../../tmp/evil"),
        "tar that climbs": tarred(),
        "gzip bomb": gzip.compress(bytes(20_000_000)),
        "bzip2 bomb": bz2.compress(bytes(20_000_000)),
        "xz bomb": lzma.compress(bytes(20_000_000)),
        "pickle": pickle.dumps(os.system),
        "program": b"\x7fELF\x02\x01\x01" + bytes(57),
        "windows program": b"MZ" + bytes(62),
        "java class": b"\xca\xfe\xba\xbe" + bytes(28),
        "web assembly": b"\0asm\x01\0\0\0",
        "shell script": b"#!/bin/sh\nrm -rf ~\n",
        "python": b"import os; os.system('id')",
        "json": json.dumps({"photo": "../../x"}).encode(),
        "deep json": b"[" * 100_000,
        "sqlite": b"SQLite format 3\0" + bytes(84),
        "font": b"\0\x01\0\0" + bytes(96),
        "imagemagick": b"push graphic-context\nfill 'url(https://127.0.0.1/x\"|id\")'\npop graphic-context",
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50),
        "nul": bytes(1000),
        "one byte": b"\xff",
        "byte order mark": b"\xff\xfe<\0s\0v\0g\0",
        "empty": b"",
    }


def playlists():
    """Kinds of the program that name other files or addresses."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
    tag = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
    return {
        "hls to a file": hls.format("file:///etc/passwd").encode(),
        "hls to the network": hls.format("http://127.0.0.1:1/a.ts").encode(),
        "hls behind a tag": tag + hls.format("/etc/passwd").encode(),
        "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5004 RTP/AVP 0\n",
        "pls": b"[playlist]\nFile1=http://127.0.0.1:1/\n",
        "asx": b'<asx version="3.0"><entry><ref href="file:///etc/passwd"/></entry></asx>',
        "ffmetadata": b";FFMETADATA1\ntitle=x\n",
        "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\n<script>\n",
        "image sequence": b"/tmp/%03d.png",
        "lavfi": b"sine=frequency=1000",
    }


def png_header(width, height, bits=8, colour=2):
    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def jpeg_of_size(width, height):
    content = bytearray(picture(JPEG))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def webp_of_size(width, height):
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sizes
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def one_colour(size):
    held = io.BytesIO()
    Image.new("1", size).save(held, PNG)
    return held.getvalue()


def bombs():
    """Pictures that are small as files and huge in memory."""
    sizes = [
        (100_000, 100_000),
        (65_535, 65_535),
        (2**31 - 1, 1),
        (1, 2**31 - 1),
        (50_000, 1000),
        (7000, 6000),
    ]
    found = {f"png of {width} x {height}": png_header(width, height) for width, height in sizes}
    found |= {f"png of {bits} bits": png_header(20_000, 20_000, bits, 0) for bits in (1, 16)}
    found |= {f"jpeg of {side}": jpeg_of_size(side, side) for side in (65_500, 30_000, 7000)}
    found |= {f"webp of {side}": webp_of_size(side, side) for side in (16_383, 8000)}
    found["a whole black picture"] = one_colour((12_000, 12_000))
    text = PngImagePlugin.PngInfo()
    for number in range(20):
        text.add_text(f"k{number}", "x" * 900_000, zip=True)
    found["png with much packed text"] = picture(PNG, pnginfo=text)
    found["png with a packed profile"] = picture(PNG, icc_profile=bytes(10_000_000))
    return found


def damaged_photos():
    """Cut off, overwritten, or one thing before or behind another."""
    found = {"png that is no number": png_header(0, 0), "png without width": png_header(0, 10)}
    for kind in (PNG, JPEG, WEBP):
        whole = picture(kind, (300, 200))
        for share in (0.02, 0.1, 0.4, 0.8):
            found[f"{kind} cut at {share}"] = whole[: max(12, int(share * len(whole)))]
        for seed in range(5):
            noise = random.Random(seed).randbytes(3000)
            found[f"{kind} and noise {seed}"] = whole[:20] + noise
        found[f"{kind} and zip"] = whole + zipped()
        found[f"html before {kind}"] = b"<html><!--" + whole + b"-->"
        found[f"{kind} without a face"] = whole
    found["pdf in a jpeg"] = picture(JPEG, comment=b"%PDF-1.4 ...")
    found["a wall"] = one_colour((600, 600))
    found["one pixel"] = one_colour((1, 1))
    found["a line"] = one_colour((9000, 1))
    return found


def wav(rate=16_000, channels=1, bits=16, seconds=1.0, kind=1, size=None):
    content = bytes(int(seconds * rate) * channels * bits // 8 if size is None else 1000)
    told = len(content) if size is None else size
    form = struct.pack("<HHIIHH", kind, channels & 0xFFFF, rate, 0, 0, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", told) + content
    return b"RIFF" + struct.pack("<I", len(body) & 0xFFFFFFFF) + body


def element(name, content):
    return name + (len(content) | 1 << 56).to_bytes(8, "big") + content


def matroska(tracks, kind=1):
    """A file with so many streams, and nothing in them; 1: of pictures, 2: of sound."""
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"matroska"))
    codec = element(b"\x86", b"V_VP8" if kind == 1 else b"A_PCM/INT/LIT")
    entries = []
    for number in range(1, tracks + 1):
        four = number.to_bytes(4, "big")
        entry = element(b"\xd7", four) + element(b"\x73\xc5", four) + element(b"\x83", bytes([kind])) + codec
        entries.append(element(b"\xae", entry))
    return head + element(b"\x18\x53\x80\x67", element(b"\x16\x54\xae\x6b", b"".join(entries)))


def sounds(folder: Path):
    """Endless, without sound, damaged, with headers that lie."""
    found = {
        "wav without channels": wav(channels=0, size=1000),
        "wav without a rate": wav(rate=0, size=1000),
        "wav of no bits": wav(bits=0, size=1000),
        "wav of a wild kind": wav(kind=0x7777, size=1000),
        "wav without samples": wav(seconds=0),
        "wav of one sample": wav(seconds=1 / 16_000),
        "wav that ends in its header": wav()[:30],
        "wav without a format": b"RIFF\x10\0\0\0WAVEdata\0\0\0\0",
        "10,000 streams": matroska(10_000),
        "1,000 sound tracks": matroska(1000, kind=2),
        "65 streams": matroska(65),
        "no track at all": matroska(0),
    }
    for rate in (1, 4_294_967_295):
        found[f"wav at {rate} Hz"] = wav(rate=rate, size=1000)
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000 * 70))
    found["wav of 70 s"] = held.getvalue()

    def made(name, *words):
        run(*words, str(folder / name))
        return (folder / name).read_bytes()

    silence = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono")
    colour = ("-f", "lavfi", "-i", "color=s=32x32:r=5")
    endless = {
        "flac": ("-t", "3600"),
        "opus": ("-t", "1800", "-c:a", "libopus", "-ar", "8000", "-b:a", "500"),
        "mp3": ("-t", "600", "-ar", "8000", "-b:a", "8k"),
    }
    for ending, words in endless.items():
        found[f"endless {ending}"] = made(f"endless.{ending}", *silence, *words)
    for ending, words in {"mp4": ("-c:v", "libx264"), "mkv": ("-c:v", "libx264"), "webm": ()}.items():
        found[f"{ending} without sound"] = made(f"mute.{ending}", *colour, "-t", "1", *words)
    whole = {
        "mp4": made("a.mp4", *colour, *silence, "-t", "1", "-c:v", "libx264"),
        "webm": made("a.webm", *colour, *silence, "-t", "1", "-ar", "48000"),
        "flac": made("a.flac", *silence, "-t", "1"),
        "ogg": made("a.ogg", *silence, "-t", "1", "-c:a", "libvorbis", "-ar", "16000"),
        "mp3": made("a.mp3", *silence, "-t", "1", "-ar", "16000", "-id3v2_version", "3"),
    }
    for kind, content in whole.items():
        found[f"{kind} that is its first bytes"] = content[:40]
        for seed in range(6):
            found[f"{kind} and noise {seed}"] = content[:60] + random.Random(seed).randbytes(5000)
    many = [word for _ in range(9) for word in silence]
    tracks = [word for number in range(9) for word in ("-map", f"{number}:a")]
    found["nine sound tracks"] = made("nine.mkv", *many, *tracks, "-t", "0.5", "-c:a", "pcm_s16le")
    far = made("far.mkv", *silence, "-t", "0.5", "-output_ts_offset", "100000", "-c:a", "pcm_s16le")
    found["sound that begins after a day, cut"] = far[:400]
    return found


NAMES = [
    "..", "../", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "....//....//x",
    "/etc/passwd", "C:\\Windows\\win.ini", "..\\..\\x", "a\0b", "%00", "a\nb", "a\r\nX-Evil: 1",
    "\u202egnp.exe", "\u200b", "é" * 40, "😀", "a" * 5000, "x" * 65, "", " ", "-rf", "--help", "$(id)",
    "`id`", "'; DROP TABLE films; --", "<script>alert(1)</script>", "%s%n", "CON", "file:///etc/passwd",
    "null", "undefined", "__proto__", "0", "-1", "1e309", "NaN",
]  # fmt: skip
"""For what should be names of photos, sounds and films."""
