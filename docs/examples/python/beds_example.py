"""Talks to BEDS from Python: python3 beds_example.py amqp://guest:guest@localhost:5672/"""

import json
import os
import sys
import time
import uuid

import pika
from pika.exceptions import AMQPConnectionError, ChannelClosed, UnroutableError


class BedsError(Exception):
    """An error reply: what the node says is in `error`."""

    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error


class Beds:
    """A connection that is made again when it is lost, with a reply queue of its own; one request at a time."""

    def __init__(self, url):
        self.parameters = pika.URLParameters(url)
        self.parameters.heartbeat = 10  # a dead server is noticed after two
        self.parameters.socket_timeout = 5
        # RabbitMQ blocks publishers while it is out of memory or disk: publishing waits no longer than this for its end.
        self.parameters.blocked_connection_timeout = 5
        self.connection, self.waiting, self.reply = None, None, None

    def _connect(self):
        self.connection = pika.BlockingConnection(self.parameters)
        self.channel = self.connection.channel()
        # With confirms on, publishing a mandatory message that no queue takes raises UnroutableError, and one that a
        # full queue refuses raises NackError.
        self.channel.confirm_delivery()
        self.queue = self.channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
        self.channel.basic_consume(self.queue, self._on_reply, auto_ack=True)

    def _on_reply(self, _channel, _method, properties, body):
        if properties.correlation_id == self.waiting:  # a reply that comes too late is nobody's
            self.reply = json.loads(body)

    def close(self):
        if self.connection and self.connection.is_open:
            self.connection.close()
        self.connection = None

    def request(self, key, body, timeout=5.0, message_id=None):
        """Sends a read, or with a message_id a write, and returns the reply. When the connection breaks, it is sent
        again on the next one: a write with the same message_id."""
        end = time.monotonic() + timeout
        while True:
            try:
                if self.connection is None:
                    self._connect()
                return self._exchange(key, body, timeout, end, message_id)
            except AMQPConnectionError:
                self.connection = None
                if time.monotonic() + 0.2 >= end:
                    raise
                time.sleep(0.2)
            except ChannelClosed:  # RabbitMQ closes the channel over what it forbids: it forbids it the next time too
                self.close()
                raise

    def _exchange(self, key, body, timeout, end, message_id):
        self.waiting, self.reply = str(uuid.uuid4()), None
        left = max(1, int((end - time.monotonic()) * 1000))
        properties = pika.BasicProperties(  # nobody works on it after its deadline
            content_type="application/json", reply_to=self.queue, correlation_id=self.waiting,
            headers={"beds-deadline": int(time.time() * 1000) + left})
        if message_id:  # stored by RabbitMQ; sent again, it keeps its id
            properties.message_id, properties.delivery_mode = message_id, 2
        else:  # RabbitMQ drops a read that nobody waits for
            properties.expiration = str(left)
        self.channel.basic_publish("beds", key, json.dumps(body).encode(), properties, mandatory=True)
        while self.reply is None:
            if time.monotonic() >= end:
                raise TimeoutError(f"{key}: no answer within {timeout} s")
            self.connection.process_data_events(time_limit=max(0.0, end - time.monotonic()))
        if not self.reply["ok"]:
            raise BedsError(self.reply["error"])
        return self.reply


def main():
    beds = Beds(sys.argv[1] if len(sys.argv) > 1 else os.environ["AMQP_URL"])
    subject = f"python {uuid.uuid4()}"

    notes = [{"subject": subject, "country": "FR", "rating": f"{n}.5"} for n in range(3)]
    created = beds.request("note.create", {"data": notes}, message_id=str(uuid.uuid4()))["data"]
    print("created", [note["id"] for note in created])
    try:
        note = beds.request("note.fetch", {"key": created[0]["id"]})["data"]
        print("fetched", note["subject"], "rated", note["rating"])

        items = [{"template": "note", "op": "fetch", "body": {"key": note["id"]}} for note in created]
        replies = beds.request("app_server.batch.read", {"items": items})["items"]
        print("batch", [reply["data"]["rating"] if reply["ok"] else reply["error"]["code"] for reply in replies])

        query = {"where": {"subject": subject, "rating": {"gte": "1.0"}}, "sort": ["-rating"], "limit": 1}
        while True:
            page = beds.request("note.fetch", query)
            print("page", [note["rating"] for note in page["data"]])
            if "next" not in page:
                break
            query["after"] = page["next"]

        try:
            beds.request("note.create", {"data": {"country": "France"}}, message_id=str(uuid.uuid4()))
        except BedsError as refusal:
            print("refused", refusal.error["code"], refusal.error.get("details"))
        try:
            beds.request("nothing.fetch", {"key": "1"})
        except UnroutableError:
            print("returned: no running node serves nothing.fetch")
    finally:
        for note in created:
            beds.request("note.delete", {"key": note["id"]}, message_id=str(uuid.uuid4()))
    beds.close()


if __name__ == "__main__":
    main()
