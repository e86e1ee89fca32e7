"""What a page says to programs and to readers, by readers that are not ours: extruct (JSON-LD) and lxml (text and links).

Reads lines of JSON {"url", "html"} and answers each with one of {"jsonld", "text", "links", "canonical"}.
"""

import json
import sys

import extruct
import html_text
from lxml import html


def read(page):
    tree = html.fromstring(page["html"])
    main = tree.xpath("//main")[0]
    return {
        "jsonld": extruct.extract(page["html"], base_url=page["url"], syntaxes=["json-ld"])["json-ld"],
        "text": " ".join(html_text.extract_text(html.tostring(main, encoding="unicode"), guess_layout=False).split()),
        "links": [str(href) for href in tree.xpath("//a/@href")],
        "canonical": [str(href) for href in tree.xpath("//link[@rel='canonical']/@href")],
    }


for line in sys.stdin:
    print(json.dumps(read(json.loads(line))), flush=True)
