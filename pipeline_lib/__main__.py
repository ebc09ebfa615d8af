"""``python -m pipeline_lib <stage> <command>``, which is ``clp``: every stage of the workflow, by hand."""

from pipeline_lib.command_line.root import main

if __name__ == "__main__":
    main()
