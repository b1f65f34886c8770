"""Tar shards as WebDataset writes them: files of one name belong together, a picture beside its class."""

import json
import os
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from tellapart.data.decode import MAX_BYTES
from tellapart.data.resize import Form, picture_in
from tellapart.data.source import Entry, Value
from tellapart.data.sources.addresses import BRACES, expanded, files_in, is_address, is_pattern, opened, read_at
from tellapart.data.sources.files import ARRAY, PICTURES
from tellapart.data.sources.members import Member
from tellapart.data.sources.nearby import Nearby
from tellapart.data.sources.pictures import as_listed, entry_of, header_of
from tellapart.data.sources.places import Place
from tellapart.data.sources.placing import PART_NAMES, issue, part_of_file, shown, told, unreadable
from tellapart.data.sources.tarred import plain_tar, tar_members
from tellapart.errors import DataError, UnreadableError
from tellapart.types import Issue, Kind, Part

LABELS = ("cls", "json", "txt")
"""Suffixes of what says the class, the first that is there being taken."""
JSON_KEYS = ("label", "class", "cls", "target")
MOST_LABEL_BYTES = 1 << 20


@dataclass(kw_only=True)
class _Sample:
    """What a shard holds under one name."""

    pictures: list[tuple[str, Member]] = field(default_factory=list)
    """Suffix and place of each."""
    labels: dict[str, bytes] = field(default_factory=dict)
    """Suffix -> content."""


