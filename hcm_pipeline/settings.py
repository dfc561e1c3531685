"""The environment, which is read and judged once, and nowhere else. Messages name the variable, and no value that may be secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from hcm_pipeline.entra import EntraConnection, SignInWay
from hcm_pipeline.errors import UsageError
from hcm_pipeline.home import USUAL_SHARE, Home, Share
from hcm_pipeline.oracle import OracleConnection

GRAPH = "https://graph.microsoft.com/v1.0"
AUTHORITY = "https://login.microsoftonline.com"
PROXIES = re.compile(r"(https?|all)_proxy", re.IGNORECASE)
"""Variables that name a proxy. The clients read them themselves, in either case; here they are only judged."""
ORACLE_WAYS = (
    ("ORACLE_HCM_TOKEN_URL", "ORACLE_HCM_CLIENT_ID", "ORACLE_HCM_CLIENT_SECRET", "ORACLE_HCM_SCOPE"),
    ("ORACLE_HCM_TOKEN",),
    ("ORACLE_HCM_USERNAME", "ORACLE_HCM_PASSWORD"),
)
"""Ways to sign in to Oracle HCM, the strongest first, each with all that it needs."""
ENTRA_WAYS = {
    "EnvironmentCredential": (SignInWay.CERTIFICATE, SignInWay.SECRET),
    "WorkloadIdentityCredential": (SignInWay.FEDERATED,),
    "ManagedIdentityCredential": (SignInWay.MANAGED,),
}
"""Ways to sign in to Entra ID by the names that Azure's own libraries give them (AZURE_TOKEN_CREDENTIALS)."""
IDS = ("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", "HCM_PIPELINE_JOB_ID")
"""Variables that name a job: each of several targets has its own."""
SIGN_INS = (
    "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TOKEN_CREDENTIALS",
)  # fmt: skip
OF_TARGETS = (
    *IDS, *SIGN_INS, "HCM_PIPELINE_GRAPH_URL", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST", "SSL_CERT_FILE",
)  # fmt: skip
"""Variables that one of several targets may have for itself, with its name behind them."""
_IN_URL = re.compile(r"[!-~]+")
_ID = re.compile(r"[!-~]{1,256}")
_UNSENT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


@dataclass(frozen=True)
class Ldap:
    """The sign-in to Active Directory, as far as it comes from the environment. `ca_file`: PEM; None means the system's."""

    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Ldap:
        """Read the two variables; which directories need them, the profile says. Raises UsageError."""
        return cls(_secret(environ, "HCM_PIPELINE_LDAP_PASSWORD"), _ca_file(environ))


@dataclass(frozen=True)
class AlertSecrets:
    """The secrets of alerts, which must not stand in a profile. The webhook's address is a secret like a password."""

    webhook: str | None = field(default=None, repr=False)
    smtp_password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> AlertSecrets:
        """Raises UsageError for a webhook that is not HTTPS; the address itself is not printed."""
        webhook = environ.get("HCM_PIPELINE_ALERT_WEBHOOK") or None
        if webhook:
            _address("HCM_PIPELINE_ALERT_WEBHOOK", webhook)
            _judge_proxies(environ)
        return cls(webhook, _secret(environ, "HCM_PIPELINE_SMTP_PASSWORD"), _ca_file(environ))


