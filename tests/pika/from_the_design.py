"""A client written from section 5 of the design alone: it knows RabbitMQ and JSON, and nothing of BEDS' own code.

python3 from_the_design.py AMQP_URL: exits with 0 when every answer is as the design says.
"""

import base64
import json
import sys
import time
import uuid

import pika

BODY = "application/json"


class Bus:
    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        # "`reply_to` may name only a queue that a client can own: `amq.gen-*`"
        self.queue = self.channel.queue_declare("", exclusive=True).method.queue
        assert self.queue.startswith("amq.gen-")
        self.replies = {}
        self.channel.basic_consume(self.queue, self.on_reply, auto_ack=True)

    def on_reply(self, _channel, _method, properties, body):
        self.replies[properties.correlation_id] = (properties, json.loads(body))

    def send(self, key, body, **properties):
        correlation_id = str(uuid.uuid4())
        properties = {"content_type": BODY, "reply_to": self.queue, **properties}
        properties = pika.BasicProperties(correlation_id=correlation_id, **properties)
        self.channel.basic_publish("beds", key, json.dumps(body).encode(), properties, mandatory=True)
        return correlation_id

    def wait(self, correlation_id, seconds=20):
        end = time.monotonic() + seconds
        while correlation_id not in self.replies:
            assert time.monotonic() < end, "no reply"
            self.connection.process_data_events(time_limit=0.1)
        return self.replies.pop(correlation_id)

    def ask(self, key, body, **properties):
        properties, reply = self.wait(self.send(key, body, **properties))
        status = properties.headers["beds-status"]
        # "headers `beds-status` (`ok` or the error code) and `beds-template-hash`"
        assert properties.headers["beds-template-hash"], properties
        assert properties.content_type == BODY
        assert status == ("ok" if reply["ok"] else reply["error"]["code"]), (status, reply)
        return reply

    def refused(self, code, key, body, **properties):
        reply = self.ask(key, body, **properties)
        assert reply["ok"] is False, reply
        error = reply["error"]
        assert error["code"] == code, error
        assert isinstance(error["message"], str) and error["message"]
        assert isinstance(error["retryable"], bool)
        assert error["request_id"]
        return error


def write():
    return {"message_id": str(uuid.uuid4()), "delivery_mode": 2}