class ShardSource:
    """The pictures of tar shards. Each shard is read once to list it; values are read by their offsets.

    Those at an address are read from copies nearby.

    addresses  paths or addresses of the shards
    """

    kind: Kind = "image"
    in_memory = False

    def __init__(self, name: str, addresses: Sequence[str]) -> None:
        self.name = name
        self.place = "\0".join(one if is_address(one) else os.path.realpath(one) for one in addresses)
        self._addresses = addresses
        self._at: dict[str, tuple[str, int, int]] = {}

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every picture with a readable header and a class, in the order of the shards; an issue for each other."""
        return self._scanned

    def content(self, entry: Entry) -> bytes:
        """The bytes of its file; UnreadableError where the shard is gone, or not what it was."""
        _ = self._scanned
        address, start, size = self._at[entry.id]
        read = self._nearby.read if is_address(address) else read_at
        return as_listed(read(address, start, size), entry)

    def value(self, entry: Entry, form: Form | None = None) -> Value:
        """uint8 (H, W, C); UnreadableError where the picture is damaged or the shard gone."""
        return picture_in(self.content(entry), form)

    @cached_property
    def _nearby(self) -> Nearby:
        return Nearby([address for address in self._addresses if is_address(address)])

    @cached_property
    def _scanned(self) -> tuple[tuple[Entry, ...], tuple[Issue, ...]]:
        entries: list[Entry] = []
        issues: list[Issue] = []
        for block, (address, name) in enumerate(zip(self._addresses, _names(self._addresses), strict=True)):
            readable = address if is_address(address) else str(plain_tar(Path(address)))
            near = self._nearby.path(address) if is_address(address) else None
            with opened(str(near or readable)) as (file, size):
                for found, member in _listed(file, size, address, name):
                    if isinstance(found, Issue):
                        issues.append(found)
                        continue
                    if found.path in self._at:
                        issues.append(issue(found.path, "duplicate", "stands twice in the shard", "Delete one."))
                        continue
                    try:
                        file.seek(member.at)
                        entry = entry_of(found, header_of(file.read(member.size)))
                        entries.append(replace(entry, block=block))
                    except UnreadableError as error:
                        issues.append(unreadable(found.path, str(error)))
                    else:
                        self._at[found.path] = (readable, member.at, member.size)
        if not entries:
            raise DataError(
                f"{self.name}: no picture with a class can be read. {told(issues)}Each needs a file of the same name "
                "beside it, as 0001.cls or 0001.json beside 0001.jpg."
            )
        return tuple(entries), tuple(issues)


def open_shards(addresses: Sequence[str], name: str) -> ShardSource:
    """The pictures in these shards."""
    return ShardSource(name, addresses)


def open_addresses(text: str) -> ShardSource:
    """The shards that a name with braces or a star means, or an address of a tar or of a folder of them."""
    if not is_address(text) or text.endswith(".tar") or is_pattern(text):
        addresses = expanded(text)
    else:
        addresses = files_in(text, ".tar")
    if not addresses:
        raise DataError(f"{text}: no .tar in it. Give the address of a tar shard, or of a folder of them.")
    plain = BRACES.sub("", text.split("://")[-1]).rstrip("/").removesuffix(".tar")
    return ShardSource(posixpath.basename(plain).strip("-_.* ") or "shards", addresses)


def looks_like_shard(paths: Iterable[str]) -> bool:
    """Whether the files of a tar are named as in a shard: a `.cls` beside a picture, or others at the top."""
    suffixes: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        key, suffix = _cut(path)
        suffixes[key].add(suffix)
    return any(
        any(f".{suffix}" in PICTURES.suffixes for suffix in found)
        and ("cls" in found or ("/" not in key and not found.isdisjoint(LABELS)))
        for key, found in suffixes.items()
    )


def _listed(file: BinaryIO, size: int, address: str, name: str) -> Iterator[tuple[Place | Issue, Member]]:
    """The place of each picture of a shard, and where its bytes are."""
    samples: dict[str, _Sample] = defaultdict(_Sample)
    for member in tar_members(file, size, address):
        key, suffix = _cut(member.name)
        if member.kind != "file" or not all(shown(word) for word in member.name.split("/") if word != "."):
            continue
        if f".{suffix}" in PICTURES.suffixes:
            samples[key].pictures.append((suffix, member))
        elif suffix in LABELS and member.size <= MOST_LABEL_BYTES:
            file.seek(member.at)
            samples[key].labels[suffix] = file.read(member.size)
    part = _part(address)
    for key, sample in samples.items():
        if len(sample.pictures) > 1:  # an array beside a picture is something else
            sample.pictures = [one for one in sample.pictures if f".{one[0]}" != ARRAY] or sample.pictures
        for suffix, member in sample.pictures[:1]:
            yield _place(f"{name}/{key}.{suffix}", sample, member, part), member


def _place(path: str, sample: _Sample, member: Member, part: Part | None) -> Place | Issue:
    if len(sample.pictures) > 1:
        return issue(path, "duplicate", f"{len(sample.pictures)} pictures of that name", "Leave one in the shard.")
    if member.size > MAX_BYTES:
        return unreadable(path, f"{member.size:,} bytes; at most {MAX_BYTES:,} are read")
    suffix = next((suffix for suffix in LABELS if suffix in sample.labels), None)
    label = _label(suffix, sample.labels[suffix]) if suffix else ""
    if not label:
        said = f"its .{suffix} says no class" if suffix else "no .cls, .json or .txt beside it says its class"
        return issue(path, "empty-label", said, "It is left out; write its class beside it.")
    return Place(path=path, label=label, part=part)


def _label(suffix: str, content: bytes) -> str:
    """The class that a file says; empty where it says none."""
    try:
        text = content.decode("utf-8-sig").strip()
        if suffix != "json":
            return "" if "\0" in text else text
        found = json.loads(text)
        label = next((found[key] for key in JSON_KEYS if key in found), None) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        return ""
    return str(label).strip() if isinstance(label, str | int) else ""


def _cut(path: str) -> tuple[str, str]:
    """The name up to the first dot, folders before it kept, and the suffix behind it in small letters."""
    folder, name = posixpath.split(path.removeprefix("./"))
    stem, _, suffix = name.partition(".")
    return posixpath.join(folder, stem), suffix.lower()


def _part(address: str) -> Part | None:
    """The part that a shard is named after, or the folder that it lies in."""
    folder = posixpath.basename(posixpath.dirname(address.replace("\\", "/")))
    return part_of_file(address) or PART_NAMES.get(folder.lower())


def _names(addresses: Sequence[str]) -> list[str]:
    """What each shard is called in ids: its name without suffix, with the folder where names are alike."""
    paths = [address.replace("\\", "/") for address in addresses]
    stems = [posixpath.basename(path).split(".")[0] for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    longer = [f"{posixpath.basename(posixpath.dirname(path))}/{stem}" for path, stem in zip(paths, stems, strict=True)]
    if len(set(longer)) < len(longer):
        raise DataError("Two of the shards have the same name in folders of the same name. Rename one.")
    return longer
