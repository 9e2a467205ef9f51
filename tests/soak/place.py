# SPDX-License-Identifier: Apache-2.0
"""Where a soak works: Place(folder, programs).make(origin) returns its base commit; the judge looks at the same place afterwards."""
import os
import subprocess
from pathlib import Path

import kinds


class Place:
    """Home, state, cache and repository of their own."""

    def __init__(self, folder, programs):
        self.folder, self.repo, self.state = folder, f"{folder}/repo", f"{folder}/state/cupel"
        # nothing of the caller's is seen by what runs here
        self.env = {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "HOME": f"{folder}/home", "XDG_STATE_HOME": f"{folder}/state",
                    "XDG_CACHE_HOME": f"{folder}/cache", "XDG_CONFIG_HOME": f"{folder}/config", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}

    def sh(self, *argv, check=True, data=None, **env):
        done = subprocess.run(argv, cwd=self.repo, env={**self.env, **env}, input=data, stdin=None if data else subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, argv))[:200]}: {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
        return done.stdout.strip()

    def store(self):
        return next(Path(self.state, "repos").glob("*/store.db"))

    def mounts(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return [line for line in file if self.folder in line]

    def make(self, origin):
        os.makedirs(f"{self.folder}/home")
        if origin:
            subprocess.run(["git", "clone", "-q", origin, self.repo], env=self.env, check=True)
        else:
            subprocess.run(["git", "init", "-q", "-b", "main", self.repo], env=self.env, check=True)
        for key, value in (("user.name", "Soak"), ("user.email", "soak@example.org")):
            self.sh("git", "config", "--global", key, value)
        files = {".cupel/policy.yaml": kinds.POLICY, "soak/verify.sh": kinds.VERIFY, f"soak/slots/s{kinds.SLOTS - 1:04d}": f"item-{900 * kinds.SLOTS + kinds.SLOTS - 1:06d}\n",
                 **{f"soak/shared-{i}": f"shared-{i}\n" for i in range(kinds.SHARED)}}
        for name, text in files.items():
            path = Path(self.repo, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        os.chmod(f"{self.repo}/soak/verify.sh", 0o755)
        self.sh("git", "add", "-A")
        self.sh("git", "commit", "-q", "-m", "soak: base")
        for branch in ("landing", "quiet"):
            self.sh("git", "branch", "-f", branch)
        Path(self.folder, "quiet.yaml").write_text(kinds.POLICY.replace("target: landing", "target: quiet"), encoding="utf-8")
        self.sh("cupel", "admit", "--yes")
        return self.sh("git", "rev-parse", "landing")
