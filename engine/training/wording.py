"""How people speak of clothes: other words for what they ask for, and whole sentences.

Knows nothing of pins or vectors. A word covers the values of an attribute that it may mean; a pin
that has one of them has the fact `called=WORD`, so that one text fits all that it may mean.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

Words = Mapping[str, tuple[str, ...]]

_BAGS = ("Handbags", "Clutches", "Backpacks", "Laptop Bag", "Messenger Bag", "Duffel Bag")
_SHOES = ("Casual Shoes", "Sports Shoes", "Formal Shoes", "Heels", "Flats", "Booties")

KINDS: Words = {
    "tee": ("Tshirts",), "t-shirt": ("Tshirts",), "t shirt": ("Tshirts",),
    "button-down": ("Shirts",), "button up shirt": ("Shirts",), "collared shirt": ("Shirts",),
    "sneakers": ("Casual Shoes", "Sports Shoes"), "trainers": ("Casual Shoes", "Sports Shoes"),
    "kicks": ("Casual Shoes", "Sports Shoes"), "running shoes": ("Sports Shoes",),
    "gym shoes": ("Sports Shoes",), "athletic shoes": ("Sports Shoes",),
    "everyday shoes": ("Casual Shoes",), "slip-ons": ("Casual Shoes",),
    "dress shoes": ("Formal Shoes",), "oxfords": ("Formal Shoes",), "brogues": ("Formal Shoes",),
    "office shoes": ("Formal Shoes",), "shoes": _SHOES, "pair of shoes": _SHOES,
    "footwear": (*_SHOES, "Sandals", "Flip Flops", "Sports Sandals"),
    "watch": ("Watches",), "wristwatch": ("Watches",), "timepiece": ("Watches",),
    "blouse": ("Tops",), "top": ("Tops",), "kurta": ("Kurtas", "Kurtis"),
    "kurti": ("Kurtis", "Kurtas"), "indian tunic": ("Kurtas", "Kurtis", "Tunics"),
    "purse": ("Handbags", "Clutches"), "handbag": ("Handbags",), "tote": ("Handbags",),
    "shoulder bag": ("Handbags", "Messenger Bag"), "bag": _BAGS, "evening bag": ("Clutches",),
    "clutch": ("Clutches",), "high heels": ("Heels",), "pumps": ("Heels",),
    "stilettos": ("Heels",), "heeled shoes": ("Heels",), "shades": ("Sunglasses",),
    "sunnies": ("Sunglasses",), "sun glasses": ("Sunglasses",), "eyewear": ("Sunglasses",),
    "flip-flops": ("Flip Flops",), "slippers": ("Flip Flops",), "slides": ("Flip Flops",),
    "open shoes": ("Sandals", "Sports Sandals"), "strappy sandals": ("Sandals", "Heels", "Flats"),
    "billfold": ("Wallets",), "wallet": ("Wallets",), "leather belt": ("Belts",),
    "jumper": ("Sweaters",), "pullover": ("Sweaters", "Sweatshirts"), "cardigan": ("Sweaters",),
    "knitwear": ("Sweaters",), "hoodie": ("Sweatshirts",), "hooded top": ("Sweatshirts",),
    "pants": ("Trousers",), "slacks": ("Trousers",), "chinos": ("Trousers",),
    "denims": ("Jeans",), "pair of jeans": ("Jeans",), "denim trousers": ("Jeans",),
    "pair of socks": ("Socks",), "rucksack": ("Backpacks", "Rucksacks"),
    "school bag": ("Backpacks",), "knapsack": ("Backpacks",),
    "underwear": ("Briefs", "Trunk", "Boxers"), "underpants": ("Briefs", "Trunk"),
    "boxer shorts": ("Boxers", "Trunk"), "ballerinas": ("Flats",), "flat shoes": ("Flats",),
    "ballet flats": ("Flats",), "coat": ("Jackets",), "outerwear": ("Jackets", "Rain Jacket"),
    "windbreaker": ("Jackets",), "undershirt": ("Innerwear Vests",),
    "singlet": ("Innerwear Vests",), "baseball cap": ("Caps",), "hat": ("Caps", "Hat"),
    "headwear": ("Caps", "Hat"), "sweatpants": ("Track Pants",), "joggers": ("Track Pants",),
    "tracksuit bottoms": ("Track Pants",), "necktie": ("Ties",), "cravat": ("Ties",),
    "perfume": ("Perfume and Body Mist",), "fragrance": ("Perfume and Body Mist",),
    "scent": ("Perfume and Body Mist",), "cologne": ("Perfume and Body Mist",),
    "brassiere": ("Bra",), "lingerie": ("Bra", "Briefs"), "frock": ("Dresses",),
    "gown": ("Dresses",), "body spray": ("Deodorant",), "deo": ("Deodorant",),
    "sari": ("Sarees",), "scarf": ("Scarves", "Mufflers", "Stoles"), "shawl": ("Stoles",),
    "wrap": ("Stoles", "Scarves"), "ear studs": ("Earrings",), "nail varnish": ("Nail Polish",),
    "nail lacquer": ("Nail Polish",), "cropped trousers": ("Capris",),
    "three-quarter pants": ("Capris",), "computer bag": ("Laptop Bag",),
    "briefcase": ("Laptop Bag",), "gym bag": ("Duffel Bag",), "holdall": ("Duffel Bag",),
    "lippy": ("Lipstick",), "pyjamas": ("Night suits", "Nightdress"),
    "pjs": ("Night suits", "Nightdress"), "sleepwear": ("Night suits", "Nightdress"),
    "jewellery": ("Earrings", "Necklace and Chains", "Pendant", "Ring", "Bangle"),
    "jewelry": ("Earrings", "Necklace and Chains", "Pendant", "Ring", "Bangle"),
}  # fmt: skip

COLOURS: Words = {
    "navy": ("Navy Blue",), "dark blue": ("Navy Blue",), "midnight blue": ("Navy Blue",),
    "royal blue": ("Blue",), "sky blue": ("Blue",), "azure": ("Blue",), "bluish": ("Blue",),
    "crimson": ("Red",), "scarlet": ("Red",), "bright red": ("Red",), "ruby": ("Red",),
    "wine": ("Maroon", "Burgundy"), "wine red": ("Maroon", "Burgundy"),
    "dark red": ("Maroon", "Burgundy"), "violet": ("Purple",), "lilac": ("Lavender", "Purple"),
    "gray": ("Grey",), "slate": ("Grey", "Charcoal"), "ash": ("Grey",),
    "dark grey": ("Charcoal", "Grey"), "ivory": ("Cream", "Off White"),
    "off-white": ("Off White", "Cream"), "camel": ("Tan", "Beige"), "sand": ("Beige",),
    "chocolate": ("Brown", "Coffee Brown"), "dark brown": ("Brown", "Coffee Brown"),
    "chestnut": ("Brown",), "fuchsia": ("Pink", "Magenta"), "hot pink": ("Pink", "Magenta"),
    "rosy": ("Pink",), "emerald": ("Green",), "grass green": ("Green",),
    "army green": ("Olive", "Khaki"), "lemon": ("Yellow",), "sunny yellow": ("Yellow",),
    "jet black": ("Black",), "pitch black": ("Black",), "snow white": ("White",),
    "all white": ("White",), "golden": ("Gold",), "silvery": ("Silver", "Steel"),
    "tangerine": ("Orange",), "turquoise": ("Turquoise Blue", "Teal"), "aqua": ("Teal",),
    "multicoloured": ("Multi",), "colourful": ("Multi",),
}  # fmt: skip

WEARERS: Words = {
    "men": ("Men",), "a man": ("Men",), "guys": ("Men",), "a guy": ("Men",), "him": ("Men",),
    "my husband": ("Men",), "my boyfriend": ("Men",), "my dad": ("Men",), "gents": ("Men",),
    "my father": ("Men",), "my brother": ("Men",), "a gentleman": ("Men",), "male": ("Men",),
    "women": ("Women",), "a woman": ("Women",), "a lady": ("Women",), "ladies": ("Women",),
    "her": ("Women",), "my wife": ("Women",), "my girlfriend": ("Women",), "mum": ("Women",),
    "my mom": ("Women",), "my sister": ("Women",), "female": ("Women",),
    "a girl": ("Girls", "Women"), "my daughter": ("Girls",), "a little girl": ("Girls",),
    "a boy": ("Boys",), "my son": ("Boys",), "a little boy": ("Boys",),
    "a child": ("Boys", "Girls"), "kids": ("Boys", "Girls"), "anyone": ("Unisex",),
    "men or women": ("Unisex",), "both of us": ("Unisex",),
}  # fmt: skip

OCCASIONS: Words = {
    "for the gym": ("Sports",), "to run in": ("Sports",), "for jogging": ("Sports",),
    "for training": ("Sports",), "for my workout": ("Sports",), "to do sports in": ("Sports",),
    "for the office": ("Formal",), "for work": ("Formal",), "for an interview": ("Formal",),
    "for a business meeting": ("Formal",), "that looks smart": ("Formal", "Smart Casual"),
    "for every day": ("Casual",), "for the weekend": ("Casual",), "to relax in": ("Casual",),
    "for daily use": ("Casual",), "for a festival": ("Ethnic",), "for a puja": ("Ethnic",),
    "in traditional style": ("Ethnic",), "indian style": ("Ethnic",),
}  # fmt: skip

# Said often, and true of anything.
_ANY = (
    "for a party", "for a wedding", "for a date", "for the holidays", "for my birthday",
    "for a trip", "for summer", "for rainy days", "as a gift", "on sale", "under fifty dollars",
    "that lasts", "that goes with jeans", "that is comfortable", "i can wear tonight",
)  # fmt: skip
_NICE = (
    "nice", "cool", "stylish", "good", "simple", "cheap", "comfortable", "pretty", "trendy",
    "elegant", "new", "decent", "classic", "quality", "cute", "fancy", "plain",
)  # fmt: skip
_FRAMES = (
    "{}", "{}", "{}", "{}", "i need {}", "i want {}", "looking for {}", "i am looking for {}",
    "show me {}", "find me {}", "do you have {}", "any {}", "{} please", "i'd like {}",
    "where can i get {}", "where do i buy {}", "searching for {}", "some {}", "got any {}?",
    "what about {}", "can you recommend {}", "need to buy {}", "help me find {}", "best {}",
)  # fmt: skip
_THING = ("something", "anything", "something to wear", "an item", "clothes", "stuff")


def called(values: Mapping[str, str]) -> list[str]:
    """Return every word that may mean a pin with these attribute values."""
    found: list[str] = []
    for key, words in _LEXICON.items():
        value = values.get(key, "")
        found += [word for word, covers in words.items() if value and value in covers]
    return found


_LEXICON: Mapping[str, Words] = {
    "articleType": KINDS,
    "baseColour": COLOURS,
    "gender": WEARERS,
    "usage": OCCASIONS,
}


def _words_for(key: str, value: str) -> list[str]:
    return [word for word, covers in _LEXICON[key].items() if value in covers]


class Sentence:
    """One free wording of a pin's attributes, put together part by part; `facts` are its claims."""

    def __init__(self, values: Mapping[str, str], rng: random.Random) -> None:
        self._values, self._rng = values, rng
        self.facts: list[tuple[str, str]] = []
        self.text = self._say()

    def _pick(self, key: str, chance: float, plain: float) -> str:
        """Name a value by another word, or by itself with probability `plain`, or not at all."""
        value = self._values.get(key, "")
        if not value or self._rng.random() >= chance:
            return ""
        words = _words_for(key, value)
        if not words or self._rng.random() < plain:
            self.facts.append((key, value))
            return value.lower()
        word = self._rng.choice(words)
        self.facts.append(("called", word))
        return word

    def _say(self) -> str:
        rng = self._rng
        kind = self._pick("articleType", 0.9, 0.5)
        colour = self._pick("baseColour", 0.7, 0.65)
        wearer = self._pick("gender", 0.4, 0.0)
        occasion = self._pick("usage", 0.2, 0.0)
        if not kind:
            thing = rng.choice(_THING)
            body = f"{thing} {'in ' if rng.random() < 0.3 else ''}{colour}" if colour else thing
        elif colour and rng.random() < 0.25:
            body = f"{kind} in {colour}"
        elif colour and rng.random() < 0.1:
            body = f"{colour} coloured {kind}"
        else:
            body = f"{colour} {kind}".strip()
        if rng.random() < 0.2 and kind:
            body = f"{rng.choice(_NICE)} {body}"
        if rng.random() < 0.2 and kind:
            body = f"a {body}"
        tail = [f"for {wearer}"] if wearer else []
        tail += [occasion] if occasion else [rng.choice(_ANY)] if rng.random() < 0.2 else []
        rng.shuffle(tail)
        return rng.choice(_FRAMES).format(" ".join([body, *tail]))