@dataclass(frozen=True)
class Settings:
    """The environment as the command-line contract names it."""

    home: Home
    profile: str
    target: EntraConnection | None
    """None: the target is the home's own sandbox."""
    ldap: Ldap = Ldap()
    alerts: AlertSecrets = AlertSecrets()
    oracle: OracleConnection | None = None
    """None: the environment names no Oracle HCM."""
    other_sign_ins: tuple[EntraConnection, ...] = ()
    """The target by the other ways that are set up and do not count: for whoever checks them."""
    share: Share = USUAL_SHARE
    """The share of the machine that the warehouse may take."""
    named: Mapping[str, NamedTarget] = field(default_factory=dict)
    """The targets that variables with a name behind them are about, by that name in capitals."""
    place: str = ""
    """The name of the target that these settings are of, where there are several and it is not the first."""
    sandbox_writes_to: str | None = None
    """Where a fresh sandbox's job is to write to, `entra` or `ad`; None: as a sandbox does of itself."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables of the contract. Raises UsageError for the first that is nonsense, and for a target that is named
        incompletely."""
        home = Home(path_named("HCM_PIPELINE_HOME", environ.get("HCM_PIPELINE_HOME") or "data").absolute())
        profile = environ.get("HCM_PIPELINE_PROFILE") or ""
        if profile:
            path_named("HCM_PIPELINE_PROFILE", profile)
        else:
            own = home.path / "profile.toml"
            profile = str(own) if own.is_file() else "oracle-hcm"
        target, others = _target(environ)
        ldap, alerts = Ldap.from_env(environ), AlertSecrets.from_env(environ)
        return cls(home, profile, target, ldap, alerts, _oracle(environ), others, _share(environ), _named(environ))

    @classmethod
    def for_setup(cls, environ: Mapping[str, str] = os.environ, name: str = "") -> Settings:
        """The same before there is an app or a job: of a target whose ids are not known yet they are "". Raises UsageError.

        `name`: that of one of several targets, but for the first.
        """
        if name:
            environ = environ_of(name, environ)
        environ = {variable: value for variable, value in environ.items() if not variable.startswith(f"{IDS[0]}_")}
        if not environ.get("AZURE_TENANT_ID") or not _ways(environ):
            return replace(
                cls.from_env({name: value for name, value in environ.items() if name not in IDS}), place=name
            )
        found = cls.from_env({**environ, **{name: environ.get(name) or UNKNOWN for name in IDS}})
        assert found.target is not None
        principal, job = (environ.get(name) or "" for name in IDS)
        return replace(found, target=replace(found.target, service_principal_id=principal, job_id=job), place=name)

    @property
    def sandbox(self) -> Path:
        """Where the home's own sandbox of the target lies."""
        return self.home.sandbox_of(self.place)

    def at(self, name: str, writes_to: str) -> Settings:
        """The settings of one of several targets; "" is the first. `writes_to`: see `sandbox_writes_to`.

        Raises UsageError where the environment names a job for one of them and none for the other.
        """
        if not name:
            return replace(self, sandbox_writes_to=writes_to)
        found = self.named.get(name.upper())
        if (found is None) is not (self.target is None):
            here, there = (f"{IDS[0]}{end}" for end in ("", f"_{name.upper()}"))
            one, other = (here, there) if found is None else (there, here)
            raise UsageError(
                f"{one} is set, but not {other}: the profile has a target {name} (target.populations), and either all of its"
                " targets are jobs of a tenant, or all are the home's own sandboxes"
            )
        connection, others = (found.connection, found.others) if found else (None, ())
        return replace(self, target=connection, other_sign_ins=others, place=name, sandbox_writes_to=writes_to)


@dataclass(frozen=True)
class NamedTarget:
    """A target of several, by the variables that end in its name. `others`: see `Settings.other_sign_ins`."""

    connection: EntraConnection
    others: tuple[EntraConnection, ...] = ()


UNKNOWN = "-"
"""Stands for an id that a set-up is still to find or to make."""


def path_named(name: str, text: str) -> Path:
    """The path that a variable or an argument names, `~` filled in; nothing need be there. Raises UsageError."""
    try:
        text.encode()  # databases and Dagster know paths as UTF-8 alone
        path = Path(text).expanduser()
        path.lstat()
    except (FileNotFoundError, PermissionError):
        return path
    except RuntimeError:
        raise UsageError(f"{name}: {text.partition('/')[0]} is no user of this machine; write the whole path") from None
    except UnicodeEncodeError:
        raise UsageError(f"{name}: {text[:60]} holds bytes that are no UTF-8; name another path") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        start = text if len(text) <= 60 else f"{text[:60]}..."
        raise UsageError(f"{name}: {start} cannot be a path ({why}); name another one") from None
    return path


