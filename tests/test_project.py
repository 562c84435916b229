from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import ostler

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src/ostler"
GENERATED = {"src/ostler/ocpp/v16.py", "src/ostler/ocpp/v201.py", "src/ostler/ocpp/v21.py"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
# Put together here, so that this file does not hold what it forbids.
REGISTRIES = re.compile(
    "|".join(
        re.escape(f"{host}.{end}")
        for host, end in (
            ("pypi", "org"),
            ("files.pythonhosted", "org"),
            ("registry.npmjs", "org"),
            ("registry.yarnpkg", "com"),
            ("npmmirror", "com"),
            ("deb.debian", "org"),
        )
    )
)
MACHINE_PATHS = re.compile(r"(?:^|[^a-zA-Z0-9._<\-])/(?:work|farm|root|Users)/")


@cache
def tracked() -> tuple[str, ...]:
    """Tracked files, and new ones that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


@cache
def texts() -> dict[str, str]:
    """What stands in each tracked file that is text."""
    found = {}
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content[:8000]:
            found[name] = content.decode(errors="replace")
    return found


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax trees of the modules that people write."""
    return {
        name: ast.parse(text)
        for name, text in texts().items()
        if name.startswith(("src/", "tools/", "bench/"))
        and name.endswith(".py")
        and name not in GENERATED
        and "/migrations/versions/" not in name
    }


def places(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_tracked_file_names_the_host_of_a_registry():
    assert places(REGISTRIES) == []


def test_no_tracked_file_holds_a_path_of_one_machine():
    assert places(MACHINE_PATHS) == []


def test_no_uv_lock_is_kept_because_it_holds_download_addresses():
    assert [name for name in tracked() if name.endswith("uv.lock")] == []


def test_the_lock_of_the_pages_holds_hashes_and_no_addresses():
    packages = json.loads((ROOT / "ui/package-lock.json").read_text())["packages"]
    wanted = {name: entry for name, entry in packages.items() if name}

    assert [name for name, entry in wanted.items() if "://" in entry.get("resolved", "")] == []
    assert [name for name, entry in wanted.items() if not entry.get("integrity")] == []


def test_the_lock_of_the_pages_is_whole_so_that_every_machine_can_install_it():
    packages = json.loads((ROOT / "ui/package-lock.json").read_text())["packages"]
    present = {name.rpartition("node_modules/")[2] for name in packages}
    wanted = {
        name
        for entry in packages.values()
        for kind in ("dependencies", "optionalDependencies")
        for name in entry.get(kind, {})
    }

    assert wanted - present == set()


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_package_has_a_hash(lock: Path):
    entries = re.split(r"\n(?=[a-zA-Z0-9])", lock.read_text().strip())

    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in lock.read_text()


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-zA-Z0-9._-]", text)[0].lower() for text in requirements}


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = names((ROOT / "requirements/runtime.txt").read_text().splitlines())

    assert names(project["project"]["dependencies"]) <= locked


def test_every_development_dependency_is_locked():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = [text for group in groups.values() for text in group if isinstance(text, str)]

    assert names(wanted) <= names((ROOT / "requirements/dev.txt").read_text().splitlines())


def test_development_and_runtime_locks_agree():
    def versions(lock: str) -> dict[str, str]:
        return dict(
            re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
        )

    runtime, development = versions("runtime.txt"), versions("dev.txt")

    assert {name: development.get(name) for name in runtime} == runtime


def test_modules_are_short_enough_to_read():
    lengths = {name: len(texts()[name].splitlines()) for name in modules()}

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short_enough_to_read():
    long = [
        f"{name}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 >= LONGEST_FUNCTION
    ]

    assert long == []


def test_every_module_says_what_it_is():
    assert [name for name, tree in modules().items() if not ast.get_docstring(tree)] == []


def test_the_changelog_knows_the_version():
    assert f"## [{ostler.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_make_target_explains_itself():
    makefile = (ROOT / "Makefile").read_text()
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):[^=].*?## \S", makefile, re.MULTILINE)

    assert sorted(explained) == sorted(phony.split())


def test_every_decision_has_its_three_parts_and_fits_a_page():
    parts = ["## Context", "## Decision", "## Consequences"]
    pages = {path.name: path.read_text() for path in (ROOT / "docs/adr").glob("0*.md")}

    assert {
        name
        for name, text in pages.items()
        if [line for line in text.splitlines() if line[:3] == "## "] != parts
    } == set()
    assert {name for name, text in pages.items() if len(text.split()) > 600} == set()


def test_every_link_between_the_documents_leads_somewhere():
    broken = [
        f"{name}: {target}"
        for name, text in texts().items()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        if "://" not in target and not ((ROOT / name).parent / target).exists()
    ]

    assert broken == []


def test_the_source_tree_is_typed():
    assert (SOURCES / "py.typed").is_file()
