# SPDX-License-Identifier: Apache-2.0
"""Where scripts/bench measures: a folder with homes and repositories of its own, programs timed in it, and the rows that come of it.

    bench = Bench(args)         args: those of scripts/bench
    bench.timed(argv, repo)     milliseconds of a whole process; another exit status than expected ends the bench
    bench.row(...)              one figure beside its bound: printed, and kept for --json
    bench.remove()              all of it, but with --keep
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import quick

TOP = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("CUPEL_BIN", TOP / "build" / "bin"))
BWRAP = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "true"]
VERIFIERS = ["--verify", "v=true"]


class Bench:
    def __init__(self, args):
        self.args = args
        self.rows, self.series, self.bin = [], {}, BIN
        self.folder = Path(args.keep or tempfile.mkdtemp(prefix="cupel-bench-", dir=quick.folder() if args.quick else None))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = dict(os.environ, HOME=str(self.folder / "home"), XDG_STATE_HOME=str(self.folder / "state"),
                        XDG_CACHE_HOME=str(self.folder / "cache"), XDG_CONFIG_HOME=str(self.folder / "config"),
                        GIT_CONFIG_NOSYSTEM="1", PATH=f"{BIN}:{os.environ['PATH']}")
        for name in ("GIT_DIR", "GIT_WORK_TREE", "CUPEL_STATE", "CUPEL_CACHE"):
            self.env.pop(name, None)
        (self.folder / "home").mkdir(exist_ok=True)
        self.serial = 0

    def sh(self, argv, cwd=None, check=True, **kw):
        return subprocess.run(argv, cwd=cwd, env=self.env, check=check, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, **kw)

    def timed(self, argv, cwd=None, ok=(0,)):
        begin = time.perf_counter()
        done = subprocess.run(argv, cwd=cwd, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        took = (time.perf_counter() - begin) * 1000
        if done.returncode not in ok:
            sys.exit(f"bench: {' '.join(map(str, argv))[:300]}: exit {done.returncode}\n"
                     f"{done.stdout.decode(errors='replace')[-800:]}{done.stderr.decode(errors='replace')[-800:]}")
        return took

    def row(self, name, value, unit, bound, met, beside=""):
        self.rows.append({"row": name, "value": round(value, 3), "unit": unit, "bound": bound, "met": bool(met),
                          "beside": beside})
        mark = "met" if met else "MISSED"
        print(f"{name:<44} {value:>10.2f} {unit:<8} bound {bound:<22} {mark:<7} {beside}", flush=True)

    # ---- repositories ----

    def repository(self, name, files):
        path = self.folder / name
        if (path / ".git").exists():
            return path
        path.mkdir()
        self.sh(["git", "init", "-q", "-b", "main"], path)
        self.sh(["git", "config", "user.name", "Bench"], path)
        self.sh(["git", "config", "user.email", "bench@example.org"], path)
        self.sh(["git", "config", "maintenance.auto", "false"], path)  # else a commit leaves git packing in the background for seconds
        for i in range(files):
            folder = path / f"d{i // 1000:03}" / f"e{i // 50 % 20:02}"
            if i % 50 == 0:
                folder.mkdir(parents=True, exist_ok=True)
            (folder / f"f{i:06}.txt").write_text(f"file {i}\n" + "some text of a small source file\n" * (i % 40))
        self.sh(["git", "add", "-A"], path)
        self.sh(["git", "commit", "-q", "-m", "base"], path)
        self.sh(["git", "repack", "-adq"], path)  # as in a clone
        self.sh(["git", "branch", "landing"], path)
        self.sh([BIN / "cupel", "admit", "--yes"], path)
        os.sync()  # a hundred thousand files on their way to the disk would be measured with the first row
        return path

    def run_argv(self, script, target="landing", extra=()):
        """Each run has an item of its own: with one for all, each would read what the twenty attempts before it noted."""
        self.serial += 1
        return [BIN / "cupel", "run", "--quiet", "--json", "--target", target, "--title", f"bench {self.serial}", *VERIFIERS, *extra, "--",
                "sh", "-c", script.replace("@", str(self.serial))]

    def remove(self):
        if not self.args.keep:
            subprocess.run(["chmod", "-R", "u+rwX", self.folder], check=False, stderr=subprocess.DEVNULL)
            shutil.rmtree(self.folder, ignore_errors=True)
