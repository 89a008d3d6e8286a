"""Archives that mislead, and archives that do not. All of them are composed here."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.sources.contract import Manners
from flows.sources.door import archives
from flows.sources.door.archives import Member
from flows.sources.door.limits import Limits
from flows.sources.door.refusals import (
    CutShortError,
    DamagedError,
    NotPromisedError,
    RefusalError,
    TooLargeError,
    UnsafeArchiveError,
)

LIMITS = Limits(most_bytes=10_000_000, most_ratio=100, most_members=20)
TEXT = b"".join(b"%d,%d\n" % (n, n * n % 9973) for n in range(4000))


def composed(entries: list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytearray:
    """Write a zip as it should be, to be spoilt afterwards."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return bytearray(out.getvalue())


def put(folder: Path, data: bytes) -> Path:
    path = folder / "a.zip"
    path.write_bytes(data)
    return path


def read(path: Path, limits: Limits = LIMITS) -> dict[str, bytes]:
    """List and read all members."""
    found = {}
    for member in archives.members(path, limits):
        with archives.open_member(path, member.name, limits) as file:
            found[member.name] = file.read()
    return found


@contextmanager
def at_most(most: int) -> Iterator[None]:
    """See that a block takes no more memory than that, in bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def central(data: bytes, number: int = 0) -> int:
    """Where the directory's entry of that number starts."""
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\1\2", at + 1)
    return at


def test_a_good_zip(tmp_path: Path) -> None:
    folder = zipfile.ZipInfo("sub/")
    path = put(tmp_path, composed([("a.csv", TEXT), (folder, b""), ("sub/Größe 1.csv", b"x")]))
    assert archives.members(path, LIMITS) == [
        Member("a.csv", len(TEXT)),
        Member("sub/Größe 1.csv", 1),
    ]
    assert read(path) == {"a.csv": TEXT, "sub/Größe 1.csv": b"x"}
    with pytest.raises(NotPromisedError, match=r"no member b\.csv; it has a\.csv, sub/"):
        archives.open_member(path, "b.csv", LIMITS)


def test_a_member_is_streamed(tmp_path: Path) -> None:
    """Reading 11 MB takes less, and as much as reading 1 GB."""
    path = put(tmp_path, composed([("a.csv", TEXT * 300)]))
    limits = Limits.of(Manners())
    with at_most(8_000_000), archives.open_member(path, "a.csv", limits) as file:
        size = sum(len(piece) for piece in iter(lambda: file.read(1_000_000), b""))
    assert size == len(TEXT) * 300


def test_a_zip_written_to_a_pipe_and_a_zip64(tmp_path: Path) -> None:
    """Sizes that follow the data, and sizes in the zip64 part."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a.csv", "w", force_zip64=True) as file:
            file.write(TEXT)
        info = zipfile.ZipInfo("b.csv")
        info.flag_bits |= 8
        archive.writestr(info, TEXT)
    assert read(put(tmp_path, out.getvalue())) == {"a.csv": TEXT, "b.csv": TEXT}


def zip64(data: bytes, *, start: int | None = None, signature: bytes = b"PK\6\6") -> bytes:
    """Move the directory's size and start into a zip64 record, as a very large zip has them."""
    at = data.rindex(b"PK\5\6")
    count, size, true_start = struct.unpack_from("<HII", data, at + 10)
    record = signature + struct.pack(
        "<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, true_start if start is None else start
    )
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at, 1)
    end = data[at : at + 12] + b"\xff" * 8 + b"\0\0"
    return bytes(data[:at]) + record + locator + bytes(end)


