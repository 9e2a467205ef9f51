#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""untar.py ARCHIVE FOLDER: unpacks a .tar.zst; --pack FOLDER ARCHIVE [NAME...] packs one, as anybody could, with names as given.

The decompressor is libzstd's, through ctypes, so that no test needs a program that many machines lack."""
import ctypes, ctypes.util, io, sys, tarfile

lib = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
for name in ("ZSTD_decompressStream", "ZSTD_compress", "ZSTD_compressBound"):
    getattr(lib, name).restype = ctypes.c_size_t
lib.ZSTD_createDStream.restype = ctypes.c_void_p


class Buffer(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("at", ctypes.c_size_t)]


def decompress(data):
    stream = ctypes.c_void_p(lib.ZSTD_createDStream())
    source = ctypes.create_string_buffer(data, len(data))
    into = Buffer(ctypes.cast(source, ctypes.c_void_p), len(data), 0)
    room = ctypes.create_string_buffer(1 << 20)
    out = io.BytesIO()
    while True:
        part = Buffer(ctypes.cast(room, ctypes.c_void_p), len(room), 0)
        code = lib.ZSTD_decompressStream(stream, ctypes.byref(part), ctypes.byref(into))
        if lib.ZSTD_isError(ctypes.c_size_t(code)):
            sys.exit("no zstd")
        out.write(room.raw[:part.at])
        if code == 0 or (into.at == into.size and part.at < part.size):
            return out.getvalue()


def compress(data):
    bound = lib.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    room = ctypes.create_string_buffer(bound)
    size = lib.ZSTD_compress(room, ctypes.c_size_t(bound), data, ctypes.c_size_t(len(data)), 3)
    return room.raw[:size]


def unpack(archive, folder):
    with tarfile.open(fileobj=io.BytesIO(decompress(open(archive, "rb").read()))) as tar:
        tar.extractall(folder)


def pack(folder, archive, names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in names:
            tar.add(f"{folder}/{name}", arcname=name)
    open(archive, "wb").write(compress(out.getvalue()))


if sys.argv[1] == "--pack":
    pack(sys.argv[2], sys.argv[3], sys.argv[4:])
else:
    unpack(sys.argv[1], sys.argv[2])
