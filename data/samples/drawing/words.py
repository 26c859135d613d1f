"""What people write on pins: descriptions, boards, prices; it knows attributes, not pictures."""

from __future__ import annotations

import random
from collections.abc import Mapping

NAMES: dict[str, tuple[str, ...]] = {
    "dress": ("dress", "dress", "frock", "gown"), "skirt": ("skirt",), "t-shirt": ("t-shirt",
    "tee", "t-shirt", "top"),
    "shirt": ("shirt", "button-down shirt", "blouse"), "sweater": ("sweater", "jumper", "knit",
    "pullover"),
    "trousers": ("trousers", "pants", "trousers"), "coat": ("coat", "overcoat", "winter coat",
    "jacket"),
    "sneakers": ("sneakers", "trainers", "sneakers", "running shoes"), "boots": ("boots",
    "ankle boots", "boots"),
    "handbag": ("handbag", "bag", "purse", "handbag"), "hat": ("hat", "hat"), "scarf": ("scarf",
    "scarf", "shawl"),
    "lamp": ("lamp", "lamp", "light"), "chair": ("chair", "chair", "seat"), "sofa": ("sofa",
    "couch", "settee"),
    "vase": ("vase", "vase", "flower vase"), "plant": ("plant", "houseplant", "potted plant"),
    "rug": ("rug", "carpet", "rug"),
    "clock": ("wall clock", "clock"), "mug": ("mug", "coffee mug", "cup"), "bed": ("bed", "bed",
    "bedding"),
    "cushion": ("cushion", "throw pillow", "cushion"), "teapot": ("teapot", "teapot", "tea pot"),
    "bookshelf": ("bookshelf", "bookcase", "book shelves"), "cake": ("cake", "layer cake",
    "birthday cake"),
    "cupcake": ("cupcake", "muffin", "cupcake"), "pizza": ("pizza", "homemade pizza"),
    "salad": ("salad", "green salad"),
    "soup": ("soup", "creamy soup", "soup"), "coffee": ("coffee", "cup of coffee", "latte",
    "cappuccino"),
    "ice cream": ("ice cream", "gelato", "ice cream"), "donut": ("donut", "doughnut", "donut"),
    "apple": ("apple", "apples"), "pear": ("pear", "pears"), "bananas": ("bananas", "banana"),
    "pancakes": ("pancakes", "stack of pancakes"), "beach": ("beach", "seaside", "beach", "shore"),
    "mountains": ("mountains", "mountain view", "mountains", "alps"), "forest": ("forest", "woods",
    "forest"),
    "city": ("city skyline", "skyline", "city"), "desert": ("desert", "dunes", "desert"),
    "lake": ("lake", "lakeside", "lake"),
    "lighthouse": ("lighthouse",), "cottage": ("cottage", "little house", "cottage"),
    "waterfall": ("waterfall", "falls"),
}  # fmt: skip
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "grey": ("grey", "gray"), "teal": ("teal", "turquoise", "teal"), "beige": ("beige",
    "sand-coloured", "beige"),
    "purple": ("purple", "violet", "purple"), "white": ("white", "white", "off-white"),
    "blue": ("blue", "blue", "navy blue"),
}  # fmt: skip
PATTERN_WORDS: dict[str, tuple[str, ...]] = {
    "striped": ("striped", "stripy", "striped"), "dotted": ("dotted", "polka dot", "spotted"),
    "checked": ("checked", "plaid", "checkered", "tartan"), "floral": ("floral", "flower print",
    "flowery"),
    "plain": ("plain", "", "", "", "simple"),
}  # fmt: skip
SETTING_WORDS: dict[str, tuple[str, ...]] = {
    "studio": ("", "", "on a plain background"), "hanger": ("on a hanger", "on the rail",
    "hanging in the hallway"),
    "street": ("in town", "street style", "on the street"), "park": ("in the park",
    "for a walk in the park"),
    "flat lay": ("flat lay", "laid out"), "shelf": ("on a shelf", "on the shelf"),
    "living room": ("in the living room", "for the living room"), "bedroom": ("in the bedroom",
    "for the bedroom"),
    "office": ("in a home office", "for the home office"), "kitchen": ("in the kitchen",
    "on the kitchen counter"),
    "table": ("on the table", "on a wooden table"), "picnic": ("at a picnic",
    "for a picnic in the grass"),
    "cafe": ("in a cafe", "at the coffee shop"), "terrace": ("on the terrace",
    "outdoors on the patio"),
    "morning": ("in the morning", "on a soft morning", "at dawn"), "noon": ("at noon",
    "on a sunny day", "in bright daylight"),
    "sunset": ("at sunset", "at golden hour", "at dusk"), "night": ("at night", "under the stars",
    "by moonlight"),
}  # fmt: skip
BOARDS: dict[str, tuple[str, ...]] = {
    "dress": ("Summer outfits", "Dresses I love", "Wedding guest ideas"),
    "skirt": ("Summer outfits", "Skirt season"),
    "t-shirt": ("Casual wardrobe", "Summer outfits"), "shirt": ("Office wardrobe",
    "Capsule wardrobe"),
    "sweater": ("Winter wardrobe", "Cosy knits"), "trousers": ("Office wardrobe",
    "Capsule wardrobe"),
    "coat": ("Winter wardrobe", "Coats & layers"), "sneakers": ("Shoe wishlist", "Casual wardrobe"),
    "boots": ("Shoe wishlist", "Winter wardrobe"), "handbag": ("Bags bags bags", "Wishlist"),
    "hat": ("Accessories", "Capsule wardrobe"),
    "scarf": ("Accessories", "Winter wardrobe"), "mug": ("Kitchen things", "Gift ideas"),
    "teapot": ("Kitchen things", "Tea time"),
    "vase": ("Pretty ceramics", "Cosy living room"), "bed": ("Bedroom inspo", "Dream bedroom"),
    "plant": ("Plants everywhere", "Urban jungle"),
    "cake": ("Birthday ideas", "Baking"), "cupcake": ("Baking", "Sweet treats"),
    "donut": ("Sweet treats", "Weekend brunch"),
    "ice cream": ("Sweet treats", "Summer!"), "pizza": ("Weeknight dinners", "Pizza night"),
    "salad": ("Healthy eating", "Weeknight dinners"),
    "soup": ("Weeknight dinners", "Comfort food"), "coffee": ("Coffee time", "Weekend brunch"),
    "pancakes": ("Weekend brunch", "Breakfast ideas"),
    "apple": ("Healthy eating", "Still life"), "pear": ("Still life", "Healthy eating"),
    "bananas": ("Healthy eating", "Breakfast ideas"),
    "outfit": ("Outfit ideas", "Capsule wardrobe"), "room": ("Cosy living room", "Home inspo"),
}  # fmt: skip
FAMILY_BOARDS: dict[str, tuple[str, ...]] = {
    "fashion": ("Style", "Outfit ideas"), "home": ("Cosy living room", "Home inspo",
    "New apartment"),
    "food": ("Food", "Yum"), "places": ("Places to go", "Bucket list", "Travel dreams",
    "Wallpapers"),
}  # fmt: skip
PLAIN_TEMPLATES = (
    "{thing}",
    "{thing} {where}",
    "{colour} {pattern} {name} {where}",
    "{pattern} {name} {where}",
)
TEMPLATES: dict[str, tuple[str, ...]] = {
    "fashion": ("{thing}, so easy to wear", "Love this {thing} {where}", "{thing} {where}",
    "How to style a {thing}",
                "New in: {thing}", "My favourite {name} this season, {colour} and {feel}",
                "{thing} ♥", "{name} {where}",
                "Found this {thing} while shopping", "{feel} {thing}"),
    "home": ("{thing} {where}", "{thing} to brighten up the room", "Need this {thing}!",
    "Cosy corner with a {thing}",
             "{feel} {thing} {where}", "DIY idea: {thing}", "{name} {where}",
             "Small space, big impact: {thing}"),
    "food": ("{thing} {where}", "Easy {thing} recipe", "The best {thing} ever",
    "{thing}, ready in 20 minutes", "{feel} {thing}",
             "Sunday {name} {where}", "{name} {where}", "Homemade {thing} 😋"),
    "places": ("{name} {where}", "{where}: {name}", "{feel} {name} {where}",
    "Take me back to this {name}", "{name} {where} ✨",
               "Where to see the best {name}", "Quiet {name} {where}",
               "{name} {where}, one day I will go"),
}  # fmt: skip
FEEL: dict[str, tuple[str, ...]] = {
    "fashion": ("effortless", "elegant", "relaxed", "timeless", "casual"), "home": ("cosy",
    "modern", "charming", "minimalist", "vintage"),
    "food": ("delicious", "fresh", "easy", "sweet little", "homemade"), "places": ("dreamy",
    "peaceful", "wild", "beautiful", "misty"),
}  # fmt: skip
TAGS: dict[str, tuple[str, ...]] = {
    "fashion": ("#ootd", "#style", "#fashion", "#wardrobe"), "home": ("#homedecor", "#interior",
    "#cozyhome", "#decor"),
    "food": ("#foodie", "#recipe", "#yum", "#baking"), "places": ("#travel", "#wanderlust",
    "#nature", "#view"),
}  # fmt: skip
GERMAN: dict[str, str] = {
    "dress": "Kleid", "skirt": "Rock", "t-shirt": "T-Shirt", "shirt": "Hemd",
    "sweater": "Pullover", "trousers": "Hose", "coat": "Mantel",
    "sneakers": "Turnschuhe", "boots": "Stiefel", "handbag": "Handtasche", "hat": "Hut",
    "scarf": "Schal", "lamp": "Lampe", "chair": "Stuhl",
    "sofa": "Sofa", "vase": "Vase", "plant": "Zimmerpflanze", "rug": "Teppich", "clock": "Wanduhr",
    "mug": "Tasse", "bed": "Bett",
    "cushion": "Kissen", "teapot": "Teekanne", "bookshelf": "Bücherregal", "cake": "Kuchen",
    "cupcake": "Törtchen", "pizza": "Pizza",
    "salad": "Salat", "soup": "Suppe", "coffee": "Kaffee", "ice cream": "Eis", "donut": "Donut",
    "apple": "Äpfel", "pear": "Birnen",
    "bananas": "Bananen", "pancakes": "Pfannkuchen", "beach": "Strand", "mountains": "Berge",
    "forest": "Wald", "city": "Stadt",
    "desert": "Wüste", "lake": "See", "lighthouse": "Leuchtturm", "cottage": "Häuschen",
    "waterfall": "Wasserfall",
}  # fmt: skip
FRENCH: dict[str, str] = {
    "dress": "robe", "skirt": "jupe", "t-shirt": "t-shirt", "shirt": "chemise", "sweater": "pull",
    "trousers": "pantalon", "coat": "manteau",
    "sneakers": "baskets", "boots": "bottes", "handbag": "sac à main", "hat": "chapeau",
    "scarf": "écharpe", "lamp": "lampe", "chair": "chaise",
    "sofa": "canapé", "vase": "vase", "plant": "plante verte", "rug": "tapis", "clock": "horloge",
    "mug": "tasse", "bed": "lit",
    "cushion": "coussin", "teapot": "théière", "bookshelf": "bibliothèque", "cake": "gâteau",
    "cupcake": "petit gâteau", "pizza": "pizza",
    "salad": "salade", "soup": "soupe", "coffee": "café", "ice cream": "glace", "donut": "beignet",
    "apple": "pommes", "pear": "poires",
    "bananas": "bananes", "pancakes": "crêpes", "beach": "plage", "mountains": "montagnes",
    "forest": "forêt", "city": "ville",
    "desert": "désert", "lake": "lac", "lighthouse": "phare", "cottage": "chaumière",
    "waterfall": "cascade",
}  # fmt: skip
FARBEN = {"red": "rot", "orange": "orange", "yellow": "gelb", "green": "grün", "teal": "türkis",
    "blue": "blau", "purple": "lila",
          "pink": "rosa", "brown": "braun", "black": "schwarz", "white": "weiß", "grey": "grau",
          "beige": "beige"}  # fmt: skip
