"""Holds sitemaps against the schema of sitemaps.org: `sitemap.py SCHEMA FILE...` prints a line for each fault."""

import sys

from lxml import etree

schema = etree.XMLSchema(etree.parse(sys.argv[1]))
for name in sys.argv[2:]:
    if not schema.validate(etree.parse(name)):
        for fault in schema.error_log:
            print(f"{name}:{fault.line}: {fault.message}")
