#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The recipes of a Markdown file as programs.

    cookbook.py FILE.md list               the headings of all recipes that have commands
    cookbook.py FILE.md "HEADING"          one as a script for bash: a block ```sh is run, a block ```LANGUAGE PATH is written to
                                           PATH (below the home folder with ~/, else beside the repository)
"""
import re
import shlex
import sys


def recipes(text):
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        yield heading.strip(), re.findall(r"^```([^\n]*)\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)


def script(blocks):
    yield "set -eu"
    for info, text in blocks:
        language, _, path = info.partition(" ")
        if path:
            place = '"$HOME"/' + shlex.quote(path[2:]) if path.startswith("~/") else "../" + shlex.quote(path)
            yield f'mkdir -p "$(dirname {place})"\ncat >{place} <<\'END OF THE FILE\'\n{text}END OF THE FILE'
        elif language == "sh":
            yield text.rstrip("\n")
        else:
            sys.exit(f"a block of {language or 'nothing'} is neither run nor written")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        found = dict(recipes(file.read()))
    if sys.argv[2] == "list":
        print("\n".join(heading for heading, blocks in found.items() if blocks))
    else:
        print("\n".join(script(found[sys.argv[2]])))


main()