COULEURS = {"red": "rouge", "orange": "orange", "yellow": "jaune", "green": "vert",
    "teal": "turquoise", "blue": "bleu", "purple": "violet",
            "pink": "rose", "brown": "marron", "black": "noir", "white": "blanc", "grey": "gris",
            "beige": "beige"}  # fmt: skip
MERCHANTS: dict[str, tuple[str, ...]] = {
    "fashion": ("Maison Linden", "Northbay Clothing", "Oak & Thread", "Pardal", "Studio Vesna",
    "Ferrymen Shoes"),
    "home": ("Hearth & Fjord", "Casa Mirto", "Lumen Loft", "Brick Lane Living", "Kiln Street"),
}  # fmt: skip
PRICES: dict[str, tuple[int, int]] = {
    "dress": (39, 180), "skirt": (25, 95), "t-shirt": (12, 45), "shirt": (25, 90), "sweater": (35,
    140), "trousers": (35, 120),
    "coat": (90, 390), "sneakers": (49, 160), "boots": (69, 240), "handbag": (45, 320), "hat": (19,
    80), "scarf": (15, 90),
    "lamp": (35, 260), "chair": (79, 480), "sofa": (390, 1900), "vase": (14, 90), "plant": (9, 70),
    "rug": (49, 420), "clock": (19, 110),
    "mug": (8, 28), "bed": (190, 1200), "cushion": (12, 60), "teapot": (22, 85), "bookshelf": (89,
    640), "outfit": (90, 390),
}  # fmt: skip


