"""The server of dynamic providers, as the engine starts it."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

ROOT = Path(__file__).parents[2]


@contextmanager
def dynamic_provider(**variables: str) -> Generator[Any]:
    """Start it in the program's folder with these environment variables; yield its stub."""
    environment = {**os.environ, "PULUMI_PROJECT": "custom-vision-retraining", **variables}
    command = [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Configure(provider_pb2.ConfigureRequest())
                yield stub
        finally:
            process.terminate()