def test_a_zip64_directory(tmp_path: Path) -> None:
    data = composed([("a.csv", TEXT)])
    assert read(put(tmp_path, zip64(data))) == {"a.csv": TEXT}
    for lie in (zip64(data, start=5), zip64(data, signature=b"PK\0\0"), zip64(data)[:-42] + b"x"):
        with pytest.raises((DamagedError, CutShortError)):
            read(put(tmp_path, lie))
    without = data[:-22] + data[-22:-10] + b"\xff" * 8 + b"\0\0"
    with pytest.raises(DamagedError, match="zip64 directory that is not there"):
        read(put(tmp_path, without))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../a.csv", "leads out of its folder"),
        ("sub/../../a.csv", "leads out of its folder"),
        ("..", "leads out of its folder"),
        ("/etc/passwd", "has an absolute path"),
        ("C:/a.csv", "has a drive"),
        ("c:a.csv", "has a drive"),
        ("..\\a.csv", "has a backslash"),
        ("\\\\host\\a.csv", "has a backslash"),
        ("a.csv\x1b[2J", "cannot be printed"),
        ("a\u202ecsv", "cannot be printed"),
        ("/", "has no name"),
    ],
)
def test_a_name_that_would_lead_elsewhere(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UnsafeArchiveError, match=reason) as caught:
        archives.members(put(tmp_path, composed([("ok.csv", TEXT), (name, TEXT)])), LIMITS)
    assert repr(name) in str(caught.value)


def test_a_name_with_an_end_inside(tmp_path: Path) -> None:
    data = composed([("a.csvXevil", TEXT)]).replace(b"a.csvXevil", b"a.csv\0evil")
    with pytest.raises(UnsafeArchiveError, match="cannot be printed"):
        archives.members(put(tmp_path, data), LIMITS)


def special(mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link")
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o010666, 0o140777])
def test_a_link_or_a_device(tmp_path: Path, mode: int) -> None:
    data = composed([(special(mode), b"/etc/passwd")])
    with pytest.raises(UnsafeArchiveError, match="'link' is a link or a device"):
        archives.members(put(tmp_path, data), LIMITS)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("one", "other"), [("a.csv", "a.csv"), ("a.csv", "A.CSV"), ("a.csv", "\uff41.csv"), ("a", "a/")]
)
def test_two_members_of_one_name(tmp_path: Path, one: str, other: str) -> None:
    data = composed([(one, TEXT), (other, b"")])
    with pytest.raises(UnsafeArchiveError, match="are of one name"):
        archives.members(put(tmp_path, data), LIMITS)


