"""What the documentation shows works as it stands there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support import LIMIT, Process, Server, eventually, offered

from glassworks import Client, State

PACKAGE = Path(__file__).parent.parent
PROJECT = PACKAGE.parent.parent
GUIDE = PROJECT / "docs" / "fastapi.md"


def blocks(text: str) -> list[str]:
    """The blocks of Python in a text."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("readme", [PACKAGE / "README.md", PROJECT / "README.md"])
def test_a_readme_shows_a_worker_that_works(
    server: Server, client: Client, tmp_path: Path, readme: Path
) -> None:
    worker = blocks(readme.read_text())[0]
    user = blocks((PACKAGE / "README.md").read_text())[1]
    for name, block in (("worker", worker), ("user", user)):
        here = re.sub(r"http://(127\.0\.0\.1|localhost):8000", server.url, block)
        assert server.url in here
        (tmp_path / f"{name}.py").write_text(here)
    running = Process([sys.executable, str(tmp_path / "worker.py")], environment())
    try:
        offered(client, "resize")
        using = Process([sys.executable, str(tmp_path / "user.py")], environment())
        assert using.ended() == 0
        using.says("reading cat.png")
        using.says("{'width': 800}")
    finally:
        running.kill()


def test_the_guide_shows_the_example() -> None:
    example = (PACKAGE / "examples" / "fastapi_app.py").read_text()
    shown = blocks(GUIDE.read_text())
    assert len(shown) == 3
    for block in shown:
        assert block in example


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(PACKAGE / "examples"), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **more}


@pytest.fixture
def application(server: Server) -> Iterator[str]:
    """The example's address."""
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", "0"]
    running = Process(command, environment(GLASSWORKS_URL=server.url))
    try:
        yield running.says("running on http://").split("running on ")[1].split()[0]
    finally:
        running.kill()


def test_the_example_does_what_the_guide_says(
    server: Server, client: Client, application: str
) -> None:
    command = [sys.executable, "-m", "glassworks", "fastapi_app:worker"]
    worker = Process(command, environment(GLASSWORKS_URL=server.url))
    try:
        offered(client, "build_report")
        with httpx.Client(base_url=application, timeout=LIMIT) as web:
            assert web.post("/reports", json={"customer": "seven"}).status_code == 422
            answer = web.post("/reports", json={"customer": 7, "months": 3})
            assert answer.status_code == 202
            report = answer.json()
            said = web.get(f"/reports/{report['id']}/output").text
            assert said.splitlines()[-1] == "customer 7: reading month 3"
            path = f"/reports/{report['id']}"
            over = eventually("its end", lambda: ended(web.get(path).json()))
            assert over["result"] == {"customer": 7, "total": 6}
            assert over["progress"] == {"fraction": 1.0, "message": "month 3 of 3"}
            assert "customer 7: reading month 3" in httpx.get(report["page"]).text
            assert web.get("/reports/nothing").status_code == 404
            schema = next(it.schema for it in client.kinds() if it.kind == "build_report")
            assert schema is not None
            assert schema["required"] == ["customer"]
    finally:
        worker.kill()


def ended(report: dict[str, object]) -> dict[str, object] | None:
    return report if State(str(report["state"])).is_final else None