def _share(environ: Mapping[str, str]) -> Share:
    """The memory and the threads that the warehouse may take. Raises UsageError for a value that DuckDB would not understand."""
    memory = environ.get("HCM_PIPELINE_MEMORY") or Share.memory
    if not re.fullmatch(r"[1-9][0-9]{0,5}(MB|GB)", memory):
        raise UsageError("HCM_PIPELINE_MEMORY: must be a whole number of MB or GB, such as 1200MB or 8GB")
    threads = environ.get("HCM_PIPELINE_THREADS") or ""
    if threads and not (re.fullmatch(r"[0-9]{1,3}", threads) and int(threads) > 0):
        raise UsageError("HCM_PIPELINE_THREADS: must be a number from 1 to 999")
    return Share(memory, int(threads) if threads else None)


def _target(environ: Mapping[str, str]) -> tuple[EntraConnection | None, tuple[EntraConnection, ...]]:
    """The synchronization job that the variables name (None for none), and the same by the other ways to sign in that are set up.

    Raises UsageError when they name one incompletely.
    """
    service_principal = environ.get("HCM_PIPELINE_SERVICE_PRINCIPAL_ID")
    if not service_principal:
        return None, ()
    ways, passphrase = _ways(environ), _secret(environ, "AZURE_CLIENT_CERTIFICATE_PASSWORD")
    needed = ["HCM_PIPELINE_JOB_ID", "AZURE_TENANT_ID"]
    needed += ["AZURE_CLIENT_ID"] if ways[:1] != [SignInWay.MANAGED] else []  # unset: the machine's own identity
    missing = [name for name in needed if not environ.get(name)]
    if not ways:
        missing.append(
            "AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE, nor is AZURE_TOKEN_CREDENTIALS"
            " ManagedIdentityCredential"
        )
    if missing:
        raise UsageError(f"HCM_PIPELINE_SERVICE_PRINCIPAL_ID is set, but not {', '.join(missing)}")
    for name in ("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", "HCM_PIPELINE_JOB_ID", "AZURE_CLIENT_ID"):
        if environ.get(name) and not _ID.fullmatch(environ[name]):
            raise UsageError(
                f"{name}: an id has at most 256 letters, digits and signs of ASCII, and no blank; copy it once more"
            )
    if not _TENANT.fullmatch(environ["AZURE_TENANT_ID"]):
        raise UsageError("AZURE_TENANT_ID: neither a tenant id nor a domain; the tenant's overview page shows both")
    host = environ.get("AZURE_AUTHORITY_HOST") or AUTHORITY
    _judge_proxies(environ)
    job = EntraConnection(
        graph_url=_address("HCM_PIPELINE_GRAPH_URL", environ.get("HCM_PIPELINE_GRAPH_URL") or GRAPH),
        authority_host=_address("AZURE_AUTHORITY_HOST", host if "://" in host else f"https://{host}"),
        tenant_id=environ["AZURE_TENANT_ID"],
        client_id=environ.get("AZURE_CLIENT_ID") or "",
        service_principal_id=service_principal,
        job_id=environ["HCM_PIPELINE_JOB_ID"],
        ca_file=_ca_file(environ),
    )
    first, *others = (_signed_in_by(way, job, environ, passphrase) for way in ways)
    return first, tuple(others)


