"""Pins that are wrong in themselves, pins that only look so, and pictures that nobody may name.

`PORT` in a URL stands for the port of the odd host.
"""

from typing import Any

MIB = 1024 * 1024
LONG_AGO, FAR_AHEAD = "0044-03-15T12:00:00Z", "2999-01-01T00:00:00Z"


def pin(**keys: Any) -> dict[str, Any]:
    """Return a pin that has a picture, and what else is given."""
    return {"image": "good.jpg", **keys}


def raw(name: str, text: str | bytes) -> bytes:
    """Return a line as it stands, save that NAME in it is a valid id."""
    return (text if isinstance(text, bytes) else text.encode()).replace(b"NAME", name.encode())


ID = r"id .* is not valid: use 1 to 128 of A-Z a-z 0-9 . _ : -"
NUMBER = r"is not a decimal number such as '19.90'"
STRING = r"must be a string, this is"
TIME = r"is not a time: write it like 2026-01-31T12:00:00Z"

# What is wrong with the pin itself. A line stands as bytes, where JSON could not say it.
BAD_PINS: dict[str, tuple[dict[str, Any] | bytes, str]] = {
    "an id with a slash": (pin(id="a/b"), ID),
    "an id that climbs": (pin(id=".."), ID),
    "an id of 129 characters": (pin(id="x" * 129), ID),
    "an empty id": (pin(id=""), ID),
    "an id in other letters": (pin(id="ünï"), ID),
    "an id with a line break": (pin(id="a\n"), ID),
    "an id that is a number": (pin(id=7), ID),
    "no id": (raw("", b'{"image": "good.jpg"}'), ID),
    "no picture": ({"image": "  "}, "image is missing: give a file path"),
    "a picture that is a list": ({"image": ["good.jpg"]}, STRING + " a list"),
    "10 MB of description": (
        pin(description="x" * 10 * MIB),
        "10,485,760 characters; the limit is 10,000: shorten it",
    ),
    "true for a description": (pin(description=True), STRING + " a bool"),
    "a list for a title": (pin(board_title=["x"]), STRING + " a list"),
    "a link that is a script": (pin(link="javascript:alert(1)"), "must begin with http:// or"),
    "price NaN": (raw("nan", '{"id": "NAME", "image": "good.jpg", "price": NaN}'), NUMBER),
    "price Infinity": (raw("inf", '{"id": "NAME", "image": "good.jpg", "price": 1e999}'), NUMBER),
    "price below nothing": (pin(price=-1), NUMBER),
    "price in words": (pin(price="free"), NUMBER),
    "price without end": (pin(price="9" * 13), NUMBER),
    "price true": (pin(price=True), "price must be a decimal string such as '19.90'"),
    "attributes in a list": (pin(attributes=["red"]), "flat object of strings, this is a list"),
    "attributes within attributes": (pin(attributes={"a": {"b": "c"}}), STRING + " an object"),
    "an attribute NaN": (
        raw("nan2", '{"id": "NAME", "image": "good.jpg", "attributes": {"a": NaN}}'),
        r"attributes\.a is nan: give a finite number or a string",
    ),
    "65 attributes": (
        pin(attributes={f"a{n}": "x" for n in range(65)}),
        "65 entries; the limit is 64: leave",
    ),
    "an equals sign in a name": (pin(attributes={"a=b": "c"}), "and a name no '='"),
    "a date that is none": (pin(created_at="yesterday"), "created_at 'yesterday' " + TIME),
    "the 30th of February": (pin(updated_at="2026-02-30T00:00:00Z"), TIME),
    "a date as a number": (pin(updated_at=1_770_000_000), STRING + " a int"),
    "a date before all time": (pin(created_at="0001-01-01T00:00:00+14:00"), TIME),
    "a clock far ahead": (pin(updated_at=FAR_AHEAD), r"ahead of .*ENGINE_VERSIONS__MAX_AHEAD_S"),
    "half a surrogate pair": (
        raw("half", rb'{"id": "NAME", "image": "good.jpg", "description": "\ud83d"}'),
        "half of a surrogate pair, which is not text: send it in UTF-8",
    ),
    "a surrogate in bytes": (
        raw("half", b'{"id": "NAME", "image": "good.jpg", "description": "\xed\xa0\xbd"}'),
        "half of a surrogate pair|not UTF-8",
    ),
    "bytes that are not UTF-8": (
        raw("latin", b'{"id": "NAME", "image": "good.jpg", "description": "\xe4"}'),
        "not UTF-8 at byte 5[0-9]: save the file as UTF-8",
    ),
    "UTF-16": (raw("", '{"id": "wide", "image": "good.jpg"}'.encode("utf-16")), "not (UTF-8|JSON)"),
    "half a line": (
        raw("", b'{"id": "cut", "image": "go'),
        "not JSON: .*: write one object a line",
    ),
    "two objects": (raw("", b'{"id": "a1"} {"id": "a2"}'), "not JSON: Extra data"),
    "a list": (raw("", b'["good.jpg"]'), "a pin is a JSON object, this is a list"),
    "null": (raw("", b"null"), "a pin is a JSON object, this is null"),
    "nested 100,000 deep": (
        raw("", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        "nested too deeply: a pin is flat",
    ),
    "a number of 5,000 digits": (
        raw("", b'{"id": "n", "price": ' + b"9" * 5_000 + b"}"),
        "not JSON: Exceeds the limit",
    ),
    "a line of 33 MB": (
        raw("", b'{"id": "long", "image": "' + b"x" * 33 * MIB + b'"}'),
        "longer than 33,554,432 bytes: give the picture by its path or URL",
    ),
}

INLINE = "data:image/png;base64,"
# What `image` may say and not get.
BAD_IMAGES: dict[str, tuple[str, str]] = {
    "a file that is not there": ("none.jpg", r"does not exist below .*: put it there"),
    "a path that climbs": ("../outside.jpg", "outside .*: paths stay below that folder"),
    "a path that climbs from within": ("sub/../../outside.jpg", "paths stay below that folder"),
    "an absolute path": ("/etc/passwd", "paths stay below that folder"),
    "a symbolic link out": ("link.jpg", "paths stay below that folder"),
    "a symbolic link to itself": ("ring.jpg", "can't be read|is no file"),
    "a symbolic link to a device": ("zero.jpg", "paths stay below that folder"),
    "a folder": ("sub", "is no file: give the path of a picture"),
    "a pipe": ("pipe.jpg", "is no file: give the path of a picture"),
    "a socket": ("socket.jpg", "is no file: give the path of a picture"),
    "a name without end": ("x" * 1_000, "can't be read: .*name too long"),
    "a path without end": ("x" * 3_000, r"3,000 characters; .* 2,048: shorten it"),
    "a file url with one slash": ("file:/etc/passwd", "does not exist below"),
    "no base64": (INLINE + "!!!!", "characters that are not base64"),
    "an empty data url": (INLINE, "is empty"),
    "a page in a data url": ("data:text/html;base64,PGh0bWw+", r"is not data:image/TYPE;base64"),
    "no picture in a data url": (INLINE + "PGh0bWw+", r"accepted: JPEG"),
    "too large a data url": (INLINE + "A" * 3_000_000, r"2\.2 MB; the limit is 2 MB: send a"),
}

# By other ways in, where nobody may name a file of this machine.
BAD_ABROAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    f"{what} by {way}": (way, pin(image=image), slug, message)
    for way in ("queue", "HTTP")
    for what, image, slug, message in (
        ("a path", "good.jpg", "bad-image", r"file path.*data"),
        ("an absolute path", "/etc/passwd", "bad-image", r"file path.*data"),
        ("a file url", "file:///etc/passwd", "unfetchable-image", r"'file' URL is not fetched"),
        ("a private address", "http://10.0.0.1/", "unfetchable-image", r"\(private\).*ALLOW"),
        ("a data url of words", INLINE + "PGh0bWw+", "bad-image", r"accepted: JPEG"),
    )
}

