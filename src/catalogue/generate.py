#!/usr/bin/env python3
"""Writes models.tsv, the catalogue that the program embeds. A maintainer's script: no build, test or run needs it.

    python3 src/catalogue/generate.py FACTS.jsonl --as-of 2026-11-22

FACTS.jsonl has one JSON object a line, one line for each model of each vendor. Prices are decimal strings in US dollars
per 1,000,000 tokens. Read of it:

    provider, model       the vendor, and the id as the vendor's API takes it; `*` is every model of the vendor
    aliases               other ids of the same model
    mode                  chat, responses, embedding, ...
    price                 {input, output, cache_read, cache_write_5m, cache_write_1h, input_audio, output_audio,
                          input_image, output_image, reasoning}
    tiers                 [{over_input_tokens, price}]: the prices of calls whose whole prompt is larger
    variants              {batch, flex, priority, ...: {price, tiers}}: the prices of a service tier
    fees                  {web_search_per_1k: US dollars per 1,000, web_search_unit: per_prompt where not per search}
    time_windows          [{name, when: [{weekdays: [1 = Monday ... 7], hours_utc: ["00:00-01:00"]}], price}]
    scheduled             [{from: day, price}]: the price list from that day on
    context_window, max_output_tokens, knowledge_cutoff, release_date, deprecation_date, status
    capabilities          {tools: true, false or null where nobody says, ...}

    other_units           {audio_per_hour, per_1m_chars_in, per_1k_searches, image_out_each,
                          image_sizes: {QUALITY/SIZE or SIZE: US dollars each}}: read where tokens do not make the bill

Left out, because no usage report says how much of it a call consumed, or which of it applies: prices by the page, the
film or the request, other tools' fees, storage, surcharges by region.

extra.tsv, beside this script, holds lines written by hand, in the format of models.tsv; they are copied in.
docs/catalogue.md describes that format.
"""

import argparse
import json
import pathlib
import sys
from decimal import ROUND_HALF_UP, Decimal

HERE = pathlib.Path(__file__).parent
CAPABILITIES = ["tools", "parallel_tools", "vision", "pdf", "audio_in", "audio_out", "structured_output", "reasoning",
                "prompt_caching"]
LETTERS = {"input": "i", "cache_read": "r", "cache_write_5m": "w", "cache_write_1h": "W", "input_audio": "a",
           "input_image": "v", "output": "o", "reasoning": "t", "output_audio": "A", "output_image": "V"}
STEP = Decimal("0.000001")  # a pico-dollar a token
PICO = Decimal("0.000000000001")
PER_CALL = ("request_per_1k", "text_message_per_1k", "per_1k_requests")

rounded = []
uncountable = []


def amount(text, where):
    exact = Decimal(text)
    kept = exact.quantize(STEP, ROUND_HALF_UP)
    if kept != exact:
        rounded.append(f"{where}: {text} -> {kept}")
    digits = f"{kept:f}".rstrip("0").rstrip(".")
    return digits or "0"


def rates(price, where):
    return [letter + amount(price[kind], f"{where} {kind}") for kind, letter in LETTERS.items() if kind in price]


def search_fee(row, where):
    fees = row.get("fees") or {}
    if "web_search_per_1k" not in fees:
        return []
    letter = "q" if fees.get("web_search_unit") == "per_prompt" else "s"
    return [letter + amount(fees["web_search_per_1k"], f"{where} web_search")]


def window(facts):
    spans = "|".join(
        "".join(map(str, part["weekdays"])) + "/" + ",".join(h.replace("-00:00", "-24:00") for h in part["hours_utc"])
        for part in facts["when"])
    return f"~{facts['name']}={spans}"


def tiers(facts, head, where):
    for tier in facts.get("tiers") or []:
        yield head + [f">{tier['over_input_tokens']}"] + rates(tier["price"], where)


def billed_by_more_than_tokens(row):
    """Whether tokens alone would understate every bill: a fee a call, or a free text price beside a priced product."""
    price, fees, units = row.get("price") or {}, row.get("fees") or {}, row.get("other_units") or {}
    if "citation" in price or any(key.startswith(PER_CALL) for key in [*fees, *units]):
        return True
    free = all(Decimal(value) == 0 for value in price.values())
    return free and any(Decimal(value) != 0 for value in units.values() if isinstance(value, str))


