"""Listens to BEDS from Python: python3 beds_events.py amqp://guest:guest@localhost:5672/ QUEUE PATTERN…"""

import collections
import json
import sys
import time

import pika
from pika.exceptions import AMQPConnectionError

REMEMBERED = 10_000  # how many ids are remembered to tell doubles


def listen(url, queue, patterns, handle):
    """Gives each event to `handle`, for ever. One that `handle` did not finish comes again."""
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 10  # a dead server is noticed after two
    seen = collections.OrderedDict()
    while True:
        try:
            channel = pika.BlockingConnection(parameters).channel()
            # Durable: it gathers events while nobody listens, and survives a restart of RabbitMQ.
            channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
            for pattern in patterns:
                channel.queue_bind(queue, "beds.events", pattern)
            channel.basic_qos(prefetch_count=64)
            print("listening", flush=True)
            for method, properties, body in channel.consume(queue):
                if properties.message_id not in seen:  # an event may come twice, with the same id
                    handle(json.loads(body))
                    seen[properties.message_id] = True
                    if len(seen) > REMEMBERED:
                        seen.popitem(last=False)
                channel.basic_ack(method.delivery_tag)
        except AMQPConnectionError:
            time.sleep(1)


def show(event):
    print(event["template"], event["operation"], json.dumps(event["key"]), event["version"], flush=True)


if __name__ == "__main__":
    listen(sys.argv[1], sys.argv[2], sys.argv[3:], show)
