# SPDX-License-Identifier: Apache-2.0
"""Options of scripts, where what cannot be understood is told in one line that names it, with exit status 2; --help has the rest.

    options = Parser(page=__doc__)                      --help prints this, and nothing else; without: as argparse's
    options.add_argument("--runs", type=from_on(1))     a whole number from 1 on
"""
import argparse
import os
import sys


class Parser(argparse.ArgumentParser):
    def __init__(self, page=None, **more):
        super().__init__(prog=f"scripts/{os.path.basename(sys.argv[0])}", allow_abbrev=False, **more)
        self.page = page

    def format_help(self):
        return self.page.strip() + "\n" if self.page else super().format_help()

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help tells what there is\n")


def from_on(least, kind=int):
    def number(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"takes a {'whole ' * (kind is int)}number from {least} on, not \"{text}\"")
        return value
    return number
