"""Names of characters, from other sources than the program's table: Python's own list of HTML's names, and for the Greek
sets of ISO that HTML leaves out (isogrk1, isogrk2, isogrk4) the names that Unicode gives to their letters."""

import unicodedata
from html.entities import html5

XML = ("amp", "apos", "gt", "lt", "quot")
LETTERS = {
    "a": "ALPHA", "b": "BETA", "g": "GAMMA", "d": "DELTA", "e": "EPSILON", "z": "ZETA", "ee": "ETA", "th": "THETA",
    "i": "IOTA", "k": "KAPPA", "l": "LAMDA", "m": "MU", "n": "NU", "x": "XI", "o": "OMICRON", "p": "PI", "r": "RHO",
    "s": "SIGMA", "t": "TAU", "u": "UPSILON", "ph": "PHI", "kh": "CHI", "ps": "PSI", "oh": "OMEGA",
}
ACCENTED = {
    "acgr": (" WITH TONOS", ("a", "e", "ee", "i", "o", "u", "oh")),
    "digr": (" WITH DIALYTIKA", ("i", "u")),
}
BOLD = {
    "alpha": "ALPHA", "beta": "BETA", "gamma": "GAMMA", "delta": "DELTA", "epsi": "EPSILON", "zeta": "ZETA", "eta": "ETA",
    "thetas": "THETA", "iota": "IOTA", "kappa": "KAPPA", "lambda": "LAMDA", "mu": "MU", "nu": "NU", "xi": "XI", "pi": "PI",
    "rho": "RHO", "sigma": "SIGMA", "tau": "TAU", "upsi": "UPSILON", "phi": "PHI", "chi": "CHI", "psi": "PSI",
    "omega": "OMEGA", "sigmav": "FINAL SIGMA", "gammad": "DIGAMMA",
}
SYMBOLS = {"epsiv": "EPSILON", "thetav": "THETA", "kappav": "KAPPA", "phiv": "PHI", "rhov": "RHO", "piv": "PI"}
CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsi", "Phi", "Psi", "Omega", "Gammad")


def names() -> dict[str, str]:
    """Every name but XML's own five, and its characters."""
    html = {name[:-1]: text for name, text in html5.items() if name.endswith(";")}
    return {name: text for name, text in {**greek(), **bold(), **html}.items() if name not in XML}


def greek():
    """isogrk1 and isogrk2."""
    letter = "GREEK {} LETTER {}{}".format
    found = {"sfgr": letter("SMALL", "FINAL SIGMA", "")}
    for short, name in LETTERS.items():
        found[short + "gr"] = letter("SMALL", name, "")
        found[short.upper() + "gr"] = letter("CAPITAL", name, "")
    for end, (accent, of) in ACCENTED.items():
        for short in of:
            found[short + end] = letter("SMALL", LETTERS[short], accent)
            found[short.upper() + end] = letter("CAPITAL", LETTERS[short], accent)
    for short in ("i", "u"):
        found[short + "diagr"] = letter("SMALL", LETTERS[short], " WITH DIALYTIKA AND TONOS")
    return {name: unicodedata.lookup(character) for name, character in found.items()}


def bold():
    """isogrk4."""
    small = {name: f"SMALL {letter}" for name, letter in BOLD.items()}
    symbols = {name: f"{letter} SYMBOL" for name, letter in SYMBOLS.items()}
    capitals = {name: f"CAPITAL {BOLD.get(name.lower(), 'THETA')}" for name in CAPITALS}
    found = {**small, **symbols, **capitals}
    return {f"b.{name}": unicodedata.lookup(f"MATHEMATICAL BOLD {character}") for name, character in found.items()}


def declarations(characters: dict[str, str]) -> str:
    """A document type declaration with these entities."""
    def value(text):
        # What XML would take for markup is a reference in the text of the entity, too.
        return "".join(f"&#38;#{ord(c)};" if c in "<&" else f"&#{ord(c)};" for c in text)

    return "<!DOCTYPE r [" + "".join(f"<!ENTITY {name} '{value(text)}'>" for name, text in characters.items()) + "]>"


def content(characters) -> str:
    """A document with an element for each name."""
    return "<r>" + "".join(f"<d>a&{name};b</d>" for name in characters) + "</r>"
