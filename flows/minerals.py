"""What the file of a mineral promises, its checks, and the rows it makes.

Used by `facts.py` only, which is the door; readers of facts need nothing from here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader is ten times faster; not every build of PyYAML has it."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Hs6 = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Codes = Annotated[list[Hs6], Field(min_length=1)]
Part = Annotated[float, Field(gt=0, le=1)]
Row = dict[str, Any]


class FactError(Exception):
    """A fact breaks its promise; the message names file and key."""


class Loader(BaseLoader):  # type: ignore[misc]
    """Loads YAML as usual, but refuses a key named twice, where YAML would keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Build one mapping after looking for doubled keys."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: key {key.value!r} named twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class Strict(BaseModel):
    """Base of all parts of a mineral's file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(Strict):
    """A part of a whole with its source: a figure, bounds, or both."""

    value: Part | None = None
    low: Part | None = None
    high: Part | None = None
    unit: Literal["share"]
    source: Text


class Form(Strict):
    """One traded form of a mineral: its HS codes by revision and how clean they are."""

    id: Id
    name: Text
    stage: str
    hs: Annotated[dict[str, Codes], Field(min_length=1)]
    specificity: str
    content: Interval | None
    component_share: Interval | None = None
    note: str = ""


class Mineral(Strict):
    """`minerals/<id>.yaml`, whole."""

    name: Text
    aliases: list[Text]
    headline: list[Id]
    forms: Annotated[list[Form], Field(min_length=1)]
    note: str = ""


def fold(text: str) -> str:
    """Fold a spelling for comparison: case, width, apostrophes and spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold().split())


def read_yaml(path: Path) -> Any:  # noqa: ANN401 what a file holds is known after its check
    """Read one YAML file.

    Raises:
        FactError: it is missing, is no YAML, or names a key twice.

    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 it is a safe loader
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise FactError(f"{path}: cannot be read: {error}") from error


def read_minerals(folders: Iterable[Path]) -> dict[Path, Mineral]:
    """Read the mineral files of all folders.

    Raises:
        FactError: a file is misnamed, breaks the shape, or its mineral exists already.

    """
    minerals: dict[Path, Mineral] = {}
    paths = [path for folder in folders for path in sorted(folder.glob("minerals/*"))]
    for path in paths:
        if path.suffix != ".yaml" or not path.stem.isidentifier() or not path.stem.islower():
            raise FactError(f"{path}: a mineral's file is named <id>.yaml, the id in snake_case")
        if twin := next((p for p in minerals if p.stem == path.stem), None):
            raise FactError(f"{path}: mineral {path.stem} exists already in {twin}")
        try:
            minerals[path] = Mineral.model_validate(read_yaml(path))
        except ValidationError as error:
            found = [
                f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
                for fault in error.errors()
            ]
            raise FactError(f"{path}: {'; '.join(found)}") from error
    return minerals


def mineral_rows(
    minerals: Mapping[Path, Mineral], frames: Mapping[str, pl.DataFrame]
) -> dict[str, list[Row]]:
    """Check each mineral within itself and spread it over the rows of its three tables.

    Raises:
        FactError: a form, a headline, a code, a year or an interval is not in order.

    """
    begins = dict(frames["ref.hs_revision"].select("hs_revision", "in_force_from").iter_rows())
    clean = dict(frames["ref.specificity"].select("specificity", "headline").iter_rows())
    rows: dict[str, list[Row]] = {"mineral": [], "form": [], "form_code": []}
    for path, mineral in minerals.items():
        check_forms(path, mineral, clean)
        key = {"mineral": path.stem}
        words = (path.stem, path.stem.replace("_", " "), mineral.name, *mineral.aliases)
        aliases = sorted({fold(word) for word in words})
        rows["mineral"].append(
            key | {"name": mineral.name, "aliases": aliases, "note": mineral.note}
        )
        for form in mineral.forms:
            first, last = form_years(f"{path}: form {form.id}", form, begins)
            rows["form"].append(
                key
                | form.model_dump(include={"name", "stage", "specificity", "note"})
                | {"form": form.id, "headline": form.id in mineral.headline}
                | bounds(f"{path}: form {form.id}: content", "content", form.content)
                | component(f"{path}: form {form.id}: component_share", form)
                | {"first_year": first, "last_year": last}
            )
            rows["form_code"] += [
                key | {"form": form.id, "hs_revision": revision, "hs6": code}
                for revision, codes in form.hs.items()
                for code in codes
            ]
    return rows


def check_forms(path: Path, mineral: Mineral, clean: Mapping[str, bool]) -> None:
    """Refuse doubled forms and codes, and headlines that are no clean form."""
    forms = {form.id: form for form in mineral.forms}
    if len(forms) < len(mineral.forms):
        raise FactError(f"{path}: forms: an id is given twice; name each form once")
    claimed: dict[tuple[str, str], str] = {}
    for form in mineral.forms:
        for key in ((revision, code) for revision, codes in form.hs.items() for code in codes):
            if other := claimed.get(key):
                raise FactError(f"{path}: form {form.id}: {key[1]} of {key[0]} is in {other} too")
            claimed[key] = form.id
    if len(set(mineral.headline)) < len(mineral.headline):
        raise FactError(f"{path}: headline: a form is listed twice")
    for name in mineral.headline:
        if name not in forms:
            raise FactError(f"{path}: headline: no form {name}; there are: {', '.join(forms)}")
        if not clean.get(forms[name].specificity, True):
            raise FactError(
                f"{path}: headline: {name} is {forms[name].specificity}; take it out, an empty "
                "headline is allowed"
            )


def form_years(where: str, form: Form, begins: Mapping[str, int]) -> tuple[int, int | None]:
    """Derive a form's first and last year from the revisions that list it.

    It ends in the year before the first revision that does not list it; null while it goes on.
    """
    if strange := [revision for revision in form.hs if revision not in begins]:
        raise FactError(f"{where}: hs: {strange[0]} is not in hs_revisions.csv")
    order = sorted(begins, key=lambda revision: begins[revision])
    listed = [place for place, revision in enumerate(order) if revision in form.hs]
    gaps = [order[n] for n in range(listed[0], listed[-1]) if n not in listed]
    if gaps:
        raise FactError(
            f"{where}: hs: {gaps[0]} is left out between others; list it or split the form"
        )
    last = begins[order[listed[-1] + 1]] - 1 if listed[-1] + 1 < len(order) else None
    return begins[order[listed[0]]], last


def component(where: str, form: Form) -> Row:
    """Give the columns of a basket's component share; only baskets may declare one, with bounds."""
    part = form.component_share
    if part and (form.specificity != "basket" or part.value or not (part.low and part.high)):
        raise FactError(f"{where}: belongs on a basket, with low and high and no value")
    row = bounds(where, "component", part)
    return {name: row[name] for name in row if name != "component_value"}


def bounds(where: str, name: str, part: Interval | None) -> Row:
    """Give the columns of an interval, in order."""
    columns = ("low", "value", "high", "source")
    if part is None:
        return {f"{name}_{column}": None for column in columns}
    known = [n for n in (part.low, part.value, part.high) if n is not None]
    if part.value is None and None in (part.low, part.high):
        raise FactError(f"{where}: give a value, or low and high")
    if known != sorted(known):
        raise FactError(f"{where}: not low <= value <= high: {known}")
    return {f"{name}_{column}": getattr(part, column) for column in columns}
