"""Beam's worker pool, for several TaskManagers of one machine.

Beam's own pool knows workers by numbers that each TaskManager counts for itself; where two share a pool, stopping the
first worker of one stops that of the other. Here nobody is told to stop: a worker ends with the connection to the
TaskManager that asked for it.

    python worker_pool.py PORT
"""

import signal
import sys

from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer


class SharedWorkerPool(BeamFnExternalWorkerPoolServicer):
    """Starts a process for each worker that is asked for."""

    def StopWorker(self, stop_worker_request, unused_context):
        """Do nothing; see the module."""
        return beam_fn_api_pb2.StopWorkerResponse()


if __name__ == "__main__":
    _address, server = SharedWorkerPool.start(use_process=True, port=int(sys.argv[1]))
    signal.pause()
