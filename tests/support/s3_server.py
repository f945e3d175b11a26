"""An S3 server in the test's own process, moto's, which can be away for a while and forgets nothing meanwhile."""

import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

BUCKET = "corpora"


class S3Server:
    """A server on a free port of 127.0.0.1.

    Attributes:
        requests: (method, path and query) of each request.
    """

    def __init__(self):
        self.requests, self._port = [], 0
        self._app = DomainDispatcherApplication(create_backend_app)
        self._handler = type("Handler", (_Handler,), {"requests": self.requests})

    def start(self):
        """Listen; after a stop on the same port as before."""
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True, request_handler=self._handler)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self):
        """Be gone: whoever connects is refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self):
        """Environment variables with which it is found."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": "127.0.0.1",
        }


class _Handler(MotoRequestHandler):
    requests: list

    def log_request(self, code="-", size="-"):
        self.requests.append((self.command, self.path))
