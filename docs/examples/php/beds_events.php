<?php
// Listens to BEDS from PHP: php beds_events.php amqp://guest:guest@localhost:5672/ QUEUE PATTERN…
declare(strict_types=1);

require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\{AMQPBasicCancelException, AMQPConnectionClosedException, AMQPIOException};
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

const REMEMBERED = 10_000; // how many ids are remembered to tell doubles

/** Gives each event to $handle, for ever. One that $handle did not finish comes again. */
function listen(string $url, string $queue, array $patterns, callable $handle): never
{
    $u = parse_url($url) + ['port' => 5672, 'user' => 'guest', 'pass' => 'guest', 'path' => '/'];
    $seen = [];
    while (true) {
        try {
            // A dead server is noticed after two heartbeats; reading has to be more patient than that.
            $connection = new AMQPStreamConnection(
                $u['host'], $u['port'], rawurldecode($u['user']), rawurldecode($u['pass']),
                urldecode(substr($u['path'], 1)) ?: '/',
                connection_timeout: 5.0, read_write_timeout: 25.0, heartbeat: 10);
            $channel = $connection->channel();
            // Durable: it gathers events while nobody listens, and survives a restart of RabbitMQ.
            $channel->queue_declare(
                $queue, durable: true, auto_delete: false, arguments: new AMQPTable(['x-queue-type' => 'quorum']));
            foreach ($patterns as $pattern) {
                $channel->queue_bind($queue, 'beds.events', $pattern);
            }
            $channel->basic_qos(0, 64, false);
            $channel->basic_consume($queue, callback: function (AMQPMessage $message) use (&$seen, $handle) {
                $id = $message->get('message_id');
                if (!isset($seen[$id])) { // an event may come twice, with the same id
                    $handle(json_decode($message->getBody(), true, flags: JSON_THROW_ON_ERROR));
                    $seen[$id] = true;
                    if (count($seen) > REMEMBERED) {
                        unset($seen[array_key_first($seen)]);
                    }
                }
                $message->ack();
            });
            print "listening\n";
            while ($channel->is_consuming()) {
                $channel->wait();
            }
        } catch (AMQPBasicCancelException | AMQPConnectionClosedException | AMQPIOException) {
            sleep(1); // its queue was deleted, or the connection is lost: both are made again
        }
    }
}

listen($argv[1], $argv[2], array_slice($argv, 3), function (array $event): void {
    print "{$event['template']} {$event['operation']} " . json_encode($event['key']) . " {$event['version']}\n";
});