UNSAID = ("coffee", "pancakes", "salad", "plant")
"""Kinds whose colour nobody mentions."""


def describe(rng: random.Random, a: Mapping[str, str]) -> str:
    """Return an English description that follows from the attributes, rarely naming all."""
    if a["kind"] == "scene":
        return _scene(rng, a)
    family = a["family"]
    name = rng.choice(NAMES[a["kind"]])
    colour = a.get("colour", "") if family != "places" and a["kind"] not in UNSAID else ""
    colour = rng.choice(COLOUR_WORDS.get(colour, (colour,)))
    pattern = rng.choice(PATTERN_WORDS.get(a.get("pattern", ""), ("",)))
    where = rng.choice(SETTING_WORDS[a["setting"]])
    thing = " ".join(
        x
        for x in (
            colour if rng.random() < 0.85 else "",
            pattern if rng.random() < 0.85 else "",
            name,
        )
        if x
    )
    template = rng.choice(TEMPLATES[family] if rng.random() < 0.7 else PLAIN_TEMPLATES)
    text = template.format(
        thing=thing,
        name=name,
        colour=colour,
        pattern=pattern,
        where=where,
        feel=rng.choice(FEEL[family]),
    )
    text = " ".join(text.replace("  ", " ").replace(" ,", ",").split()).strip(" :,")
    for plural in (
        "trousers",
        "pants",
        "sneakers",
        "trainers",
        "boots",
        "ankle boots",
        "running shoes",
        "bananas",
        "pancakes",
    ):
        if name == plural:
            text = text.replace("a " + thing, thing).replace("this " + thing, "these " + thing)
    text = text[:1].upper() + text[1:]
    if rng.random() < 0.18:
        text += " " + " ".join(rng.sample(TAGS[family], rng.choice((1, 2))))
    return text


