"""Which environment in which region a request came to, and whether its key belongs there."""

from __future__ import annotations

from contract import servers
from contract.problems import Fault, Problem
from contract.servers import Servers
from domain import callers
from gateway.exchange import Exchange, Place
from gateway.settings import SettingError, Settings


def own_place(settings: Settings, known: Servers) -> Place:
    """What the deployment is at hosts that the document does not have; raises SettingError."""
    for name, value, allowed in (
        ("ENVIRONMENT", settings.environment, servers.ENVIRONMENTS),
        ("REGION", settings.region, known.regions),
    ):
        if value not in allowed:
            raise SettingError(f"API_{name} is '{value}'; it takes one of {', '.join(allowed)}.")
    return Place(settings.environment, settings.region)


class Locate:
    """Settles the environment and the region by the host that the request names."""

    def __init__(self, own: Place) -> None:
        self.own = own

    def __call__(self, exchange: Exchange) -> None:
        exchange.place = self.own
        if exchange.header_is_repeated(b"host"):
            raise Problem.of([Fault("header", ("Host",), "duplicate", "must be given once")])
        host = exchange.compiled.servers.find(exchange.headers.get(b"host", b""))
        if host is not None:
            exchange.place = Place(host.environment, host.region or self.own.region)


class Admit:
    """Turns away a key that does not belong here.

    That is one from a network that it may not be used from, a live key at the sandbox, and the key of an account in
    another region.
    """

    def __call__(self, exchange: Exchange) -> None:
        if exchange.caller.networks:
            callers.refuse_elsewhere(exchange.caller, exchange.address)
        caller, place, known = exchange.caller, exchange.place, exchange.compiled.servers
        if place.environment == servers.SANDBOX and caller.scope.mode == "live":
            url = known.base_url(servers.PRODUCTION, caller.region)
            message = f"The sandbox takes test keys only. Use a test key here, or send the request to {url}."
            raise Problem("environment_mismatch", message)
        if caller.region != place.region:
            url = known.base_url(place.environment, caller.region) or known.base_url(servers.PRODUCTION, caller.region)
            message = f"The key's account is in the region '{caller.region}', this is '{place.region}'."
            raise Problem("region_mismatch", f"{message} Send the request to {url}." if url else message)
