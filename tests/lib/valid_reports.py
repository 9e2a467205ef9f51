#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the report.json of each packet is what docs/report.schema.json says, by a validator that is not ours.

usage: valid_reports.py PACKET... (with the system's Python: the validator is a package of Debian)
"""
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

schema = json.loads((Path(__file__).resolve().parents[2] / "docs/report.schema.json").read_text())
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
bad = 0
for packet in sys.argv[1:]:
    for error in validator.iter_errors(json.loads((Path(packet) / "evidence/report.json").read_text())):
        bad += 1
        print(f"{packet}: {'.'.join(map(str, error.path))}: {error.message[:300]}")
sys.exit(bool(bad))
