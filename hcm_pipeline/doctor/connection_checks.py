"""The lines to the target: reached or not, through which proxy, whose certificates, and whose clock."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, Said, failed, not_looked_at, ok, warning
from hcm_pipeline.doctor.phrases import SOON, days_until
from hcm_pipeline.plain_text import counted

SKEW_TOLERATED = dt.timedelta(seconds=60)
SKEW_REFUSED = dt.timedelta(minutes=5)
"""From here on signed assertions are refused, and tokens look expired."""
OTHER_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def _reach(seen: Examined) -> Iterator[Said]:
    proxies = {} if seen.connection.sandbox else getproxies()
    for url, wire in seen.lines():
        host = urlsplit(url).hostname or ""
        proxy = proxies.get("https") or proxies.get("all")
        by = " through the proxy of HTTPS_PROXY" if proxy and not proxy_bypass(host) else ""
        if wire.untrusted:
            yield not_looked_at(f"{wire.host}: its certificate is not trusted: see `certificates`")
        elif wire.fault is None:
            yield ok(f"{wire.host} answers{by}")
        else:
            where = "HTTPS_PROXY, NO_PROXY, the proxy's own log" if by else "name resolution, firewall, HTTPS_PROXY"
            yield failed(
                f"{wire.fault}{by}", "nothing can be sent or read", f"Look at {where}: curl -v https://{wire.host}/"
            )


def _certificates(seen: Examined) -> Iterator[Said]:
    ca_file = seen.connection.ca_file
    trusted_by = f"SSL_CERT_FILE {ca_file}" if ca_file else "the usual certificates"
    for _, wire in seen.lines():
        if wire.untrusted:
            yield failed(
                str(wire.fault) if wire.unusable else f"{wire.host}: its certificate is not trusted by {trusted_by}",
                "nothing is sent to a host that cannot show who it is; a proxy that opens TLS looks the same",
                f"Have SSL_CERT_FILE name the CA file that signs it: openssl s_client -showcerts -connect {wire.host}",
            )
        elif wire.fault is not None:
            yield not_looked_at(f"{wire.host} gives no answer: see `reach`")
        elif wire.ends is None:
            yield ok(f"{wire.host}: trusted by {trusted_by}")
        elif wire.ends - seen.today() < SOON / 2 and not seen.connection.sandbox:
            yield warning(
                f"{wire.host}: its certificate expires {days_until(wire.ends, seen.today())}",
                "after that nothing is sent there",
                "Tell whoever runs that host, or the proxy in front of it",
            )
        else:
            yield ok(f"{wire.host}: trusted by {trusted_by}, until {wire.ends:%Y-%m-%d}")
    if others := [name for name in OTHER_CA_VARIABLES if os.environ.get(name)]:
        yield ok(f"{' and '.join(others)} are set for other programs, and do not count here")


def _clock(seen: Examined) -> Iterator[Said]:
    ahead = None
    try:
        seen.read(seen.job_path, "")  # any answer of Graph carries its Date
        ahead = seen.graph.ahead
    except Exception:
        pass
    if ahead is None:
        try:
            ahead = seen.graph.ahead
        except Exception:
            ahead = next((wire.ahead for wire in reversed(seen.wires()) if wire.ahead is not None), None)
    if ahead is None:
        yield not_looked_at("no service told its time")
        return
    seconds = abs(ahead.total_seconds())
    side = "behind" if ahead > dt.timedelta(0) else "ahead of"
    if seconds <= SKEW_TOLERATED.total_seconds():
        yield ok("this machine's clock agrees with the service's within a minute")
        return
    said = failed if abs(ahead) > SKEW_REFUSED else warning
    yield said(
        f"this machine's clock is {counted(round(seconds), 'second')} {side} the service's",
        "certificates and tokens look expired or not valid yet, and what the log tells is compared with the wrong times",
        "Have the machine take its time from the network: timedatectl set-ntp true",
    )


CHECKS = (
    Check("reach", "target", "whether the authority and Graph answer, and through which proxy", _reach),
    Check(
        "certificates", "target", "the TLS certificates of the authority and of Graph, and the CA file", _certificates
    ),
    Check("clock", "target", "this machine's clock, against the header Date of the service", _clock),
)
