"""What was measured, as the TOML that the lessons read."""

import datetime
import platform
import socket


def machine() -> str:
    """The machine, in a few words."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return f"{len(models)} cores of {models[0]}, {platform.system()} {platform.release()}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Figures:
    """Figures in the order in which they were measured."""

    def __init__(self, command: str, note: str, versions: dict[str, str]) -> None:
        self.lines = [
            "# Written by the command below. Measure again instead of editing.",
            f'command = "{command}"',
            f'date = "{datetime.date.today()}"',
            f'machine = "{machine()}"',
            f'note = "{note}"',
            "",
            "[versions]",
            *(f'{name} = "{version}"' for name, version in versions.items()),
        ]

    def add(self, name: str, value: float, unit: str, what: str) -> None:
        """Takes a figure: `unit` is `ms` or what was counted."""
        value = round(value, 1) if unit == "ms" else int(value)
        self.lines += ["", "[[figure]]", f'id = "{name}"', f'what = "{what}"']
        self.lines += [f"value = {float(value)}", f'unit = "{unit}"']

    def print(self) -> None:
        print("\n".join(self.lines))
