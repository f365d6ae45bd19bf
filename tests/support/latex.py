"""LaTeX that is complete, and that compiles where a compiler is installed."""

import re
import shutil
import subprocess

import pytest


def assert_whole_latex(text):
    """Environments nest, braces balance, every table row has its columns, no bare special letter."""
    open_environments = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            open_environments.append(name)
        else:
            assert open_environments.pop() == name
    assert open_environments == []
    plain = re.sub(r"\\[\\{}]", "", text)
    assert plain.count("{") == plain.count("}")
    for columns, body in re.findall(r"\\begin\{tabular\}\{(l?r*)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) > 2
        for row in rows:
            spanned = sum(int(span) - 1 for span in re.findall(r"\\multicolumn\{(\d+)\}", row))
            assert len(re.findall(r"(?<!\\)&", row)) + 1 + spanned == len(columns), row
    assert re.findall(r"(?<!\\)[_#^]", re.sub(r"\\label\{[^}]*\}|^%.*$", "", text, flags=re.MULTILINE)) == []


def compile_latex(paths, folder):
    """Typeset the fragments; without a LaTeX the test is skipped and the structural one stands alone."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: the structural test stands alone")
    tables = "".join(rf"\input{{{path}}}" for path in paths)
    packages = r"\usepackage[utf8]{inputenc}\usepackage{booktabs,graphicx}"
    document = rf"\documentclass{{article}}{packages}\begin{{document}}{tables}\end{{document}}"
    (folder / "paper.tex").write_text(document)
    command = ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if "File `" in done.stdout and ".sty' not found" in done.stdout:
        pytest.skip("this LaTeX has no booktabs")
    assert done.returncode == 0, done.stdout[-2000:]
