"""The one exception that a user is meant to read."""


class PipelineError(Exception):
    """Something that the user can mend: one sentence that states what is wrong, where, and what to do.

    The command line prints its text as a single line and exits with status 1; a traceback of any other exception
    is a defect of the pipeline.
    """

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is wrong, one sentence a fault."""
        return (str(self),)