def test_an_encrypted_member(tmp_path: Path) -> None:
    data = composed([("a.csv", TEXT)])
    data[central(data) + 8] |= 1
    with pytest.raises(UnsafeArchiveError, match=r"'a\.csv' is encrypted"):
        archives.members(put(tmp_path, data), LIMITS)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_nobody_uses(tmp_path: Path, method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.csv", TEXT)
    with pytest.raises(UnsafeArchiveError, match=f"packed by method {method}"):
        archives.members(put(tmp_path, out.getvalue()), LIMITS)


def test_too_many_members(tmp_path: Path) -> None:
    data = composed([(f"{n}.csv", b"x") for n in range(21)])
    with pytest.raises(TooLargeError, match=r"21 members; .* raise most_members"):
        archives.members(put(tmp_path, data), LIMITS)


def test_a_directory_that_would_fill_the_memory(tmp_path: Path) -> None:
    """It is refused by its size, before anything reads it."""
    data = composed([(f"{n:0200}.csv", b"") for n in range(300)])
    with pytest.raises(TooLargeError, match="a directory of"):
        archives.members(put(tmp_path, data), LIMITS)


def test_more_than_may_be_unpacked(tmp_path: Path) -> None:
    path = put(tmp_path, composed([("a.csv", TEXT), ("b.csv", TEXT)]))
    limits = Limits(len(TEXT) * 2, 100, 20)
    assert len(read(path, limits)) == 2
    with pytest.raises(TooLargeError, match="raise most_unpacked_megabytes"):
        archives.members(path, Limits(len(TEXT) * 2 - 1, 100, 20))


def test_a_ratio_that_only_a_bomb_has(tmp_path: Path) -> None:
    path = put(tmp_path, composed([("a.csv", bytes(5_000_000))]))
    with pytest.raises(TooLargeError, match="more than 100 times its size"):
        archives.members(path, LIMITS)


def claimed(data: bytearray, packed: int | None, unpacked: int | None) -> bytearray:
    """Change what the directory and the member's own header claim."""
    for at, offset in ((central(data), 20), (0, 18)):
        if packed is not None:
            data[at + offset : at + offset + 4] = struct.pack("<I", packed)
        if unpacked is not None:
            data[at + offset + 4 : at + offset + 8] = struct.pack("<I", unpacked)
    return data


def test_bytes_are_counted_and_not_believed(tmp_path: Path) -> None:
    """A directory that claims less than there is, or more."""
    for lie in (len(TEXT) - 1, len(TEXT) + 1, 1):
        path = put(tmp_path, claimed(composed([("a.csv", TEXT)]), None, lie))
        assert archives.members(path, LIMITS) == [Member("a.csv", lie)]
        with pytest.raises(DamagedError, match=r"a\.csv"):
            read(path)


def test_a_member_that_ends_early_with_the_right_sum(tmp_path: Path) -> None:
    """The CRC is of what comes; only the count shows that more was promised."""
    data = claimed(composed([("a.csv", TEXT)]), None, len(TEXT) + 10)
    with pytest.raises(DamagedError, match=f"{len(TEXT):,} bytes where the directory says"):
        read(put(tmp_path, data))


def test_what_comes_is_counted_while_it_comes(tmp_path: Path) -> None:
    """A reader stops at the limits even if the directory was taken for good."""
    path = put(tmp_path, composed([("a.csv", TEXT)]))
    (info,) = zipfile.ZipFile(path).infolist()
    pieces = archives._member_pieces(path, info, Limits(len(TEXT) - 1, 100, 20), "it")
    with pytest.raises(TooLargeError):
        list(pieces)


def test_damaged_data(tmp_path: Path) -> None:
    data = composed([("a.csv", TEXT)])
    data[60] ^= 0xFF
    with pytest.raises(DamagedError, match=r"a\.csv is damaged .* fetch it again"):
        read(put(tmp_path, data))


def overlapping() -> bytes:
    """Let two entries of the directory share one member's bytes."""
    data = composed([("a.csv", TEXT), ("b.csv", TEXT)])
    second = central(data, 1)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def quoted() -> bytes:
    """Let a stored member hold the whole of the next: each is read twice."""
    inner = bytes(composed([("b.csv", TEXT)]))
    packed = inner[: inner.index(b"PK\1\2")]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.bin", packed)
    outer = out.getvalue()
    start = outer.index(packed)
    entry = bytearray(inner[inner.index(b"PK\1\2") : inner.index(b"PK\5\6")])
    entry[42:46] = struct.pack("<I", start)
    at = outer.index(b"PK\5\6")
    end = bytearray(outer[at:])
    end[8:12] = struct.pack("<HH", 2, 2)
    end[12:16] = struct.pack("<I", struct.unpack("<I", end[12:16])[0] + len(entry))
    return outer[:at] + bytes(entry) + bytes(end)


@pytest.mark.parametrize("make", [overlapping, quoted])
def test_members_that_share_bytes(tmp_path: Path, make: Callable[[], bytes]) -> None:
    with pytest.raises(UnsafeArchiveError, match=r"share their bytes|otherwise of itself"):
        archives.members(put(tmp_path, make()), LIMITS)


def test_quoted_members_are_refused_for_sharing(tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchiveError, match=r"'a\.bin' and 'b\.csv' share their bytes"):
        archives.members(put(tmp_path, quoted()), LIMITS)


def test_a_member_that_reaches_into_the_directory(tmp_path: Path) -> None:
    data = composed([("a.csv", TEXT)])
    packed = struct.unpack_from("<I", data, 18)[0]
    with pytest.raises(UnsafeArchiveError, match="reaches into the directory"):
        archives.members(put(tmp_path, claimed(data, packed + 20, None)), LIMITS)


def spoilt_header(at: int, value: int) -> Callable[[bytearray], None]:
    def spoil(data: bytearray) -> None:
        data[at] ^= value

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        spoilt_header(30, 2),  # the name
        spoilt_header(8, 8),  # the method
        spoilt_header(18, 1),  # the packed size
        spoilt_header(22, 1),  # the unpacked size
    ],
)
def test_a_member_that_contradicts_the_directory(
    tmp_path: Path, spoil: Callable[[bytearray], None]
) -> None:
    data = composed([("a.csv", TEXT)])
    spoil(data)
    with pytest.raises(UnsafeArchiveError, match="says otherwise of itself"):
        archives.members(put(tmp_path, data), LIMITS)


def test_a_directory_that_points_beside_its_members(tmp_path: Path) -> None:
    data = composed([("a.csv", TEXT)])
    data[central(data) + 42] = 1
    with pytest.raises(DamagedError, match="not where it should be"):
        archives.members(put(tmp_path, data), LIMITS)


