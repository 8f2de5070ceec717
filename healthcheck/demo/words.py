"""Words that the names of fictitious companies are made of."""

from __future__ import annotations

from random import Random

COUNTRIES = ("DE",) * 8 + ("FR",) * 4 + ("NL",) * 4 + ("PL",) * 3 + ("GB",) * 4 + ("US",) * 2 + ("AT",)
FORMS = {
    "DE": ("GmbH", "GmbH", "GmbH", "KG", "GmbH & Co. KG"),
    "AT": ("GmbH",),
    "FR": ("SARL", "SAS"),
    "NL": ("B.V.",),
    "PL": ("Sp. z o.o.",),
    "GB": ("Ltd",),
    "US": ("Inc.", "LLC"),
}
_GERMAN = (
    "Bau",
    "Holzbau",
    "Dach",
    "Ausbau",
    "Tiefbau",
    "Fertighaus",
    "Innenausbau",
    "Zimmerei",
    "Baustoffe",
    "Fassaden",
)
TRADES = {
    "DE": _GERMAN,
    "AT": _GERMAN,
    "FR": (
        "Construction",
        "Toitures",
        "Charpente",
        "Menuiserie",
        "Travaux",
        "Isolation",
        "Matériaux",
        "Bâtiment",
        "Façades",
    ),
    "NL": ("Bouw", "Dakwerken", "Timmerwerk", "Afbouw", "Infra", "Isolatie", "Houtbouw", "Bouwstoffen", "Gevels"),
    "PL": ("Bud", "Dom", "Dach", "Stolarka", "Konstrukcje", "Izolacje", "Materiały", "Drogi", "Fasady"),
    "GB": (
        "Builders",
        "Roofing",
        "Joinery",
        "Contractors",
        "Groundworks",
        "Insulation",
        "Homes",
        "Timber Frame",
        "Paving",
    ),
    "US": ("Builders", "Roofing", "Millwork", "Contractors", "Framing", "Insulation", "Homes", "Drywall", "Paving"),
}
CITIES = {
    "DE": ("Hamburg", "Kassel", "Rostock", "Ulm", "Trier", "Erfurt"),
    "AT": ("Linz", "Graz"),
    "FR": ("Lille", "Nantes", "Dijon", "Tours"),
    "NL": ("Zwolle", "Breda", "Delft", "Arnhem"),
    "PL": ("Poznań", "Łódź", "Lublin"),
    "GB": ("Leeds", "Exeter", "Derby", "Perth"),
    "US": ("Albany, NY", "Toledo, OH", "Salem, OR"),
}
INDUSTRIES = ("house building", "roofing", "joinery", "civil works", "merchant", "interior works")
_HEADS = tuple("Al Bern Cor Dor El Fal Gar Hal Il Jor Kel Lor Mar Nor Or Pel Quen Ros Sel Tor Ul Ves".split())
_TAILS = ("bach", "dane", "feld", "gard", "holm", "inga", "lund", "mont", "ova", "rune", "stede", "tal", "via", "wick")


def stems(random: Random) -> list[str]:
    """All first words, in an order that ``random`` decides."""
    made = [head + tail for head in _HEADS for tail in _TAILS]
    random.shuffle(made)
    return made
