"""How much one answer may hold: what a registry answers was put there by whoever pushes to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from pullready.collectors.answers import Unreadable
from pullready.snapshot import Status

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.pipeline.policies import HTTPPolicy

_MEBIBYTE = 1 << 20


class Received(msgspec.Struct, frozen=True):
    """An answer that was received in full; the names of its parts are those of azure-core."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


def bounded(most: int) -> HTTPPolicy[Any, Any]:
    """Return the policy that receives an answer of up to *most* bytes, also where it was packed, and no more."""
    from azure.core.pipeline import PipelineResponse as Response
    from azure.core.pipeline.policies import HTTPPolicy

    class Bounded(HTTPPolicy[Any, Any]):
        """Stands next to the transport: what is received too late or cut off is asked for again."""

        def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            request.context.options["stream"] = True
            response: PipelineResponse[Any, Any] = self.next.send(request)
            host = urlsplit(request.http_request.url).netloc
            return Response(response.http_request, _received(response.http_response, host, most), response.context)

    return Bounded()


def _received(response: Any, host: str, most: int) -> Received:
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > most:
            response.close()
            detail = f"{host} answers with more than {most // _MEBIBYTE} MiB, which is no manifest and no configuration"
            raise Unreadable(Status.FAILED, detail, "Look what was pushed there")
    return Received(response.status_code, response.headers, bytes(content))
