<?php
// Talks to BEDS from PHP: php beds_example.php amqp://guest:guest@localhost:5672/
// Debian: apt-get install php-cli php-amqplib. Composer: require 'vendor/autoload.php' instead.
declare(strict_types=1);

require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\{AMQPConnectionClosedException, AMQPIOException, AMQPProtocolException};
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

/** An error reply: what the node says is in $error. */
final class BedsError extends RuntimeException
{
    public function __construct(public readonly array $error) { parent::__construct($error['message']); }
}

/** No queue takes the request. */
final class Unroutable extends RuntimeException {}

/** The queue is full. */
final class Refused extends RuntimeException {}

/** A connection that is made again when it is lost, with a reply queue of its own; one request at a time. */
final class Beds
{
    private ?AMQPStreamConnection $connection = null;
    private $channel;
    private string $queue;
    private ?string $waiting = null;
    private ?array $reply = null;

    public function __construct(private readonly string $url) {}

    private function connect(): void
    {
        $u = parse_url($this->url) + ['port' => 5672, 'user' => 'guest', 'pass' => 'guest', 'path' => '/'];
        $vhost = urldecode(substr($u['path'], 1)) ?: '/';
        // A dead server is noticed after two heartbeats; reading has to be more patient than that. RabbitMQ answers
        // nothing while it blocks publishers, so no wait is without an end, and the end of the program waits for nothing.
        $this->connection = new AMQPStreamConnection(
            $u['host'], $u['port'], rawurldecode($u['user']), rawurldecode($u['pass']), $vhost,
            connection_timeout: 5.0, read_write_timeout: 25.0, heartbeat: 10, channel_rpc_timeout: 5.0);
        $this->connection->set_close_on_destruct(false);
        $this->channel = $this->connection->channel();
        $this->channel->confirm_select();
        $this->channel->set_nack_handler(fn() => throw new Refused('the queue is full'));
        $this->channel->set_return_listener(fn($code, $text, $exchange, $key) => throw new Unroutable($key));
        [$this->queue] = $this->channel->queue_declare('', exclusive: true, auto_delete: true);
        $this->channel->basic_consume($this->queue, no_ack: true, callback: function (AMQPMessage $message) {
            if ($message->get('correlation_id') === $this->waiting) { // one that comes too late is nobody's
                $this->reply = json_decode($message->getBody(), true, flags: JSON_THROW_ON_ERROR);
            }
        });
    }

    public function close(): void
    {
        try {
            $this->connection?->close();
        } catch (Exception) { // it is closed already
        }
        $this->connection = null;
    }

    /**
     * Sends a read, or with a message id a write, and returns the reply. When the connection breaks, it is sent again on
     * the next one: a write with the same message id.
     */
    public function request(string $key, array|stdClass $body, ?string $messageId = null, float $timeout = 5.0): array
    {
        for ($end = microtime(true) + $timeout; ; usleep(200_000)) {
            try {
                if ($this->connection === null) { $this->connect(); }
                return $this->exchange($key, $body, $messageId, $end);
            } catch (AMQPIOException | AMQPConnectionClosedException $lost) {
                $this->close();
                if (microtime(true) + 0.2 >= $end) { throw $lost; }
            } catch (AMQPProtocolException $forbidden) { // RabbitMQ closes the channel over what it forbids
                $this->close();
                throw $forbidden;
            }
        }
    }

    private function exchange(string $key, array|stdClass $body, ?string $messageId, float $end): array
    {
        [$this->waiting, $this->reply, $left] = [uuid(), null, max(1, (int) (($end - microtime(true)) * 1000))];
        $properties = ['content_type' => 'application/json', 'reply_to' => $this->queue,
            'correlation_id' => $this->waiting,
            // Nobody works on it after its deadline.
            'application_headers' => new AMQPTable(['beds-deadline' => (int) (microtime(true) * 1000) + $left])];
        $properties += $messageId !== null
            // Stored by RabbitMQ; sent again, it keeps its id.
            ? ['message_id' => $messageId, 'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT]
            // RabbitMQ drops a read that nobody waits for.
            : ['expiration' => (string) $left];
        $message = new AMQPMessage(json_encode($body, JSON_THROW_ON_ERROR), $properties);
        $this->channel->basic_publish($message, 'beds', $key, mandatory: true);
        while ($this->reply === null) { // wait() throws AMQPTimeoutException
            $this->channel->wait(null, false, max(0.001, $end - microtime(true)));
        }
        return $this->reply['ok'] ? $this->reply : throw new BedsError($this->reply['error']);
    }
}

function uuid(): string
{
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40); // version 4
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

$beds = new Beds($argv[1] ?? getenv('AMQP_URL'));
$subject = 'php ' . uuid();
$notes = array_map(fn($n) => ['subject' => $subject, 'country' => 'FR', 'rating' => "$n.5"], [0, 1, 2]);
$created = $beds->request('note.create', ['data' => $notes], uuid())['data'];
echo 'created ', implode(' ', array_column($created, 'id')), "\n";
try {
    $note = $beds->request('note.fetch', ['key' => $created[0]['id']])['data'];
    echo "fetched {$note['subject']} rated {$note['rating']}\n";
    $fetch = fn($note) => ['template' => 'note', 'op' => 'fetch', 'body' => ['key' => $note['id']]];
    $replies = $beds->request('app_server.batch.read', ['items' => array_map($fetch, $created)])['items'];
    echo 'batch ', implode(' ', array_map(fn($r) => $r['ok'] ? $r['data']['rating'] : $r['error']['code'], $replies)), "\n";
    $query = ['where' => ['subject' => $subject, 'rating' => ['gte' => '1.0']], 'sort' => ['-rating'], 'limit' => 1];
    do {
        $page = $beds->request('note.fetch', $query);
        echo 'page ', json_encode(array_column($page['data'], 'rating')), "\n";
        $query['after'] = $page['next'] ?? null;
    } while ($query['after'] !== null);
    // An empty object: PHP writes [] as a list, which is none.
    $fields = $beds->request('note.describe', new stdClass)['data']['fields'];
    echo 'described ', count($fields) > 0 ? 'its fields' : 'nothing', "\n";
    try {
        $beds->request('note.create', ['data' => ['country' => 'France']], uuid());
    } catch (BedsError $refusal) { echo "refused {$refusal->error['code']}\n"; }
    try {
        $beds->request('nothing.fetch', ['key' => '1']);
    } catch (Unroutable) { echo "returned: no running node serves nothing.fetch\n"; }
} finally {
    foreach ($created as $note) { $beds->request('note.delete', ['key' => $note['id']], uuid()); }
}
$beds->close();
