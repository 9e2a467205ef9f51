#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Credential routes of cupel-egress by itself; the cases are python.
exec python3 -B "$(dirname "$0")/../egress/route_cases.py" "$@"
