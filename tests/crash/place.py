# SPDX-License-Identifier: Apache-2.0
"""A place to crash in: a home, a state, a cache and a repository of their own, and the runs that are made there.

    place = Place(folder, programs, gate)
    place.make()                              as after `git init` and `cupel admit`, and one run that committed
    place.run(SCENARIOS["landing"], 7, "director", ["-e", "inject=fsync:signal=KILL:when=3"])
    place.recover()                           the next command
"""
import json
import os
import shutil
import subprocess

import upstream

POLICY = """verifiers:
  unit: {run: ./check.sh, timeout: 60s}
  late: {run: "false", timeout: 60s, gate: director, scope: ["never/**"]}
prices: {"*": {input: 10, output: 100}}
agents:
  asks:
    command: [sh, /cupel/bundle/work.sh]
    network: {routes: {api: {upstream: "http://127.0.0.1:%d", header: {x-api-key: env CRASH_API_KEY}, meter: anthropic,
      allow: [POST /v1/messages], env: {API_URL: "{url}"}}}}
"""
ASK = """curl -s -m 20 -o /dev/null -H 'content-type: application/json' "$API_URL/v1/messages" \\
  -d '{"model": "model-a", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}'
"""

# What a run is asked, and what must be in its commit. `agent`: one of the policy's, whose step has a network. `cold`: nothing was built or made before it.
SCENARIOS = {
    "landing": {"target": "landing", "work": "echo {n} >src/a.txt", "files": {"src/a.txt": "{n}\n"}},
    "checkout": {"target": "main", "work": "echo {n} >src/a.txt; echo {n} >src/new-{n}.txt",
                 "files": {"src/a.txt": "{n}\n", "src/new-{n}.txt": "{n}\n"}},
    "pack": {"target": "landing", "work": "mkdir -p d; for i in $(seq 120); do echo {n} $i >d/$i; done", "files": {"d/120": "{n} 120\n"}},
    "refused": {"target": "main", "work": "echo {n} >src/a.txt", "options": ["--verify", "late"]},
    "network": {"target": "landing", "work": ASK + "echo {n} >src/a.txt", "files": {"src/a.txt": "{n}\n"}, "agent": "asks"},
    "first": {"target": "main", "work": "echo {n} >src/a.txt", "files": {"src/a.txt": "{n}\n"}, "cold": True},
}

LIMIT = 150  # seconds until a run counts as hung: a machine under load may stall for long
# an ordinary user who may mount, in namespaces of his own; the programs must not have what he has there
PLAIN = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all"] if "CRASH_MOUNTS" in os.environ else []


