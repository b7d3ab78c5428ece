"""Reading the program's own source: what a file imports, calls and defines, with aliases followed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "annotators", "pipeline", "training", "starter", "ui", "server")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A Python file of the program: its path from the root, and what it says."""

    path: str
    text: str

    @property
    def package(self) -> str:
        return self.path.split("/")[0]

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def tree(self) -> ast.Module:
        return _parse(self.text)


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def program() -> tuple[Source, ...]:
    """Every Python file that ships and is neither test nor benchmark."""
    files = [ROOT / "app.py", ROOT / "launch.py"]
    for package in PACKAGES:
        files += sorted((ROOT / package).rglob("*.py"))
    return tuple(Source(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files)


def imported(source: Source, *, at_import: bool) -> Iterator[tuple[int, str]]:
    """(line, module) of every import; with `at_import` only of those that run when the file is imported."""
    nodes = _run_at_import(source.tree.body) if at_import else ast.walk(source.tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = source.module if source.path.endswith("__init__.py") else source.module.rpartition(".")[0]
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            yield node.lineno, ".".join([*base, *([node.module] if node.module else [])])


def _run_at_import(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every node that is evaluated when the file is imported: no function bodies, nothing for type checkers alone."""
    for node in nodes:
        if isinstance(node, ast.If) and _is_for_others(node.test):
            yield from _run_at_import(node.orelse)
            continue
        yield from _outside_functions(node)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    body: list[ast.AST] = []
    if isinstance(node, FunctionNode | ast.Lambda):
        if not isinstance(node, ast.Lambda):
            body += node.decorator_list
        body += [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
    else:
        body += ast.iter_child_nodes(node)
    for child in body:
        yield from _outside_functions(child)


def _is_for_others(test: ast.expr) -> bool:
    """`if TYPE_CHECKING:` and `if __name__ == "__main__":`."""
    return "TYPE_CHECKING" in ast.dump(test) or "__main__" in ast.dump(test)


def dotted_at_import(source: Source) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that is looked up while the file is imported."""
    yield from _dotted(_run_at_import(source.tree.body), _aliases(source))


def dotted(source: Source) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every name and attribute: `import cv2 as c; c.imread` gives "cv2.imread"."""
    yield from _dotted(ast.walk(source.tree), _aliases(source))


def _dotted(nodes: Iterator[ast.AST], aliases: dict[str, str]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            name = name_of(node)
            head, dot, tail = name.partition(".")
            yield node.lineno, f"{aliases.get(head, head)}{dot}{tail}"


def name_of(node: ast.AST) -> str:
    """`a.b.c` as text; what stands before a call or index counts as `?`."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def _aliases(source: Source) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """(call, dotted name of what is called), aliases followed."""
    aliases = _aliases(source)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            head, dot, tail = name_of(node.func).partition(".")
            yield node, f"{aliases.get(head, head)}{dot}{tail}"


def functions(source: Source) -> Iterator[tuple[str, int]]:
    """(name, lines) of every function, docstring and decorators included."""
    for node in ast.walk(source.tree):
        if isinstance(node, FunctionNode):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
