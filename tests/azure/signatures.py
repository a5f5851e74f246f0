"""The signatures of registries' tokens, and the certificate by which a registry that verifies them trusts the signer.

Source: https://distribution.github.io/distribution/spec/auth/jwt/
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.azure.entra import KEY, KEY_NAME

ISSUER: Final = "Azure Container Registry"


@dataclass(frozen=True)
class Signer:
    """Who signs tokens with *key*."""

    key: RSAPrivateKey

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a token with *claims*, and the certificate in its header."""
        der = base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()
        return jwt.encode(claims, self.key, "RS256", {"kid": KEY_NAME, "x5c": [der]})

    @property
    def pem(self) -> bytes:
        """The certificate, for whoever is to trust what is signed."""
        return self._certificate.public_bytes(Encoding.PEM)

    @cached_property
    def _certificate(self) -> x509.Certificate:
        name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)]), datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign(self.key, hashes.SHA256())


#: Whom registries trust.
SIGNER: Final = Signer(KEY)
