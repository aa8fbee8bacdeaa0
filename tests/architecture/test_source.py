from __future__ import annotations

import ast
import re
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Module

MODULE_LINES = 400
FUNCTION_LINES = 50
SHAPELESS = {"util", "utils", "helper", "helpers", "common", "manager", "base", "misc", "core", "lib"}
BROAD = {"Exception", "BaseException"}
IDENTIFYING = re.compile(
    r"patient_?(name|id\b|birth|address|sex|age)|other_patient|accession|physician|operators?_?name|institution_?name"
    r"|issuer_of_patient|medical_record",
    re.IGNORECASE,
)
"""Attributes of PS3.15 annex E that a careless line would write out, in either spelling."""
LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log", "event"}


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(node: ast.AST) -> int:
    """Lines of a function's body without its docstring."""
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _names(node: ast.AST) -> Iterator[str]:
    """Every name, attribute and keyword argument below a node, and texts that a value is looked up by."""
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Subscript(slice=ast.Constant(value=str(name))):
                yield name


def _mentions_patient(node: ast.AST) -> bool:
    return any(IDENTIFYING.search(name) for name in _names(node))


def test_no_module_is_longer_than_a_person_reads_at_once(everything: list[Module]) -> None:
    long = {module.name: n for module in everything if (n := len(module.text.splitlines())) > MODULE_LINES}

    assert everything
    assert long == {}


def test_no_function_is_longer_than_a_screen(everything: list[Module]) -> None:
    long = [
        f"{module.name}:{function.lineno} {function.name}: {_lines(function)} lines"
        for module in everything
        for function in _functions(module)
        if _lines(function) > FUNCTION_LINES and "/migrations/" not in module.name
    ]

    assert long == []


def test_functions_are_small(product: list[Module]) -> None:
    sizes = [_lines(function) for module in product for function in _functions(module)]

    assert statistics.median(sizes) <= 8


def test_modules_are_named_after_what_is_in_them(product: list[Module]) -> None:
    assert [module.name for module in product if SHAPELESS & set(module.path.with_suffix("").parts[-2:])] == []


def test_every_module_says_what_it_is_for(product: list[Module]) -> None:
    assert [module.name for module in product if module.text.strip() and not ast.get_docstring(module.tree)] == []


def test_log_lines_hold_no_attribute_that_identifies(product: list[Module]) -> None:
    calls = [
        f"{module.name}:{node.lineno}"
        for module in product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) in LOGGING
        and any(_mentions_patient(part) for part in [*node.args, *node.keywords])
    ]

    assert calls == []


def test_texts_of_errors_hold_no_attribute_that_identifies(product: list[Module]) -> None:
    raised = [
        f"{module.name}:{node.lineno}"
        for module in product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise) and node.exc is not None and _mentions_patient(node.exc)
    ]

    assert raised == []


def test_broad_handlers_are_where_the_style_allows_them(product: list[Module]) -> None:
    """One guard around each job or loop, one around a model's own code; each says why on its line."""
    silent = [
        f"{module.name}:{node.lineno}"
        for module in product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in BROAD))
        and not re.search(r"#.*\w{4}", module.text.splitlines()[node.lineno - 1].partition("except")[2])
    ]

    assert silent == []


def test_tests_never_patch_our_own_modules_or_sleep(everything: list[Module]) -> None:
    tests = [module for module in everything if module.name.startswith("tests/")]
    found = [
        module.name
        for module in tests
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr == "sleep" and ast.unparse(node) == "time.sleep")
        or (isinstance(node, ast.ImportFrom) and node.module == "unittest.mock")
        or (isinstance(node, ast.Import) and any(alias.name.startswith("unittest.mock") for alias in node.names))
    ]

    assert tests
    assert found == []