def hourly(text, where):
    """The price of an hour whose second is a whole number of pico-dollars."""
    second = (Decimal(text) / 3600).quantize(PICO, ROUND_HALF_UP)
    hour = second * 3600
    if hour != Decimal(text):
        rounded.append(f"{where}: {text} -> {hour}")
    return f"{hour:f}".rstrip("0").rstrip(".")


def pieces(row, where):
    """What is billed by the piece where tokens are not: the standard price first, then those of sizes."""
    units, mode = row.get("other_units") or {}, row["mode"]
    if any(Decimal(value) != 0 for kind, value in (row.get("price") or {}).items() if kind in LETTERS):
        return []
    if mode == "audio_transcription" and "audio_per_hour" in units:
        return ["h" + hourly(units["audio_per_hour"], where)]
    if mode == "audio_speech" and "per_1m_chars_in" in units:
        return ["c" + amount(units["per_1m_chars_in"], where)]
    if mode == "rerank" and "per_1k_searches" in units:
        return ["k" + amount(units["per_1k_searches"], where)]
    if mode != "image":
        return []
    sizes = sorted((units.get("image_sizes") or {}).items())
    each = ["n" + amount(units["image_out_each"], where)] if "image_out_each" in units else []
    return each + [f"@{name} n{amount(price, where)}" for name, price in sizes if " " not in name]


def card(row):
    where = f"{row['provider']}/{row['model']}"
    price = row.get("price") or {}
    by_piece = pieces(row, where)
    if by_piece:
        return ";".join(by_piece)
    if not price.keys() & LETTERS.keys():
        return ""
    if billed_by_more_than_tokens(row):
        uncountable.append(where)
        return ""
    fee = search_fee(row, where)
    sections = [rates(price, where) + fee, *tiers(row, [], where)]
    for facts in row.get("time_windows") or []:
        sections.append([window(facts)] + rates(facts["price"], where))
    for name, facts in sorted((row.get("variants") or {}).items()):
        sections.append([f"@{name}"] + rates(facts.get("price") or {}, where))
        sections.extend(tiers(facts, [f"@{name}"], where))
    for facts in row.get("scheduled") or []:
        sections.append([f"!{facts['from']}"] + rates(facts["price"], where) + fee)
    return ";".join(" ".join(words) for words in sections)


def lines(row):
    said = row.get("capabilities") or {}
    digits = {True: "1", False: "0", None: "-"}
    yield [
        row["provider"], row["model"], row["mode"], str(row.get("context_window") or ""),
        str(row.get("max_output_tokens") or ""), "".join(digits[said.get(name)] for name in CAPABILITIES),
        row["status"], row.get("release_date") or "", row.get("deprecation_date") or "",
        row.get("knowledge_cutoff") or "", card(row),
    ]
    for alias in row.get("aliases") or []:
        yield [row["provider"], alias, "=" + row["model"]]


def main():
    parser = argparse.ArgumentParser(description="Writes the catalogue that the program embeds.")
    parser.add_argument("facts", type=pathlib.Path, help="a file of JSON lines")
    parser.add_argument("--as-of", required=True, help="the day of the facts, like 2026-11-22")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "models.tsv")
    args = parser.parse_args()

    rows = [json.loads(text) for text in args.facts.read_text(encoding="utf-8").splitlines() if text.strip()]
    table = ["\t".join(line) for row in rows for line in lines(row)]
    table += (HERE / "extra.tsv").read_text(encoding="utf-8").splitlines()
    keys = [tuple(line.split("\t")[:2]) for line in table]
    if len(set(keys)) != len(keys):
        sys.exit("an id or alias stands twice: " + ", ".join(sorted({"/".join(k) for k in keys if keys.count(k) > 1})))
    table.sort(key=lambda line: line.encode())
    text = "\n".join([f"#\t{args.as_of}", *table]) + "\n"
    args.out.write_text(text, encoding="utf-8")

    print(f"{len(rows)} models, {len(table)} lines, {len(text.encode())} bytes -> {args.out}", file=sys.stderr)
    for title, found in (("rounded to a pico-dollar a token", rounded), ("no price, as tokens do not make the bill",
                                                                       uncountable)):
        print(f"{len(found)} {title}", *found, sep="\n  ", file=sys.stderr)


if __name__ == "__main__":
    main()
