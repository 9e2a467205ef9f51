# SPDX-License-Identifier: Apache-2.0
"""Options of scripts, where what cannot be understood is told in one line that names it, with exit status 2; --help has the rest.

    options = Parser(usage=__doc__)                     as argparse's
    options.add_argument("--runs", type=from_on(1))     a whole number from 1 on
"""
import argparse


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; scripts/{self.prog} --help tells what there is\n")


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
