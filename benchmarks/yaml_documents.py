"""Read 10,000 Kubernetes documents with line numbers, and with PyYAML's CSafeLoader (no line numbers) in the same run.

Prints CPU seconds, documents per second and the ratio of the two: the machine's noise hits both alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import yaml as pyyaml  # type: ignore[import-untyped]

from pullready.collectors.manifests import reduced_document
from pullready.errors import InputError
from pullready.yaml import YamlDocument, read

DEPLOYMENT = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  namespace: shop
  labels: {{app: web, tier: front, release: "{number}"}}
  annotations:
    shop.example/owner: team-web
    shop.example/page: https://shop.example/runbooks/web
spec:
  replicas: 3
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app: web
  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 25%, maxUnavailable: 0}}
  template:
    metadata:
      labels: {{app: web, tier: front}}
    spec:
      serviceAccountName: web
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - {{key: kubernetes.azure.com/scalesetpriority, operator: Equal, value: spot, effect: NoSchedule}}
      imagePullSecrets:
        - name: shop-registry
      initContainers:
        - name: migrate
          image: shopimages.azurecr.io/tools/migrate:2.{number}
          args: ["--to", "latest", "--wait"]
      containers:
        - name: web
          image: shopimages.azurecr.io/web:1.{number}
          imagePullPolicy: IfNotPresent
          ports:
            - {{name: http, containerPort: 8080, protocol: TCP}}
          env:
            - name: LOG_LEVEL
              value: info
            - name: DATABASE
              valueFrom:
                configMapKeyRef: {{name: web, key: database}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: "1", memory: 512Mi}}
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
            periodSeconds: 5
          volumeMounts:
            - {{name: cache, mountPath: /var/cache/web}}
        - name: proxy
          image: docker.io/library/nginx:1.29
          command: [nginx, -g, daemon off;]
      volumes:
        - name: cache
          emptyDir: {{}}
"""


def with_lines(content: bytes) -> Iterator[dict[str, int]]:
    """Read every document and the line of each of its nodes."""
    for document in read(content, "bench.yaml"):
        if isinstance(document, InputError):
            raise document
        yield document.lines


def collected(content: bytes) -> Iterator[object]:
    """Read every document as a run does: reduced, with the lines of what stays."""
    for document in read(content, "bench.yaml"):
        if isinstance(document, YamlDocument):
            yield reduced_document(document, "bench.yaml")


def with_pyyaml(content: bytes) -> Iterator[object]:
    """Read every document with PyYAML's fastest safe loader."""
    yield from pyyaml.load_all(content, pyyaml.CSafeLoader)


def rate(name: str, reader: Callable[[bytes], Iterator[object]], content: bytes, documents: int) -> float:
    """Print and return how many documents *reader* reads in a second of CPU time."""
    started = time.process_time()
    count = sum(1 for _ in reader(content))
    seconds = time.process_time() - started
    if count != documents:
        message = f"{name} read {count} of {documents} documents"
        raise SystemExit(message)
    print(f"{name:45} {seconds:7.2f} s  {documents / seconds:7.0f} documents/s")
    return documents / seconds


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    documents: int = parser.parse_args().documents
    content = "".join(DEPLOYMENT.format(number=number) for number in range(documents)).encode()
    print(f"{documents:,} documents, {len(content) / 1e6:.1f} MB")
    ours = rate("pullready, every node with its line", with_lines, content, documents)
    rate("pullready, reduced to what a run keeps", collected, content, documents)
    theirs = rate("PyYAML CSafeLoader, no lines", with_pyyaml, content, documents)
    print(f"ratio, lines against CSafeLoader: {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
