#!/usr/bin/env python3
"""Makes the tables of Leistungsschluessel, OZG-Leistungen and Lebenslagen that ship with the program.

    leika.py KATALOG LEBENSLAGEN DIR

KATALOG is JSON Lines in gzip, one Leistung of the LeiKa a line, with `leika`, `titel` and, where there are any,
`typ`, `ozg_id`, `ozg_leistung` and `lebenslage`; LEBENSLAGEN is CSV with `lebenslage` and `themenfeld`. Both are extracts of
`doc-dev/databases/symfony.data.sql` in the repository kdn-nrw/OZG-Datenbank-NRW. Writes `leika.tsv`,
`ozg-leistungen.tsv` and `lebenslagen.tsv` into DIR; the same input gives the same bytes.
"""

import csv
import gzip
import json
import re
import sys
from pathlib import Path

SOURCE = """\
# Source: kdn-nrw/OZG-Datenbank-NRW, commit d6dafea5, doc-dev/databases/symfony.data.sql, state October 2019.
# Licence: MIT, Copyright (c) 2020 Gert Hammes; its text is in OZG-Datenbank-NRW.LICENSE. Made by leika.py.
"""
# Names that would give a code too long for an address, or one that says the opposite of short.
CODES = {
    "(Drohender) Arbeitsplatzverlust & -suche": "arbeitsplatzverlust",
    "Finanzielle Existenzsicherung/Unterstützung bei finanziellen Problemen": "finanzielle-existenzsicherung",
    "Gerichtliche und außergerichtliche Verfahren": "gerichtliche-verfahren",
    "Rechtsverstöße - Anzeigen und Hilfen für Opfer": "rechtsverstoesse",
}
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def code(name: str) -> str:
    """What stands for a Lebenslage in addresses."""
    return CODES.get(name) or re.sub(r"[^a-z0-9]+", "-", name.lower().translate(UMLAUTS)).strip("-")


def tidy(text: str) -> str:
    return " ".join(text.split())


def typ(text: str) -> str:
    """The codes of Typisierung as digits in their order; - where none is given, or one that does not exist."""
    codes = sorted(set(re.findall(r"\d+", text)))
    return "".join(codes) if codes and all(len(code) == 1 and code in "1234567" for code in codes) else "-"


def write(path: Path, what: str, rows) -> None:
    lines = ["\t".join(row) for row in sorted(rows)]
    path.write_text(f"# {what}\n{SOURCE}" + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def main(katalog: str, lebenslagen: str, out: str) -> None:
    keys, ozg = set(), {}
    with gzip.open(katalog, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if not re.fullmatch(r"99\d{12}", row.get("leika") or ""):
                continue
            service = row.get("ozg_id", "-")
            keys.add((row["leika"], service, typ(row.get("typ") or ""), tidy(row["titel"])))
            if service != "-":
                ozg[service] = (service, code(row["lebenslage"]), tidy(row["ozg_leistung"]))
    with open(lebenslagen, encoding="utf-8", newline="") as table:
        situations = {(code(row["lebenslage"]), tidy(row["lebenslage"]), tidy(row["themenfeld"])) for row in csv.DictReader(table)}
    missing = {row[1] for row in ozg.values()} - {row[0] for row in situations}
    assert not missing, f"no row for {missing}"
    folder = Path(out)
    write(folder / "leika.tsv", "Leistungsschluessel, OZG-Leistung, Typisierung (- for none), name. Earlier names of a key are lines of their own.", keys)
    write(folder / "ozg-leistungen.tsv", "OZG-Leistung, Lebenslage, name.", ozg.values())
    write(folder / "lebenslagen.tsv", "Lebenslage, name, Themenfeld.", situations)


if __name__ == "__main__":
    main(*sys.argv[1:])
