"""Let atheris look for inputs that reach new branches: ``python -m tests.faults.coverage_guided PARSER``."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pipeline_lib"]):
    from pipeline_lib.errors import PipelineError
    from tests.faults.parsers import PARSERS


def main() -> None:
    parser = PARSERS[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{parser.ending}"

        def read(content: bytes) -> None:
            path.write_bytes(content)
            try:
                parser.read(path)
            except PipelineError:
                return

        atheris.Setup(sys.argv, read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