class Place:
    port = None  # of the provider, one for all places

    def __init__(self, folder, programs, gate):
        self.folder, self.programs, self.gate = folder, programs, gate
        self.repo, self.state, self.log = f"{folder}/repo", f"{folder}/state/cupel", f"{folder}/log"
        self.serial = 0
        # root's clean environment: nothing of the caller's is seen by what runs here
        self.env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": f"{folder}/home", "XDG_STATE_HOME": f"{folder}/state",
                    "XDG_CACHE_HOME": f"{folder}/cache", "XDG_CONFIG_HOME": f"{folder}/config", "LC_ALL": "C.UTF-8",
                    "GIT_CONFIG_NOSYSTEM": "1", "CRASH_PLACE": folder, "CRASH_API_KEY": "sk-crash-5d0c3e9b7a41"}
        Place.port = Place.port or upstream.serve()

    def sh(self, *argv, check=True, cwd=None):
        words = argv if argv[0] in ("mount", "umount") else [*PLAIN, *argv]
        done = subprocess.run(words, cwd=cwd or self.repo, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=600)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)}: {done.returncode}: {done.stderr[-500:]}")
        return done

    def store(self):
        repos = os.path.join(self.state, "repos")
        return os.path.join(repos, os.listdir(repos)[0], "store.db")

    def clear(self):
        if os.path.lexists(self.folder):
            subprocess.run(["chmod", "-R", "u+rwX", self.folder], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(self.folder)

    def make(self, cold=False):
        """The same names each time: identity of repository and layers go by the path. What is cold is made once, and copied."""
        self.clear()
        self.serial = 0
        if cold and os.path.isdir(f"{self.folder}.cold"):
            subprocess.run(["cp", "-a", f"{self.folder}.cold", self.folder], check=True)
            self.sh("git", "update-index", "--refresh")
            return
        self.begin()
        if cold:
            subprocess.run(["cp", "-a", self.folder, f"{self.folder}.cold"], check=True)
        else:
            for name in ("landing", "checkout"):
                self.plain(SCENARIOS[name])

    def begin(self):
        for name in ("home", "repo/src", "log", "bundle"):
            os.makedirs(f"{self.folder}/{name}")
        for key, value in (("user.name", "Crash"), ("user.email", "crash@example.org"), ("init.defaultBranch", "main")):
            self.sh("git", "config", "--global", key, value)
        self.sh("git", "init", "-q", "--template=", self.repo)
        files = {"src/a.txt": "one\n", "src/b.txt": "two\n", "check.sh": "#!/bin/sh\ntest -f src/a.txt\n"}
        for name, text in files.items():
            with open(f"{self.repo}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        os.chmod(f"{self.repo}/check.sh", 0o755)
        with open(f"{self.folder}/policy.yaml", "w", encoding="utf-8") as file:
            file.write(POLICY % self.port)
        self.sh("git", "add", "-A")
        self.sh("git", "commit", "-q", "-m", "base")
        self.sh("git", "branch", "landing")
        self.sh("cupel", "admit", "--yes")

    def command(self, scenario, number):
        work = ("cupel note observation text=noted-{n} && echo noted-{n}; " + scenario["work"]).replace("{n}", str(number))
        options = scenario.get("options", [])
        if "agent" in scenario:
            with open(f"{self.folder}/bundle/work.sh", "w", encoding="utf-8") as file:
                file.write(work + "\n")
            asked = ["--agent", scenario["agent"], "--bundle", f"{self.folder}/bundle"]
        else:
            asked = ["--", "sh", "-c", work]
        return ["cupel", "run", "--json", "--quiet", "--policy", f"{self.folder}/policy.yaml", "--title", f"n{number}", "--mood", "calm",
                "--budget", "diff_files=500", "--target", scenario["target"], "--verify", "unit", *options, *asked]

    def plain(self, scenario):
        """A run that nothing happens to: its result."""
        self.serial += 1
        done = self.sh(*self.command(scenario, self.serial), check=False)
        return result_of(done.stdout) or {"outcome": f"exit {done.returncode}: {done.stderr[-300:]}"}

    def run(self, scenario, roles, options):
        """One run with strace at the processes named: (status, flags, roles met, result or None, stderr)."""
        self.serial += 1
        command = self.gated(roles, options, self.command(scenario, self.serial))
        done = self.sh(*command, check=False)
        return self.gate_told(done.stdout, done.stderr, self.serial)

    def gated(self, roles, options, command):
        for name in os.listdir(self.log):
            os.unlink(f"{self.log}/{name}")
        return [self.gate, "--limit", str(LIMIT), self.log, roles, *options, "--", *command]

    def gate_told(self, stdout, stderr, number):
        with open(f"{self.log}/gate", encoding="utf-8") as file:
            words = file.read().split()
        return {"status": int(words[0]), "words": words[1:], "result": result_of(stdout), "stderr": stderr, "number": number}

    def begin_command(self, *argv):
        return subprocess.Popen([*PLAIN, *argv], cwd=self.repo, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace")

    def skewed(self, scenario, at, seconds):
        """A run whose wall clock jumps by so many seconds when it is read for the at-th time; "readings": how often it was read."""
        self.serial += 1
        skew, readings = os.path.join(os.path.dirname(self.gate), "crash-skew"), f"{self.log}/readings"
        done = self.sh(skew, str(at), str(seconds), readings, "--", *self.command(scenario, self.serial), check=False)
        with open(readings, encoding="utf-8") as file:
            return {"status": done.returncode, "words": [], "result": result_of(done.stdout), "stderr": done.stderr, "number": self.serial,
                    "readings": int(file.read())}

    def small_disk(self, free):
        """The state on a disk of its own with so many KiB free; "ro": it cannot be written. Ends with whole_disk()."""
        state, saved = f"{self.folder}/state", f"{self.folder}/state.saved"
        shutil.rmtree(saved, ignore_errors=True)
        os.rename(state, saved)
        os.mkdir(state)
        self.sh("mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", state)
        self.sh("cp", "-a", f"{saved}/.", state)
        if free == "ro":
            self.sh("mount", "-o", "remount,ro", state)
            return
        left = os.statvfs(state)
        with open(f"{state}/ballast", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(4096, left.f_bavail * left.f_bsize - free * 1024))

    def room_again(self):
        self.sh("mount", "-o", "remount,rw", f"{self.folder}/state")
        if os.path.exists(f"{self.folder}/state/ballast"):
            os.unlink(f"{self.folder}/state/ballast")

    def whole_disk(self):
        self.sh("umount", f"{self.folder}/state")

    def told(self, scenario):
        self.serial += 1
        done = self.sh(*self.command(scenario, self.serial), check=False)
        return {"status": done.returncode, "words": ["disk"], "result": result_of(done.stdout), "stderr": done.stderr, "number": self.serial}

    def phase(self, number=None):
        """Of the run of this number, or the last, before anything recovers it; None where there is none."""
        done = self.sh("sqlite3", "-readonly", self.store(), f"SELECT phase FROM runs WHERE title = 'n{number or self.serial}'", check=False)
        return done.stdout.strip() or None

    @staticmethod
    def result_of(text):
        return result_of(text)

    def recover(self):
        return self.sh("cupel", "admit", "--yes", check=False)


def result_of(text):
    lines = text.strip().splitlines()
    try:
        value = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return value if isinstance(value, dict) and "outcome" in value else None
