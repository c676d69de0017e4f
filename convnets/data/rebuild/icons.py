"""Cuts the icon sheet into pictures, groups variants of one thing, and splits the groups into training and test."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
from PIL import Image

from convnets.data.datasets import ICON_CLASSES
from convnets.data.rebuild import sources

COLOURS = 128  # per icon; the drawings have few, and 64x64 with a palette packs three times smaller than RGBA
TEST_SHARE = 0.2
ALIKE = 12.0  # root mean square difference, of 255: flags of a territory that are its country's, and the like

# Code points that make a variant of the same thing: presentation, joiner, gender signs, facing right.
_DROPPED = {"FE0F", "200D", "2640", "2642", "27A1"}
_PEOPLE = {"1F468": "1F9D1", "1F469": "1F9D1", "1F466": "1F9D2", "1F467": "1F9D2", "1F474": "1F9D3", "1F475": "1F9D3"}
_COLOURS = r"\b(RED|ORANGE|YELLOW|GREEN|BLUE|PURPLE|BROWN|BLACK|WHITE|GREY|PINK|LIGHT|LARGE|MEDIUM|SMALL|HEAVY)\b"


def make() -> dict[str, np.ndarray]:
    """index (N, 64, 64) into palette (N, 128, 4) RGBA, label (N,), test (N,) bool, concept (N,), name (N,)."""
    entries = json.loads(sources.EMOJI.read("/emoji.json"))
    entries = [e for e in entries if e["has_img_google"] and e["category"] in ICON_CLASSES]
    entries.sort(key=lambda e: e["sort_order"])
    pictures = _cut(entries)
    labels = np.array([ICON_CLASSES.index(e["category"]) for e in entries], np.uint8)
    concepts = _concepts(entries, pictures)
    index, palette = zip(*map(_quantise, pictures), strict=True)
    return {
        "index": np.stack(index),
        "palette": np.stack(palette),
        "label": labels,
        "test": _split(labels, concepts),
        "concept": concepts,
        "name": np.array([e["short_name"] for e in entries]),
    }


def _cut(entries: list[dict[str, Any]]) -> np.ndarray:
    """(N, 64, 64, 4): the sheet holds 64x64 pictures, each with a margin of one pixel all around."""
    sheet = np.asarray(Image.open(io.BytesIO(sources.EMOJI.read("/sheets-clean/64.png"))).convert("RGBA"))
    corners = [(66 * e["sheet_y"] + 1, 66 * e["sheet_x"] + 1) for e in entries]
    return np.stack([sheet[top : top + 64, left : left + 64] for top, left in corners])


def _quantise(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture as (64, 64) indices into a palette (128, 4)."""
    image = Image.fromarray(picture).quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    assert image.palette is not None
    found = np.frombuffer(bytes(image.palette.palette), np.uint8).reshape(-1, 4)[:COLOURS]
    palette = np.zeros((COLOURS, 4), np.uint8)
    palette[: len(found)] = found
    return np.asarray(image), palette


def _concepts(entries: list[dict[str, Any]], pictures: np.ndarray) -> np.ndarray:
    """(N,) numbers, equal for icons that share a key or look alike: no test icon may have a variant in training."""
    group = np.arange(len(entries))  # union-find by relabelling: N is small
    owner: dict[object, int] = {}
    alike = _alike(pictures)
    for i, entry in enumerate(entries):
        for j in [*(owner.setdefault(key, i) for key in _keys(entry)), *np.flatnonzero(alike[i])]:
            group[group == group[i]] = group[j]
    return np.unique(group, return_inverse=True)[1].astype(np.uint16)


def _alike(pictures: np.ndarray) -> np.ndarray:
    """(N, N) True where two icons on white, shrunk to 16x16, differ by less than ALIKE."""
    opacity = pictures[..., 3:] / 255
    white = pictures[..., :3] * opacity + 255 * (1 - opacity)
    small = white.reshape(-1, 16, 4, 16, 4, 3).mean(axis=(2, 4)).reshape(len(pictures), -1)
    squares = (small**2).sum(axis=1)
    return squares[:, None] + squares - 2 * small @ small.T < small.shape[1] * ALIKE**2


def _keys(entry: dict[str, Any]) -> list[object]:
    points = [_PEOPLE.get(p, p) for p in entry["unified"].split("-") if p not in _DROPPED]
    keys: list[object] = [("code points", *points)]
    if (bare := re.sub(_COLOURS, "", entry["name"])) != entry["name"]:
        keys.append(("name without colour", entry["subcategory"], " ".join(bare.split())))
    if "CLOCK FACE" in entry["name"]:
        keys.append("clock face")
    if re.search(r"MOON( SYMBOL)?$|CRESCENT", entry["name"]) and entry["subcategory"] == "sky & weather":
        keys.append("moon")
    return keys


def _split(labels: np.ndarray, concepts: np.ndarray) -> np.ndarray:
    """(N,) True for test: whole concepts, drawn class by class until a fifth of the class is reached.

    A concept that spans classes (a bear's face and a bear) stays in training.
    """
    rng = np.random.default_rng(0)
    test = np.zeros(len(labels), bool)
    for label in range(len(ICON_CLASSES)):
        members = labels == label
        room = round(TEST_SHARE * members.sum())
        for concept in rng.permutation(np.unique(concepts[members])):
            chosen = concepts == concept
            if chosen.sum() <= room and members[chosen].all():
                test |= chosen
                room -= chosen.sum()
    return test
