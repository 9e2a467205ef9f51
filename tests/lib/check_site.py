#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A published site, looked at as files: every link leads to a file of it (and to an id, where it names one), every file is in
SHA256SUMS and as it is there, nothing refers to another host, no page has a script, a style attribute or a handler, every page has its
content policy with the digest of its own stylesheet, headings go down one level at a time, and every id is there once.

    check_site.py SITE        prints what is wrong, one line each; exit 1 where anything is
"""

import base64
import hashlib
import html.parser
import os
import sys
import urllib.parse

LANDMARKS = {"header", "nav", "main", "footer"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.ids, self.headings, self.wrong = [], [], [], []
        self.landmarks, self.style, self.policy, self.lang, self.title, self.inside = set(), "", "", "", "", ""

    def handle_starttag(self, tag, attrs):
        got = dict(attrs)
        self.inside = tag
        self.landmarks |= {tag} & LANDMARKS
        if tag in ("script", "iframe", "object", "embed", "form", "img", "link", "base"):
            self.wrong.append(f"has a <{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "src", "srcset", "xlink:href"):
                self.wrong.append(f"<{tag}> has {name}={value!r}")
        if tag == "html":
            self.lang = got.get("lang", "")
        if tag == "meta" and got.get("http-equiv") == "Content-Security-Policy":
            self.policy = got["content"]
        if tag == "meta" and got.get("http-equiv", "").lower() == "refresh":
            self.wrong.append("refreshes itself")
        if "id" in got:
            self.ids.append(got["id"])
        if "href" in got:
            self.links.append(got["href"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "th" and got.get("scope") not in ("row", "col"):
            self.wrong.append("a <th> has no scope")

    def handle_data(self, data):
        if self.inside == "style":
            self.style += data
        if self.inside == "title":
            self.title += data

    def handle_endtag(self, tag):
        self.inside = ""


def read(site, path):
    with open(os.path.join(site, path), encoding="utf-8") as file:
        page = Page()
        page.feed(file.read())
        return page


def check_page(page):
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    yield from page.wrong
    if not page.policy.startswith("default-src 'none'; ") or f"'sha256-{digest}'" not in page.policy:
        yield f"its content policy is {page.policy!r}, its stylesheet {digest}"
    if page.lang != "en" or not page.title.strip():
        yield "has no language or no title"
    if page.landmarks != LANDMARKS:
        yield f"has the landmarks {sorted(page.landmarks)}"
    if page.headings[:1] != [1] or page.headings.count(1) != 1:
        yield "does not begin with its one h1"
    for before, after in zip(page.headings, page.headings[1:]):
        if after > before + 1:
            yield f"goes from h{before} to h{after}"
    for one in {i for i in page.ids if page.ids.count(i) > 1}:
        yield f"has the id {one!r} twice"


def check_links(site, path, page, pages):
    for link in page.links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc or parts.path.startswith("/"):
            yield f"leads out of the site: {link}"
            continue
        target = os.path.normpath(os.path.join(os.path.dirname(path), urllib.parse.unquote(parts.path))) if parts.path else path
        if target.startswith("..") or not os.path.isfile(os.path.join(site, target)):
            yield f"leads nowhere: {link}"
        elif parts.fragment and parts.fragment not in pages[target].ids:
            yield f"leads to no id: {link}"


def check_sums(site, files):
    sums = {}
    with open(os.path.join(site, "SHA256SUMS"), encoding="utf-8") as file:
        for line in file:
            digest, path = line.rstrip("\n").split("  ", 1)
            sums[path] = digest
    for path in sorted(files - {"SHA256SUMS"} ^ set(sums)):
        yield f"{path}: is only in SHA256SUMS or only in the site"
    for path in sorted(files & set(sums)):
        with open(os.path.join(site, path), "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != sums[path]:
                yield f"{path}: is not what SHA256SUMS says"


def main(site):
    files = {os.path.relpath(os.path.join(folder, name), site) for folder, _, names in os.walk(site) for name in names}
    pages = {path: read(site, path) for path in files if path.endswith(".html")}
    wrong = list(check_sums(site, files))
    for path, page in sorted(pages.items()):
        wrong += [f"{path}: {what}" for what in check_page(page)]
        wrong += [f"{path}: {what}" for what in check_links(site, path, page, pages)]
    print("\n".join(wrong) or f"{len(pages)} pages, {len(files)} files, nothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
