"""Code blocks of a markdown page; a comment ``<!-- file: NAME -->`` above one says which file it is."""

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w+)\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """One code block: its language, its text, and the file that it stands for (empty: none)."""

    kind: str
    content: str
    file: str


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    return [Block(found["kind"], found["content"], found["file"] or "") for found in _BLOCK.finditer(text)]


def commands_of(block: Block) -> list[str]:
    """Return the command lines of a bash block, without comments, continued lines joined."""
    joined = block.content.replace("\\\n", " ")
    lines = (re.sub(r"\s+#\s.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
