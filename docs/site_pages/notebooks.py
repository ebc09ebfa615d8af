"""Executed notebooks as pages: text, code, and the outputs that are stored in the file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def notebook_page(notebook: Path) -> str:
    """Write a notebook as Markdown with its stored outputs; a table or drawing is kept, else the plain text is shown.

    Raises
    ------
    ValueError
        When a code cell has not been executed: its page would show code without what it gives.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    parts = []
    for number, cell in enumerate(cells, start=1):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        if cell["execution_count"] is None:
            raise ValueError(f"{notebook}: cell {number} has not been executed; run the notebook and save it.")
        parts += [f"```python\n{source}\n```", *(_output(output) for output in cell["outputs"])]
    parts.append(f'<p>Executed as shown: <a href="{notebook.name}" download>the notebook itself</a>.</p>')
    return "\n\n".join(parts) + "\n"


def _output(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _plain("".join(output["text"]))
    data = {kind: "".join(text) for kind, text in output["data"].items()}
    if "image/svg+xml" in data:
        return _block(data["image/svg+xml"])
    if "image/png" in data:
        return f"![What the cell above draws](data:image/png;base64,{data['image/png'].strip()})"
    if "text/html" in data:
        return _block(data["text/html"])
    return _plain(data["text/plain"])


def _block(html: str) -> str:
    """Return HTML that Markdown passes on as one block: an empty line would end it."""
    lines = [line for line in html.splitlines() if line.strip()]
    return '<div class="output" tabindex="0">\n' + "\n".join(lines) + "\n</div>"


def _plain(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
