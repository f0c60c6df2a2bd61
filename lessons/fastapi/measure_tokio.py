"""Runs the Rust program that measures axum on Tokio, and says with which versions: as TOML."""

import subprocess
import tomllib
from pathlib import Path

from figures import Figures

ROOT = Path(__file__).parents[2]
# Without the texts, which contain what is to be measured.
EXAMPLE = (
    "cargo run --quiet --release --package glassworks-lessons --no-default-features"
    " --example measure_tokio"
)


def toolchain(command: str) -> str:
    """What a command of the project's toolchain prints."""
    command = [ROOT / "scripts/with-toolchain", *command.split()]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


with (ROOT / "Cargo.lock").open("rb") as lock:
    locked = {package["name"]: package["version"] for package in tomllib.load(lock)["package"]}
versions = {name: locked[name] for name in ("tokio", "axum", "hyper")}
versions = {"rustc": toolchain("rustc --version").split()[1], **versions}
measured = toolchain(EXAMPLE)
note = (
    "a release build; the server has a multi_thread runtime of its own, the prober is a plain"
    " thread; other programs ran on the machine"
)
Figures("lessons/fastapi/measure tokio", note, versions).print()
print(measured, end="")