def test_a_directory_that_is_elsewhere(tmp_path: Path) -> None:
    """Something lies between the members and the directory, or before it all."""
    good = composed([("a.csv", TEXT)])
    for data in (good[: central(good)] + b"more" + good[central(good) :], b"PK\3\4" + good):
        with pytest.raises(DamagedError, match="its directory is not where the file says"):
            archives.members(put(tmp_path, data), LIMITS)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", NotPromisedError),
        (b"PK", NotPromisedError),
        (b"<html>", NotPromisedError),
        (b"<html>" + bytes(composed([("a.csv", TEXT)])), NotPromisedError),
        (bytes(composed([])), NotPromisedError),
        (bytes(composed([("a.csv", TEXT)]))[:-30], CutShortError),
        (bytes(composed([("a.csv", TEXT)]))[:-1], CutShortError),
        (bytes(composed([("a.csv", TEXT)])) + b"more", DamagedError),
    ],
)
def test_what_is_no_whole_zip(tmp_path: Path, data: bytes, kind: type[RefusalError]) -> None:
    with pytest.raises(kind):
        archives.members(put(tmp_path, data), LIMITS)


def test_a_zip_cut_or_changed_anywhere_is_never_read_as_good(tmp_path: Path) -> None:
    """Whatever single byte is changed: an error of ours, or the very same content."""
    good = composed([("a.csv", TEXT[:60]), ("b.csv", TEXT[300:360])])
    wanted = {"a.csv": TEXT[:60], "b.csv": TEXT[300:360]}
    for size in range(0, len(good), 7):
        with pytest.raises(RefusalError):
            read(put(tmp_path, good[:size]))
    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 0x41
        try:
            found = read(put(tmp_path, changed))
        except RefusalError:
            continue
        assert found == wanted, at


# gzip


def unpacked(path: Path, limits: Limits = LIMITS) -> bytes:
    with archives.open_gzip(path, limits) as file:
        return file.read()


def test_a_good_gzip(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        gzip.compress(TEXT, mtime=0) + gzip.compress(b"") + gzip.compress(b"x") + b"\0" * 9,
    )
    assert unpacked(path) == TEXT + b"x"
    with archives.open_gzip(path, LIMITS) as file:
        lines = file.readlines()
    assert (len(lines), lines[:2]) == (4001, [b"0,0\n", b"1,1\n"])


def test_a_gzip_cut_or_changed_anywhere_is_never_read_as_good(tmp_path: Path) -> None:
    good = gzip.compress(TEXT[:200], mtime=0)
    for size in range(len(good)):
        with pytest.raises((CutShortError, DamagedError)):
            unpacked(put(tmp_path, good[:size]))
    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 0x41
        try:
            assert unpacked(put(tmp_path, changed)) == TEXT[:200]
        except RefusalError:
            continue


@pytest.mark.parametrize("more", [b"x", b"\0x", gzip.compress(TEXT, mtime=0)[:20]])
def test_what_follows_a_gzip(tmp_path: Path, more: bytes) -> None:
    with pytest.raises((DamagedError, CutShortError)):
        unpacked(put(tmp_path, gzip.compress(TEXT, mtime=0) + more))


def bombs() -> Iterator[bytes]:
    yield gzip.compress(bytes(30_000_000), mtime=0)
    # Many small ones, each of them harmless.
    yield gzip.compress(bytes(1_000_000), mtime=0) * 30


@pytest.mark.parametrize("bomb", list(bombs()))
def test_a_gzip_bomb(tmp_path: Path, bomb: bytes) -> None:
    path = put(tmp_path, bomb)
    with at_most(25_000_000):
        with pytest.raises(TooLargeError, match="more than 100 times its size"):
            unpacked(path)
        with pytest.raises(TooLargeError, match="more than 10,000,000 bytes"):
            unpacked(path, Limits(10_000_000, 1e9, 1))


def test_bytes_that_come_one_by_one() -> None:
    unpack = archives.Gunzip(LIMITS, "it")
    packed = gzip.compress(TEXT[:2000], mtime=0) + gzip.compress(TEXT[2000:4000]) + b"\0\0"
    out = b"".join(p for n in range(len(packed)) for p in unpack.feed(packed[n : n + 1]))
    unpack.finish()
    assert out == TEXT[:4000]
