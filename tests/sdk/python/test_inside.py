"""What a function reaches from inside its sandbox: the platform, and the outside if it may."""

import http.server
import threading

import pytest
from nought import ACCOUNT, guest_zip, make, succeed


@pytest.fixture(scope="module")
def behave():
    return make(guest_zip("zip-python"), Timeout=20)


def test_the_platform_is_at_its_usual_address(behave):
    answer = succeed(behave, {"do": "fetch", "url": "http://127.0.0.1:4566/_nought/health"})
    assert answer.get("status") == 200, answer


def test_loopback_of_the_host_is_not_reachable(behave):
    class Secret(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Secret)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0"):
            answer = succeed(behave, {"do": "fetch", "url": f"http://{host}:{server.server_port}/", "timeout": 3})
            assert "secret" not in str(answer), (host, answer)
    finally:
        server.shutdown()


def test_link_local_addresses_are_not_reachable(behave):
    answer = succeed(behave, {"do": "fetch", "url": "http://169.254.169.254/latest/meta-data/", "timeout": 3})
    assert answer.get("status") != 200


def test_the_proxy_is_in_the_environment(behave):
    environment = succeed(behave, {"do": "about"})["environment"]
    assert environment["HTTPS_PROXY"] == environment["HTTP_PROXY"] == "http://127.0.0.1:4566"
    assert "127.0.0.1" in environment["NO_PROXY"]


def test_a_function_is_known_by_its_role(behave):
    about = succeed(behave, {"do": "about"})["environment"]
    from nought import client

    identity = client(
        "sts",
        aws_access_key_id=about["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=about["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=about["AWS_SESSION_TOKEN"],
    ).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/tests/{behave}"
    assert identity["Account"] == ACCOUNT


def test_session_credentials_need_their_token(behave):
    about = succeed(behave, {"do": "about"})["environment"]
    from nought import client, refused

    with refused("InvalidClientTokenId", 403):
        client(
            "sts",
            aws_access_key_id=about["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=about["AWS_SECRET_ACCESS_KEY"],
        ).get_caller_identity()


def test_host_files_are_not_seen(behave):
    root = succeed(behave, {"do": "files"})["root"]
    assert not set(root) & {"home", "root", "work", "boot", "srv", "media"}, root