def by_template(bus, template):
    series = f"design-{uuid.uuid4()}"

    description = bus.ask(f"{template}.describe", {})["data"]
    print(template, "offers", *sorted(description))

    # create {"data": {…}}   or   {"data": [{…}, {…}]}
    one = bus.ask(f"{template}.create", {"data": {
        "code": f"{series}-0", "series": series, "amount": "10.00", "moment": "2026-01-31T08:30:00Z",
        "content": base64.b64encode(b"\x00\xff").decode(), "number": 2**63 - 1,
    }}, **write())["data"]
    rest = bus.ask(f"{template}.create", {"data": [
        {"code": f"{series}-{n}", "series": series, "amount": f"{10 + n}.00"} for n in (1, 2, 3)
    ]}, **write())["data"]
    assert [record["code"][-1] for record in rest] == ["1", "2", "3"]

    # fetch {"key": "…"}  one record
    record = bus.ask(f"{template}.fetch", {"key": one["id"]})["data"]
    assert uuid.UUID(record["id"])
    assert record["number"] == 2**63 - 1
    assert record["moment"] == "2026-01-31T08:30:00Z"
    assert base64.b64decode(record["content"]) == b"\x00\xff"
    assert float(record["amount"]) == 10.0 and isinstance(record["amount"], str)

    # … or {"where": …, "sort": …, "limit": …, "after": "<cursor>", "fields": …, "count": true}
    query = {"where": {"series": series, "amount": {"gte": "10.00", "lt": "13.00"}}, "sort": ["-amount"],
             "limit": 2, "fields": ["code", "amount"], "count": True}
    page = bus.ask(f"{template}.fetch", query)
    assert [r["code"][-1] for r in page["data"]] == ["2", "1"], page
    assert all(sorted(r) == ["amount", "code"] for r in page["data"])
    assert page["count"] == 3
    page = bus.ask(f"{template}.fetch", {**query, "after": page["next"]})
    assert [r["code"][-1] for r in page["data"]] == ["0"] and "next" not in page, page
    assert bus.ask(f"{template}.count", {"where": {"series": series}})["count"] == 4

    # update {"key": "…", "data": {…}, "if_version": 3}
    bus.ask(f"{template}.update", {"key": one["id"], "data": {"number": 5}, "if_version": 1}, **write())
    error = bus.refused("version_mismatch", f"{template}.update",
                        {"key": one["id"], "data": {"number": 6}, "if_version": 1}, **write())
    assert error["retryable"] is False
    assert bus.ask(f"{template}.fetch", {"key": one["id"], "fields": ["number"]})["data"] == {"number": 5}

    # The error codes that a client meets.
    error = bus.refused("validation_failed", f"{template}.create", {"data": {"series": series, "stock": -1}}, **write())
    assert {"field": "stock", "reason": "must be at least 0"} in error["details"], error
    bus.refused("bad_request", f"{template}.fetch", {"kye": one["id"]})
    bus.refused("not_found", f"{template}.fetch", {"key": str(uuid.uuid4())})
    error = bus.refused("conflict", f"{template}.create", {"data": {"code": one["code"], "series": series}}, **write())
    assert error["details"][0]["field"] == "code", error
    bus.refused("validation_failed", f"{template}.fetch", {"where": {"note": "not declared"}})
    bus.refused("template_mismatch", f"{template}.describe", {}, headers={"beds-template-hash": "0" * 16})
    late = {"beds-deadline": int(time.time() * 1000) - 1}
    bus.refused("deadline_exceeded", f"{template}.count", {}, headers=late)
    soon = {"beds-deadline": int(time.time() * 1000) + 20_000}
    assert bus.ask(f"{template}.count", {"where": {"series": series}}, headers=soon, expiration="20000")["count"] == 4

    # Many at a time, each answered by its correlation id.
    ids = [bus.send(f"{template}.fetch", {"key": r["id"], "fields": ["code"]}) for r in [one, *rest]]
    for sent, expected in zip(reversed(ids), reversed([one, *rest])):
        assert bus.wait(sent)[1]["data"] == {"code": expected["code"]}

    # A write that wants no answer is done all the same.
    bus.send(f"{template}.update", {"key": one["id"], "data": {"number": 7}}, reply_to=None, **write())
    end = time.monotonic() + 20
    while bus.ask(f"{template}.fetch", {"key": one["id"]})["data"]["number"] != 7:
        assert time.monotonic() < end, "the write without a reply was not done"

    # delete {"key": "…", "if_version": 3}
    for record in [one, *rest]:
        bus.ask(f"{template}.delete", {"key": record["id"]}, **write())
    assert bus.ask(f"{template}.count", {"where": {"series": series}})["count"] == 0


def main():
    bus = Bus(sys.argv[1])
    for template in ("sample_row", "sample_document"):
        by_template(bus, template)

    # call.NAME {"args": {…}}: OUT parameters, all result sets
    reply = bus.ask("country.call.summary", {"args": {"alpha_2": "FR"}})
    assert reply["out"] == {"subdivision_count": 0} and len(reply["sets"]) == 2, reply
    reply = bus.ask("country.call.subdivision_count", {"args": {"alpha_2": "FR"}})
    assert reply["data"] == 0, reply
    error = bus.refused("rejected_by_database", "country.call.rename",
                        {"args": {"alpha_2": "XX", "name": "Nowhere"}}, **write())
    assert error["sqlstate"] == "45000", error

    # "A request published with `mandatory` to an unknown template or operation comes back at once."
    for key in ("nothing.fetch", "sample_row.merge"):
        try:
            bus.send(key, {})
        except pika.exceptions.UnroutableError as returned:
            assert returned.messages[0].method.reply_code == 312
        else:
            raise AssertionError(f"{key} was routed")
    bus.connection.close()
    print("as designed")


main()
