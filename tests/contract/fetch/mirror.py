"""A mirror of one file over https, on loopback unless told otherwise, that can misbehave in every way a mirror does."""

import http.server
import re
import ssl
import subprocess
import threading
import time


_LOOPBACK = "127.0.0.1"


def make_certificate(directory, name, address=_LOOPBACK):
    """A self-signed certificate for that address; the paths of certificate and key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=IP:{address}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


class Mirror:
    """Serves `content` below /zk/; what it does otherwise is set by the test."""

    def __init__(self, certificate, key, content, address=_LOOPBACK, name="release"):
        self.content = content
        self.name = name
        self.knows_ranges = True
        self.lies_about_ranges = False
        self.announces_length = True
        self.break_after = None  # bytes of a body, then the connection is cut
        self.hold_after = None   # bytes of a body, then nothing more comes
        self.redirect = None
        self.status = None       # of every answer, instead of the file
        self.ranges = []         # of every request, None = without
        self.held = threading.Event()
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                mirror.answer(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server((address, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://{address}:{self.server.server_address[1]}/zk/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        if self.redirect is not None and request.path.endswith(f"/{self.name}"):
            request.send_response(302)
            request.send_header("Location", self.redirect)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if self.status is not None:
            request.send_error(self.status)
            return
        if not request.path.endswith((f"/{self.name}", "/moved")):
            request.send_error(404)
            return
        begin = 0
        if wanted and self.knows_ranges:
            begin = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))
            if begin >= len(self.content):
                request.send_response(416)
                request.send_header("Content-Range", f"bytes */{len(self.content)}")
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
            told = begin + 1 if self.lies_about_ranges else begin
            request.send_response(206)
            request.send_header(
                "Content-Range", f"bytes {told}-{len(self.content) - 1}/{len(self.content)}")
        else:
            request.send_response(200)
        body = self.content[begin:]
        if self.announces_length:
            request.send_header("Content-Length", str(len(body)))
        request.send_header("Connection", "close")
        request.end_headers()
        self.send_body(request, body)
        request.close_connection = True

    def send_body(self, request, body):
        limit = self.break_after if self.break_after is not None else self.hold_after
        request.wfile.write(body if limit is None else body[:limit])
        request.wfile.flush()
        if self.hold_after is not None:
            self.held.set()
            while self.hold_after is not None:
                time.sleep(0.01)
        if limit is not None:
            request.connection.close()
