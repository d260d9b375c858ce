"""Checks documents against the JSON Schemas that ship."""

import functools
import json
from typing import TYPE_CHECKING

from tools import paths
from tools.experiment.problems import (Problem, nearest_of, one_of, quote,
                                       unknown)

if TYPE_CHECKING:
    import jsonschema

_TYPE_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@functools.cache
def _validator(name: str) -> "jsonschema.protocols.Validator":
    import jsonschema  # Here, since it takes a quarter of a second to load.

    schema = json.loads((paths.SCHEMAS / f"{name}.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema)


def check_experiment(document: object) -> list[Problem]:
    """What the schema has against an experiment, in the document's order."""
    return _check("experiment", document)


def check_result(document: object) -> list[Problem]:
    """What the schema has against a result.json."""
    return _check("result", document)


def _check(name: str, document: object) -> list[Problem]:
    errors = sorted(_validator(name).iter_errors(document),
                    key=lambda error: [str(part) for part in error.path])
    problems = [problem for error in errors for problem in _explain(error)]
    return list(dict.fromkeys(problems))


def path_text(parts: object) -> str:
    """`nodes[1].parameters.port`; the document itself is "document"."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "document"


def _explain(error: "jsonschema.ValidationError") -> list[Problem]:
    path = path_text(error.absolute_path)
    explain = _EXPLANATIONS.get(error.validator)
    if explain is not None:
        return explain(path, error)
    return [Problem(path, quote(error.instance), _expectation(error))]


def _explain_required(path: str, error: "jsonschema.ValidationError"):
    # The library gives one error for each missing key, all with the whole
    # list; alike problems are told once.
    return [Problem(path, f"no key {quote(key)}", _description(error, key))
            for key in error.validator_value if key not in error.instance]


def _description(error: "jsonschema.ValidationError", key: str) -> str:
    properties = error.schema.get("properties", {})
    schema = properties.get(key, {})
    if "description" in schema:
        return schema["description"]
    if "type" in schema:
        return _type_text(schema["type"])
    return "one"


def _explain_unknown_keys(path: str, error: "jsonschema.ValidationError"):
    known = list(error.schema.get("properties", {}))
    return [unknown(path, "key", key, known)
            for key in error.instance if key not in known]


def _explain_enum(path: str, error: "jsonschema.ValidationError"):
    return [Problem(path, quote(error.instance), one_of(error.validator_value),
                    nearest_of(error.instance, error.validator_value))]


_EXPLANATIONS = {
    "required": _explain_required,
    "additionalProperties": _explain_unknown_keys,
    "enum": _explain_enum,
}


def _type_text(types: object) -> str:
    names = types if isinstance(types, list) else [types]
    return " or ".join(_TYPE_NAMES[name] for name in names)


def _expectation(error: "jsonschema.ValidationError") -> str:
    value = error.validator_value
    match error.validator:
        case "type":
            return _type_text(value)
        case "const":
            return quote(value)
        case "minimum":
            return f"at least {value}"
        case "maximum":
            return f"at most {value}"
        case "exclusiveMinimum":
            return f"more than {value}"
        case "minItems" | "minLength":
            return f"at least {value} of them"
        case "maxItems":
            return f"at most {value} of them"
        case "uniqueItems":
            return "no two alike"
        case "pattern":
            return error.schema.get("description", f"text like {value}")
    return error.message