def _scene(rng: random.Random, a: Mapping[str, str]) -> str:
    kinds, colours = a["holds"].split("; "), a["colours"].split("; ")
    things = [f"{c} {k}" if k not in UNSAID else k for k, c in zip(kinds, colours, strict=True)]
    listed = ", ".join(things[:-1]) + " and " + things[-1]
    return rng.choice(("{s}: {l}", "{s} with {l}", "{s} inspiration: {l}")).format(
        s=a["scene"].capitalize(), l=listed
    )


def translate(rng: random.Random, a: Mapping[str, str], language: str) -> str:
    """Return a short German or French description."""
    kind, colour = a["kind"], "" if a["kind"] in UNSAID else a.get("colour", "")
    if language == "de":
        text = (
            rng.choice(("{n} in {c}", "{n} – ganz in {c}", "Mein Lieblingsstück: {n} in {c}"))
            if colour
            else rng.choice(("{n}, einfach schön", "{n} zum Träumen"))
        )
        return text.format(n=GERMAN[kind], c=FARBEN.get(colour, ""))
    text = (
        rng.choice(("{n} {c}", "{n} {c}, coup de cœur", "Idée déco et style : {n} {c}"))
        if colour
        else rng.choice(("{n}, quel rêve", "belle idée : {n}"))
    )
    text = text.format(n=FRENCH[kind], c=COULEURS.get(colour, ""))
    return text[:1].upper() + text[1:]


def board(rng: random.Random, a: Mapping[str, str]) -> str:
    """Return a board's name as people choose them."""
    kind = a.get("scene", a["kind"])
    return rng.choice(
        (*BOARDS.get(kind, FAMILY_BOARDS[a["family"]]), *FAMILY_BOARDS[a["family"]][:1])
    )


def offer(rng: random.Random, a: Mapping[str, str]) -> dict[str, str]:
    """Return price, currency, merchant and link of a product; a link only for the rest."""
    kind = a.get("scene", a["kind"])
    slug = kind.replace(" ", "-")
    if kind not in PRICES or a["family"] not in MERCHANTS:
        site = "recipes" if a["family"] == "food" else "journal"
        return (
            {"link": f"https://example.org/{site}/{slug}-{rng.randint(100, 999)}"}
            if rng.random() < 0.7
            else {}
        )
    merchant = rng.choice(MERCHANTS[a["family"]])
    low, high = PRICES[kind]
    price = f"{rng.randint(low, high)}.{rng.choice(('00', '00', '90', '95', '99', '50'))}"
    shop = merchant.lower().replace(" & ", "-").replace(" ", "-")
    return {
        "link": f"https://{shop}.example/{slug}/{rng.randint(1000, 9999)}",
        "price": price, "currency": rng.choice(("EUR", "EUR", "USD", "GBP")), "merchant": merchant,
    }  # fmt: skip
