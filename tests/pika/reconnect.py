"""The documented example of Python, whose connection is closed between two requests.

python3 reconnect.py AMQP_URL: says when it is connected, and goes on when it is told so by a line.
"""

import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs/examples/python"))
sys.dont_write_bytecode = True

from beds_example import Beds  # noqa: E402

beds = Beds(sys.argv[1])
beds.parameters.client_properties = {"connection_name": "beds reconnect"}
beds.request("note.count", {})
print("connected", flush=True)
sys.stdin.readline()
print("heartbeat", beds.parameters.heartbeat)

sent = []
exchange = beds._exchange


def spy(key, body, timeout, end, message_id):
    sent.append(message_id)
    return exchange(key, body, timeout, end, message_id)


beds._exchange = spy
message_id = str(uuid.uuid4())
note = {"data": {"subject": f"reconnect {message_id}"}}
created = beds.request("note.create", note, timeout=30, message_id=message_id)["data"]
assert len(sent) >= 2 and set(sent) == {message_id}, sent
print("written by the same id")
assert beds.request("note.fetch", {"key": created["id"]})["data"]["subject"] == note["data"]["subject"]
beds.request("note.delete", {"key": created["id"]}, message_id=str(uuid.uuid4()))
print("read")
beds.close()
