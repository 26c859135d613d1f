"""One network on several cores at once; knows nothing of what the network computes.

Each worker thread runs torch on one core over its own share of a batch, with its own copy of the
modules whose parameters share the original's memory. On a machine with other work this wastes
far less than one parallel region per layer, whose threads wait for the slowest at every layer.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class Replicas(Generic[Network]):
    """Copies of `network` that share its parameters but gather gradients of their own."""

    def __init__(self, network: Network, workers: int) -> None:
        self.network = network
        self._copies = [_sharing_copy(network) for _ in range(workers)]
        self._pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
        self._outputs: list[list[tuple[int, Tensor]]] = []

    def forward(self, chunks: Sequence[Callable[[Network], Tensor]]) -> list[Tensor]:
        """Run every chunk on whichever copy is free; return detached outputs in order.

        The graphs stay with their copies until `backward`.
        """
        queue = iter(enumerate(chunks))
        lock = threading.Lock()

        def work(number: int) -> list[tuple[int, Tensor]]:
            done: list[tuple[int, Tensor]] = []
            while True:
                with lock:
                    item = next(queue, None)
                if item is None:
                    return done
                done.append((item[0], item[1](self._copies[number])))

        self._outputs = list(self._pool.map(work, range(len(self._copies))))
        ordered = sorted((item for done in self._outputs for item in done), key=lambda i: i[0])
        return [output.detach() for _, output in ordered]

    def backward(self, gradients: Sequence[Tensor]) -> None:
        """Send the gradients of `forward`'s outputs back, and add them up in the original."""

        def work(number: int) -> None:
            done = self._outputs[number]
            if done:
                outputs = [output for _, output in done]
                torch.autograd.backward(outputs, [gradients[chunk] for chunk, _ in done])

        list(self._pool.map(work, range(len(self._copies))))
        self._outputs = []
        copies = zip(*(twin.parameters() for twin in self._copies), strict=True)
        for original, shared in zip(self.network.parameters(), copies, strict=True):
            gathered = [twin.grad for twin in shared if twin.grad is not None]
            for twin in shared:
                twin.grad = None
            if original.grad is not None:
                gathered.append(original.grad)
            if gathered:
                original.grad = torch.stack(gathered).sum(0) if gathered[1:] else gathered[0]

    def close(self) -> None:
        """End the worker threads."""
        self._pool.shutdown()


def _sharing_copy(network: Network) -> Network:
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for mine, theirs in zip(twin.parameters(), network.parameters(), strict=True):
            mine.data = theirs.data
        for held, lent in zip(twin.buffers(), network.buffers(), strict=True):
            held.data = lent.data
    return twin
