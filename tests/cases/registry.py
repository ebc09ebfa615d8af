"""All cases."""

from tests.cases import knockouts, models, tables, workflows

CASES = [*models.CASES, *tables.CASES, *knockouts.CASES, *workflows.CASES]
