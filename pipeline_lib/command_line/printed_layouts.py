"""The list of readers of networks or of feature tables, as a command prints it."""

from pipeline_lib.command_line.printed_rows import print_rows
from pipeline_lib.config.layouts import Layout
from pipeline_lib.extension.registry import Registry


def print_layouts(readers: Registry[Layout], *, as_json: bool) -> None:
    """Print each reader, the roles of its files, the layout that it understands, and the package that it is from."""
    layouts = {name: readers.get(name) for name in readers.names()}
    rows = [
        {
            "reader": name,
            "files": list(layout.roles) if as_json else " + ".join(layout.roles),
            "what it reads": layout.what,
            "package": readers.package_of(name),
        }
        for name, layout in layouts.items()
    ]
    print_rows(rows, as_json=as_json)
