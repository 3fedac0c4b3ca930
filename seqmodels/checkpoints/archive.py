"""Check of a checkpoint's zip archive before torch reads it."""

import encodings.cp437  # noqa: F401 (zipfile would import it for names that a file says are not UTF-8)
import struct
import zipfile
from typing import BinaryIO

from seqmodels.checkpoints.pickles import check_pickle

LOCAL_HEADER, LOCAL_MAGIC = struct.Struct("<4s22xHH"), b"PK\x03\x04"
END_SIZE, END_MAGIC = 22, b"PK\x05\x06"
ENCRYPTED = 0x1


def check_archive(file: BinaryIO) -> None:
    """Check that a file is an archive as `torch.save` writes it, and that nothing in it is larger than the file.

    Args:
        file: open for reading.

    Raises:
        ValueError: it is something else, or damaged.
    """
    size = file.seek(0, 2)
    if size == 0:
        raise ValueError("it is empty (0 bytes)")
    file.seek(0)
    if file.read(4) != LOCAL_MAGIC:
        raise ValueError("it is no archive as torch.save writes it")
    file.seek(max(0, size - END_SIZE))
    if not file.read().startswith(END_MAGIC):
        raise ValueError("it is truncated, or has bytes behind its end")
    with zipfile.ZipFile(file) as archive:
        _check_records(archive, file, size)
        folder = archive.namelist()[0].partition("/")[0]
        prefix = f"{folder}/data/"
        sizes = {
            r.filename.removeprefix(prefix): r.file_size for r in archive.infolist() if r.filename.startswith(prefix)
        }
        check_pickle(archive.read(f"{folder}/data.pkl"), sizes)


def _check_records(archive: zipfile.ZipFile, file: BinaryIO, size: int) -> None:
    """Check that no two readers can see different records: torch's is not Python's."""
    records = archive.infolist()
    names = [record.filename for record in records]
    if len({name.lower() for name in names}) < len(names) or len({name.partition("/")[0] for name in names}) != 1:
        raise ValueError("it has records of the same name, or of several folders")
    end = 0
    for record in sorted(records, key=lambda record: record.header_offset):
        if record.compress_type != zipfile.ZIP_STORED or record.file_size != record.compress_size:
            raise ValueError(f"its record {record.filename!r} is compressed")
        if record.flag_bits & ENCRYPTED or record.header_offset < end:
            raise ValueError(f"its record {record.filename!r} is encrypted, or overlaps with another")
        file.seek(record.header_offset)
        magic, name_size, extra_size = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
        name = file.read(name_size)
        end = record.header_offset + LOCAL_HEADER.size + name_size + extra_size + record.file_size
        if magic != LOCAL_MAGIC or name != record.filename.encode() or end > size:
            raise ValueError(f"the header of its record {record.filename!r} is damaged")
