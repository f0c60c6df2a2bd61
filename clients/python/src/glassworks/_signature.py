"""From a handler's signature to its payload's JSON Schema, and from a payload to its call."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from .context import Context
from .errors import Fail

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}


class Signature:
    """How a handler wants to be called.

    A parameter that is annotated with :class:`Context`, or named ``ctx``, is given the context.
    Of the others, a single one named ``payload`` is given the whole payload, as a dictionary or,
    when it is annotated with a pydantic model, as that; otherwise each is given the member of the
    payload that has its name.
    """

    def __init__(self, handler: Callable[..., Any]) -> None:
        self._signature = inspect.signature(handler)
        try:
            hints = get_type_hints(handler)
        except Exception:
            hints = {}
        self._context: str | None = None
        members: list[inspect.Parameter] = []
        for parameter in self._signature.parameters.values():
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise TypeError(
                    f"{handler.__name__}: {parameter.name!r} cannot be given by its name"
                )
            if parameter.name == "ctx" or hints.get(parameter.name) is Context:
                self._context = parameter.name
            else:
                members.append(parameter)
        self._whole = len(members) == 1 and members[0].name == "payload"
        self._model: Any = None
        if self._whole and hasattr(hints.get("payload"), "model_validate"):
            self._model = hints["payload"]
        self.schema = self._schema(members, hints)
        """The JSON Schema of the payload; ``None`` when the signature does not tell."""

    def _schema(self, members: list[inspect.Parameter], hints: Mapping[str, Any]) -> Schema | None:
        if self._model is not None:
            return dict(self._model.model_json_schema())
        if self._whole:
            return None
        named = [it for it in members if it.kind is not it.VAR_KEYWORD]
        schema: Schema = {
            "type": "object",
            "properties": {it.name: _member(it, hints) for it in named},
            "required": [it.name for it in named if it.default is it.empty],
        }
        if len(named) == len(members):
            schema["additionalProperties"] = False
        return schema

    def arguments(self, context: Context) -> dict[str, Any]:
        """What the handler is called with.

        Raises :class:`Fail` when the payload does not fit: it will not fit next time either.
        """
        payload = dict(context.payload)
        arguments: dict[str, Any]
        if self._model is not None:
            try:
                arguments = {"payload": self._model.model_validate(payload)}
            except ValueError as error:
                raise Fail(f"the payload does not fit: {error}") from error
        else:
            arguments = {"payload": payload} if self._whole else payload
        if self._context is not None:
            arguments[self._context] = context
        try:
            self._signature.bind(**arguments)
        except TypeError as error:
            raise Fail(f"the payload does not fit: {error}") from error
        return arguments


def _member(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Schema:
    schema = schema_of(hints.get(parameter.name, Any))
    default = parameter.default
    if default is not parameter.empty and isinstance(default, (str, int, float, bool)):
        schema["default"] = default
    return schema


def schema_of(hint: Any) -> Schema:
    """The JSON Schema of a type; one that allows everything for what JSON does not know."""
    if isinstance(hint, type) and hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(it) for it in inner]}
    if (origin or hint) is list:
        return {"type": "array", **({"items": schema_of(inner[0])} if inner else {})}
    if (origin or hint) is dict:
        values = {"additionalProperties": schema_of(inner[1])} if len(inner) == 2 else {}
        return {"type": "object", **values}
    if origin is typing.Annotated:
        return schema_of(inner[0])
    return {}
