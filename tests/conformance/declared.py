"""What the models of Azure's SDK for Python declare, and where a JSON value differs from it."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

_NONE: Final = type(None)
#: How a type that is no model is written in JSON.
_PLAIN: Final[Mapping[Any, tuple[type, ...]]] = {
    **dict.fromkeys((str, bytes, datetime, date, time, timedelta), (str,)),
    bool: (bool,),
    int: (int,),
    float: (int, float),
    _NONE: (_NONE,),
}


class Difference(msgspec.Struct, frozen=True):
    """Where a value is not what *model* says; one that only ``warns`` is not wrong enough to fail.

    ``is_unknown`` says that the model has no such property.
    """

    pointer: str
    model: str
    says: str
    warns: bool = False
    is_unknown: bool = False


def of_model(value: Any, model: type[Any], pointer: str) -> Iterator[Difference]:
    """Yield where *value* is not as *model* declares, or the kind of it that *value* says it is."""
    if not isinstance(value, dict):
        yield Difference(pointer, model.__name__, f"{_json(value)} is not an object")
        return
    kind = next((value.get(name) for name, field in _fields(model).items() if field._is_discriminator), None)
    chosen = getattr(model, "__mapping__", {}).get(kind, model)
    if chosen is model:
        yield from of_properties(value, properties(model), model.__name__, pointer)
    else:
        yield from of_model(value, chosen, pointer)


def of_properties(
    value: Mapping[str, Any], declared: Mapping[str, Any], name: str, pointer: str
) -> Iterator[Difference]:
    """Yield where *value* differs from the properties *declared*, which are those of the model *name*."""
    for key, one in value.items():
        at = f"{pointer}/{key}"
        if key in declared:
            yield from _of_type(one, declared[key], name, at)
        else:
            yield Difference(at, name, "the model has no such property", is_unknown=True)
    for key, type_ in declared.items():
        if key not in value and _NONE not in get_args(type_):
            yield Difference(f"{pointer}/{key}", name, "the model requires it, and it is absent")


def _of_type(value: Any, declared: Any, name: str, pointer: str) -> Iterator[Difference]:
    """Yield where *value* is not of the type *declared*, which stands in the model *name*."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        yield from _of_one(value, arguments, name, pointer)
    elif origin is list and isinstance(value, list):
        for number, one in enumerate(value):
            yield from _of_type(one, arguments[0], name, f"{pointer}/{number}")
    elif origin is dict and isinstance(value, dict):
        for key, one in value.items():
            yield from _of_type(one, arguments[1], name, f"{pointer}/{key}")
    elif origin is Literal:
        yield from _of_words(value, [str(getattr(one, "value", one)) for one in arguments], name, pointer)
    elif isinstance(declared, type) and issubclass(declared, Enum):
        yield from _of_words(value, [str(one.value) for one in declared], name, pointer)
    elif hasattr(declared, "_deserialize"):
        yield from of_model(value, declared, pointer)
    elif declared is not Any and not _is_plain(value, declared):
        yield Difference(pointer, name, f"{_json(value)} is not of the type {getattr(declared, '__name__', declared)}")


def _of_one(value: Any, declared: tuple[Any, ...], name: str, pointer: str) -> Iterator[Difference]:
    """Yield where *value* is of none of the types *declared*; text beside an enumeration is one of its values."""
    has_words = any(isinstance(one, type) and issubclass(one, Enum) for one in declared)
    choices = [one for one in declared if not (has_words and one is str) and (one is _NONE) is (value is None)]
    found = [list(_of_type(value, one, name, pointer)) for one in choices]
    fitting = (one for one in found if all(difference.warns for difference in one))
    yield from next(fitting, found[0] if found else [Difference(pointer, name, f"{_json(value)} is not allowed")])


def _of_words(value: Any, words: list[str], name: str, pointer: str) -> Iterator[Difference]:
    if value in words:
        return
    is_cased = isinstance(value, str) and value.casefold() in {word.casefold() for word in words}
    says = "is in another letter case" if is_cased else f"is none of {', '.join(words)}"
    yield Difference(pointer, name, f"{_json(value)} {says}", warns=is_cased)


def _is_plain(value: Any, declared: Any) -> bool:
    if declared is datetime and isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
    return type(value) in _PLAIN.get(declared, ())


def _json(value: Any) -> str:
    return json.dumps(value)[:100]


@cache
def properties(model: type[Any]) -> dict[str, Any]:
    """Return the types of *model*'s properties, by their names in JSON."""
    package = sys.modules[model.__module__.rpartition(".")[0]]
    types_ = get_type_hints(model, localns={"_models": package})
    attributes = {id(field): attribute for of in model.__mro__ for attribute, field in vars(of).items()}
    return {name: types_[attributes[id(field)]] for name, field in _fields(model).items()}


def _fields(model: type[Any]) -> dict[str, Any]:
    """Return the fields of *model* by their names in JSON; a subclass says more of a property than its base."""
    return {
        str(field._rest_name_input or attribute): field
        for of in reversed(model.__mro__)
        for attribute, field in vars(of).items()
        if hasattr(field, "_rest_name_input")
    }
