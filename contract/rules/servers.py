"""Rules about the document's servers: which environment and region each is, and that their variables are there."""

import re
from collections.abc import Iterator

from contract import document as documents
from contract import servers
from contract.document import Finding
from contract.rules.survey import Survey


def environments(survey: Survey) -> Iterator[Finding]:
    """Every server of the document says which environment it is."""
    for index, server in enumerate(survey.raw.get("servers", [])):
        if "x-environment" not in server:
            place = documents.join("#/servers", index)
            mend = f"Add x-environment: one of {', '.join(servers.ENVIRONMENTS)}."
            yield survey.document.finding(place, "the server does not say which environment it is", mend)


def regions(survey: Survey) -> Iterator[Finding]:
    """Every region has a production server, where requests for it are sent."""
    entries = survey.raw.get("servers", [])
    production = {entry.get("x-region") for entry in entries if entry.get("x-environment") == servers.PRODUCTION}
    for index, server in enumerate(entries):
        if server.get("x-environment") == servers.PRODUCTION and "x-region" not in server:
            place = documents.join("#/servers", index)
            yield survey.document.finding(place, "the production server has no region", "Add x-region.")
        if "x-region" in server and server["x-region"] not in production:
            place = documents.join("#/servers", index, "x-region")
            message = f"the region {server['x-region']} has no production server"
            yield survey.document.finding(place, message, "Add one, with x-environment: production.")


def variables(survey: Survey) -> Iterator[Finding]:
    """The variables in a server's URL are declared, with a default."""
    for _, server, pointer in survey.of("server"):
        declared = server.get("variables", {})
        for name in re.findall(r"\{([^}]*)\}", server["url"]):
            variable = declared.get(name) if isinstance(declared, dict) else None
            if not (isinstance(variable, dict) and "default" in variable):
                message = f"the variable {name} of the URL has no default"
                yield survey.document.finding(documents.join(pointer, "url"), message, "Add it to variables.")