def environ_of(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as one of several targets has it: the variables that end in its name in the place of the common ones.

    The ids of a job are nobody else's, and a way to sign in of its own leaves those of the others out.
    """
    end = f"_{name.upper()}"
    own = {variable: environ[variable + end] for variable in OF_TARGETS if environ.get(variable + end)}
    others = (*IDS, *(SIGN_INS if own.keys() & set(SIGN_INS) else ()))
    return {**{variable: value for variable, value in environ.items() if variable not in others}, **own}


def _named(environ: Mapping[str, str]) -> dict[str, NamedTarget]:
    """The targets of variables with a name behind them. Raises UsageError for one that is named incompletely."""
    found: dict[str, NamedTarget] = {}
    begin = f"{IDS[0]}_"
    for variable in sorted(environ):
        name = variable.removeprefix(begin)
        if not variable.startswith(begin) or not name or not environ[variable]:
            continue
        try:
            connection, others = _target(environ_of(name, environ))
        except UsageError as error:
            raise UsageError(f"of the target of {variable} (its own variables end in _{name}): {error}") from None
        assert connection is not None
        found[name] = NamedTarget(connection, others)
    return found


def _ways(environ: Mapping[str, str]) -> list[SignInWay]:
    """The ways to sign in to Entra ID that are set up, the one that counts first. Raises UsageError for a name that is none."""
    chosen = environ.get("AZURE_TOKEN_CREDENTIALS") or ""
    if chosen and chosen.lower() not in ("prod", *(name.lower() for name in ENTRA_WAYS)):
        raise UsageError(
            f"AZURE_TOKEN_CREDENTIALS: {chosen[:60]} is none of {', '.join(ENTRA_WAYS)}; name one of them, or unset it"
        )
    named = {
        SignInWay.CERTIFICATE: environ.get("AZURE_CLIENT_CERTIFICATE_PATH"),
        SignInWay.SECRET: _secret(environ, "AZURE_CLIENT_SECRET"),
        SignInWay.FEDERATED: environ.get("AZURE_FEDERATED_TOKEN_FILE"),
        SignInWay.MANAGED: chosen.lower() == "managedidentitycredential",
    }
    there = [way for way in SignInWay if named[way]]
    for name, ways in ENTRA_WAYS.items():
        if name.lower() == chosen.lower():
            meant = [way for way in there if way in ways]
            if not meant:
                raise UsageError(f"AZURE_TOKEN_CREDENTIALS is {name}, but no variable of it is set: {_variables(ways)}")
            return meant + [way for way in there if way not in ways]
    return there


def _variables(ways: tuple[SignInWay, ...]) -> str:
    return (
        "AZURE_FEDERATED_TOKEN_FILE"
        if SignInWay.FEDERATED in ways
        else "AZURE_CLIENT_CERTIFICATE_PATH or AZURE_CLIENT_SECRET"
    )


def _signed_in_by(
    way: SignInWay, job: EntraConnection, environ: Mapping[str, str], passphrase: str | None
) -> EntraConnection:
    if way is SignInWay.CERTIFICATE:
        return replace(
            job,
            certificate_path=_file_named("AZURE_CLIENT_CERTIFICATE_PATH", environ["AZURE_CLIENT_CERTIFICATE_PATH"]),
            certificate_password=passphrase,
        )
    if way is SignInWay.FEDERATED:
        token_file = path_named("AZURE_FEDERATED_TOKEN_FILE", environ["AZURE_FEDERATED_TOKEN_FILE"])
        return replace(job, federated_token_file=token_file)
    if way is SignInWay.MANAGED:
        return replace(job, managed_identity=True)
    return replace(job, client_secret=_secret(environ, "AZURE_CLIENT_SECRET"))


def _oracle(environ: Mapping[str, str]) -> OracleConnection | None:
    """The Oracle HCM that the variables name; None for none. Raises UsageError when they name one incompletely.

    Client credentials win over a token, and a token over a password: the stronger of what is there.
    """
    url = environ.get("ORACLE_HCM_URL")
    given = {name: value for way in ORACLE_WAYS for name in way if (value := environ.get(name))}
    if not url:
        if given:
            raise UsageError(f"{min(given)} is set, but not ORACLE_HCM_URL")
        return None
    way = next((way for way in ORACLE_WAYS if way[0] in given), None)
    if way is None:
        begun = [first for first, *rest in ORACLE_WAYS if given.keys() & set(rest)]
        missing = begun[0] if begun else "ORACLE_HCM_TOKEN_URL, ORACLE_HCM_TOKEN or ORACLE_HCM_USERNAME"
        raise UsageError(f"ORACLE_HCM_URL is set, but not {missing}")
    if missing := ", ".join(name for name in way if name not in given):
        raise UsageError(f"{way[0]} is set, but not {missing}")
    address = _address("ORACLE_HCM_URL", url)
    if urlsplit(address).path:
        raise UsageError("ORACLE_HCM_URL: must end after the host, https://host; the profile has the paths")
    for name in way:
        _judge_secret(name, given[name])
    _judge_proxies(environ)
    fields = {name.removeprefix("ORACLE_HCM_").lower(): given[name] for name in way}
    if "token_url" in fields:
        fields["token_url"] = _address("ORACLE_HCM_TOKEN_URL", fields["token_url"])
    return OracleConnection(address, **fields, ca_file=_ca_file(environ))


def _judge_secret(name: str, value: str) -> None:
    """Raises UsageError for a value that no header can carry. The value is not printed."""
    if name == "ORACLE_HCM_USERNAME" and ":" in value:
        raise UsageError(f"{name}: must hold no colon, which ends a user name on its way")
    if name == "ORACLE_HCM_TOKEN" and not _IN_URL.fullmatch(value):
        raise UsageError(f"{name}: must be the token alone, without `Bearer`, blanks or line ends")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value):
        raise UsageError(f"{name}: holds a line end or another character that cannot be sent")


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    """The secret of a variable; None for none. Raises UsageError, which does not print it, for one that nobody can have given."""
    text = environ.get(name) or None
    if text and (_UNSENT.search(text) or not text.strip()):
        raise UsageError(
            f"{name}: holds a line break, a control character, nothing but blanks or bytes that are no UTF-8; set it anew"
        )
    return text


def _address(name: str, text: str) -> str:
    """The address, without a slash at its end. Raises UsageError unless it is HTTPS: what is sent there is secret."""
    parts = _parts(text)
    if parts is None or parts.scheme != "https":
        raise UsageError(
            f"{name}: must be an address that begins with https://, and a host; nothing is sent without TLS"
        )
    if "@" in parts.netloc:
        raise UsageError(f"{name}: must hold no user and no password")
    if name != "HCM_PIPELINE_ALERT_WEBHOOK" and (parts.query or parts.fragment):
        raise UsageError(f"{name}: must end before ? and #")
    return text if name == "HCM_PIPELINE_ALERT_WEBHOOK" else text.rstrip("/")


def _parts(text: str) -> SplitResult | None:
    """The parts of an address; None when it has no host or is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and _IN_URL.fullmatch(text) else None


def _judge_proxies(environ: Mapping[str, str]) -> None:
    for name, value in environ.items():
        if value and PROXIES.fullmatch(name):
            parts = _parts(value if "://" in value else f"http://{value}")
            if parts is None or parts.scheme not in ("http", "https"):
                raise UsageError(
                    f"{name}: must be the address of a proxy, http://host:port or https://host:port, or unset"
                )


def _file_named(name: str, text: str) -> Path:
    """The file that a variable names. Raises UsageError when there is none; its reader tells who may not read it."""
    path = path_named(name, text)
    try:
        with open(path, "rb"):
            return path
    except PermissionError:  # a command that reads no key works for those who may not
        return path
    except OSError as error:
        raise UsageError(f"{name}: {text}: {error.strerror}; name a PEM file that can be read") from None


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    text = environ.get("SSL_CERT_FILE")
    if not text:
        return None
    path = _file_named("SSL_CERT_FILE", text)
    try:
        held = path.read_bytes()
    except OSError as error:
        raise UsageError(f"SSL_CERT_FILE: {text}: {error.strerror}; name a PEM file that can be read") from None
    if b"-----BEGIN " not in held:
        raise UsageError(f"SSL_CERT_FILE: {text}: holds no certificate; name a PEM file, or unset it for the system's")
    return path
