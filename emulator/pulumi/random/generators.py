"""The values that the resource types of the random provider have."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.pulumi.wire import Properties

_SYSTEM: Final = secrets.SystemRandom()
_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
"""The special characters that the random provider uses where overrideSpecial gives no others."""

_ADJECTIVES: Final = (
    "able amber bold brave brisk calm clever cosmic crisp eager early fair fancy fast fresh gentle glad golden grand "
    "happy hardy honest humble ideal jolly keen kind large light lively loyal lucky mellow merry mighty modest neat "
    "noble polite proud quick quiet rapid ready shiny silent smart smooth steady sunny swift tidy trusty vivid warm "
    "wise witty young"
)
_ADVERBS: Final = (
    "amply barely boldly briefly calmly clearly closely deeply duly early easily evenly fairly firmly freely fully "
    "gently gladly kindly largely lightly mildly nearly neatly openly partly plainly purely quickly rarely readily "
    "safely simply slowly softly solely surely truly vastly warmly widely wholly"
)
_ANIMALS: Final = (
    "ant badger bat bear beaver bee bison boar buck camel cat cobra cod crab crane crow deer dingo dog dove duck eagle "
    "eel elk falcon finch fox frog gecko goat goose gull hare hawk heron horse ibex jay koala lark lemur lion llama "
    "lynx mole moose moth mouse mule newt otter owl ox panda perch pig pony puma ram rat raven robin seal shark sheep "
    "skunk sloth snail snake stork swan tapir tiger toad trout viper walrus wasp whale wolf wren yak zebra"
)


class InvalidInputError(Exception):
    """The inputs contradict each other; `name` is the one to change."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


@dataclass(frozen=True)
class Generator:
    """One resource type.

    Attributes:
        inputs: every input there is, with its default, None where it has none.
        required: the inputs without a default that must be given.
        outputs: what the type has beside its inputs.
        make: from complete inputs to the id and the outputs; raises InvalidInputError.
        secret: the outputs that are secret; an id made of them is replaced by ``none``.
    """

    inputs: Mapping[str, Any]
    outputs: tuple[str, ...]
    make: Callable[[Properties], tuple[str, Properties]]
    required: tuple[str, ...] = ()
    secret: tuple[str, ...] = field(default=())


def _text(inputs: Properties) -> tuple[str, Properties]:
    groups = (
        ("lower", "minLower", string.ascii_lowercase),
        ("upper", "minUpper", string.ascii_uppercase),
        ("numeric", "minNumeric", string.digits),
        ("special", "minSpecial", inputs["overrideSpecial"] or _SPECIAL),
    )
    length = inputs["length"]
    least = sum(inputs[minimum] for _, minimum, _ in groups)
    if length < max(1, least):
        raise InvalidInputError(
            "length", f"{length} is less than {max(1, least)}, the sum of minLower, minUpper, minNumeric, minSpecial"
        )
    alphabet = "".join(characters for allowed, _, characters in groups if inputs[allowed])
    if not alphabet:
        raise InvalidInputError("lower", "at least one of lower, upper, numeric and special must be true")
    chosen = [secrets.choice(characters) for _, minimum, characters in groups for _ in range(inputs[minimum])]
    chosen += [secrets.choice(alphabet) for _ in range(length - len(chosen))]
    _SYSTEM.shuffle(chosen)
    result = "".join(chosen)
    return result, {"result": result}


def _password(inputs: Properties) -> tuple[str, Properties]:
    return "none", _text(inputs)[1]


def _identifier(inputs: Properties) -> tuple[str, Properties]:
    size, prefix = inputs["byteLength"], inputs["prefix"] or ""
    if size < 1:
        raise InvalidInputError("byteLength", f"{size} is less than 1")
    value = secrets.token_bytes(size)
    url = base64.urlsafe_b64encode(value).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(value).decode(),
        "b64Url": prefix + url,
        "dec": prefix + str(int.from_bytes(value, "big")),
        "hex": prefix + value.hex(),
    }


def _pet(inputs: Properties) -> tuple[str, Properties]:
    length = inputs["length"]
    if length < 1:
        raise InvalidInputError("length", f"{length} is less than 1")
    words = [secrets.choice(_ADVERBS.split()) for _ in range(length - 2)]
    words += [secrets.choice(_ADJECTIVES.split())] if length > 1 else []
    words += [secrets.choice(_ANIMALS.split())]
    return inputs["separator"].join([inputs["prefix"], *words] if inputs["prefix"] else words), {}


def _uuid(_: Properties) -> tuple[str, Properties]:
    result = str(uuid.uuid4())
    return result, {"result": result}


def _integer(inputs: Properties) -> tuple[str, Properties]:
    low, high = inputs["min"], inputs["max"]
    if inputs["seed"] is not None:
        raise InvalidInputError("seed", "a seeded value is not implemented; leave it out")
    if low > high:
        raise InvalidInputError("min", f"{low} is more than max, which is {high}")
    result = low + secrets.randbelow(high - low + 1)
    return str(result), {"result": result}


_TEXT_INPUTS: Final[Mapping[str, Any]] = {
    "keepers": None,
    "length": None,
    "lower": True,
    "minLower": 0,
    "minNumeric": 0,
    "minSpecial": 0,
    "minUpper": 0,
    "number": None,
    "numeric": True,
    "overrideSpecial": None,
    "special": True,
    "upper": True,
}

GENERATORS: Final[dict[str, Generator]] = {
    "random:index/randomId:RandomId": Generator(
        {"byteLength": None, "keepers": None, "prefix": None},
        ("b64Std", "b64Url", "dec", "hex"),
        _identifier,
        ("byteLength",),
    ),
    "random:index/randomInteger:RandomInteger": Generator(
        {"keepers": None, "max": None, "min": None, "seed": None}, ("result",), _integer, ("max", "min")
    ),
    "random:index/randomPassword:RandomPassword": Generator(
        _TEXT_INPUTS, ("result",), _password, ("length",), ("result",)
    ),
    "random:index/randomPet:RandomPet": Generator(
        {"keepers": None, "length": 2, "prefix": None, "separator": "-"}, (), _pet
    ),
    "random:index/randomString:RandomString": Generator(_TEXT_INPUTS, ("result",), _text, ("length",)),
    "random:index/randomUuid:RandomUuid": Generator({"keepers": None}, ("result",), _uuid),
}