# What looks bad and is not: it is taken, and stored like this.
GOOD_PINS: dict[str, tuple[dict[str, Any] | bytes, dict[str, Any]]] = {
    "a mark of byte order": (raw("bom", b'\xef\xbb\xbf{"id": "NAME", "image": "good.jpg"}'), {}),
    "control characters": (
        pin(description="a\x00\x07\x1b[2J\x9b1mb\r\n\tc", board_title="\x7f"),
        {"description": "a[2J1mb\n\tc", "board_title": None},
    ),
    "any other letters": (pin(description="Ωmega 猫 🐈‍⬛"), {"description": "Ωmega 猫 🐈‍⬛"}),
    "a long time ago": (pin(updated_at=LONG_AGO), {"updated_at": LONG_AGO}),
    "unknown keys": (pin(**{f"key {n}": [n] for n in range(2_000)}), {}),
    "a number for a price": (pin(price=19.9), {"price": "19.9"}),
    "true for an attribute": (pin(attributes={"new": True}), {"attributes": {"new": "true"}}),
    "nothing but blanks": (pin(description=" \n "), {"description": None}),
    "carriage returns": (raw("crlf", b' {"id": "NAME", "image": "good.jpg"} \r'), {}),
    "a blank line before": (raw("after", b'\n  \n{"id": "NAME", "image": "good.jpg"}'), {}),
    "a path with dots": (pin(image="./sub/../good.jpg"), {}),
    "letters beyond ASCII in a url": (pin(image="http://bücher.example:PORT/ä b.png"), {}),
    "a name that turns inwards": (pin(image="http://turns.example:PORT/good.png"), {}),
    "redirects": (pin(image="http://pins.example:PORT/moved"), {}),
}
