from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "web/index.html"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both kinds of package, made of the pages that `make ui` has built."""
    if not (ROOT / "src/ostler" / PAGE).exists():
        pytest.fail("This test needs the built pages. Build them: make ui", pytrace=False)
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "HATCH_BUILD_NO_HOOKS": "true"},
        check=True,
        capture_output=True,
    )
    return folder


def test_the_wheel_carries_the_pages_the_types_and_the_migrations(built):
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {f"ostler/{PAGE}", "ostler/py.typed", "ostler/cli/__init__.py"} <= names
    assert any(name.startswith("ostler/web/assets/") for name in names)
    assert any(name.startswith("ostler/store/migrations/") for name in names)


def test_the_wheel_fits_every_machine(built):
    [wheel] = built.glob("*.whl")

    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_source_package_carries_the_pages_and_nothing_that_npm_installed(built):
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as package:
        names = [name.partition("/")[2] for name in package.getnames()]

    assert f"src/ostler/{PAGE}" in names
    assert [name for name in names if "node_modules" in name] == []
    assert {"LICENSE", "README.md", "ui/package-lock.json"} <= set(names)
