"""Faults of an SBML file after which libsbml goes on with a part of it, and the ids that the file writes."""

import re

import libsbml

from pipeline_lib.errors import PipelineError

_ESCAPED = re.compile(r"__(\d+)__")
_REACTION_TAG = re.compile(r"""<(?:\w+:)?reaction\s[^>]*?\bid=["']([^"']+)""")
_ASSOCIATION_TAG = re.compile(r"</?(?:\w+:)?geneProductAssociation")
_LOST_RULES = {
    libsbml.FbcReactionOnlyOneGeneProdAss,
    libsbml.FbcGeneProdAssocContainsOneElement,
    libsbml.FbcGeneProdRefAllowedAttribs,
}
_LOST_NUMBERS = {libsbml.FbcFluxObjectCoefficientMustBeDouble}
"""Faults after which libsbml goes on with a part of what stands in the file."""


def refuse_losses(document: "libsbml.SBMLDocument", text: str, where: str) -> None:
    """Refuse a document that libsbml has read only in part.

    Parameters
    ----------
    document
        What libsbml made of the text.
    text
        The file's content.
    where
        Its name, for the error.

    Raises
    ------
    PipelineError
        Names the line and, of a gene rule, the reaction.
    """
    for number in range(document.getNumErrors()):
        error = document.getError(number)
        line, code = error.getLine(), error.getErrorId()
        reason = " ".join(error.getShortMessage().split()).rstrip(".")
        if code == libsbml.MissingXMLRequiredAttribute and "geneAssociation" in error.getMessage():
            # In fbc 1 the association of a reaction should have an id; nothing refers to it.
            continue
        if error.getCategory() == libsbml.LIBSBML_CAT_XML or error.isFatal() or code in _LOST_NUMBERS:
            raise PipelineError(f"{where} is not a model that can be read whole: line {line}: {reason}; mend the file.")
        # libsbml names the place where the element begins that holds the fault.
        start = sum(len(passed) + 1 for passed in text.split("\n")[: line - 1]) + error.getColumn()
        before = text[: text.find(">", start) + 1]
        tags = _ASSOCIATION_TAG.findall(before)
        within = bool(tags) and not tags[-1].startswith("</")
        if code in _LOST_RULES or (code == libsbml.UnrecognizedElement and within):
            reactions = _REACTION_TAG.findall(before)
            raise PipelineError(
                f"{where}: reaction '{clipped(reactions[-1], 'R_') if reactions else '?'}': the gene rule in line "
                f"{line} is malformed ({reason}); mend it in the model."
            )


def clipped(identifier: str, prefix: str) -> str:
    """Undo what cobra and RAVEN do to an id to make it one of SBML: G_YAL001C__45__A is YAL001C-A."""
    plain = identifier.replace("__SBML_DOT__", ".")
    return _ESCAPED.sub(lambda code: chr(int(code[1])), plain).removeprefix(prefix)
