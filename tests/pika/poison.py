"""Publishes messages that no client library should have let through, then one that is well-formed."""

import sys
import time

import pika

connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
replies = channel.queue_declare("", exclusive=True).method.queue

POISON = {
    "a property that is no UTF-8": {"correlation_id": b"\xff\xfe"},
    "a header whose name is no UTF-8": {"headers": {b"\xff\xfe": 1}},
    "a direct reply-to that names no process": {"reply_to": "amq.rabbitmq.reply-to.garbage"},
    "a direct reply-to that is cut short": {"reply_to": "amq.rabbitmq.reply-to.g1h2AAhyZXBseS10bw.bWU="},
    "a reply queue that is not the client's": {"reply_to": "beds.app_server.w"},
}


def publish(key, **properties):
    properties.setdefault("reply_to", replies)
    channel.basic_publish("beds", key, b"{}", pika.BasicProperties(**properties))


def answered(mark):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        method, properties, _ = channel.basic_get(replies, auto_ack=True)
        if method and properties.correlation_id == mark:
            return properties.headers["beds-status"]
        connection.process_data_events(time_limit=0.05)
    return "no answer"


for index, (name, properties) in enumerate(POISON.items()):
    publish("country.describe", **properties)
    publish("country.describe", correlation_id=f"after-{index}")
    print(f"{name}: {answered(f'after-{index}')}")
