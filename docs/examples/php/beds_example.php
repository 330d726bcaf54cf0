<?php
// Talks to BEDS from PHP: php beds_example.php amqp://guest:guest@localhost:5672/
// Debian: apt-get install php-cli php-amqplib. Composer: require 'vendor/autoload.php' instead.
declare(strict_types=1);

require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

/** An error reply: what the node says is in $error. */
final class BedsError extends RuntimeException
{
    public function __construct(public readonly array $error) { parent::__construct($error['message']); }
}

/** No queue takes the request. */
final class Unroutable extends RuntimeException {}

/** One connection with a reply queue of its own; one request at a time. */
final class Beds
{
    public readonly AMQPStreamConnection $connection;
    private $channel;
    private string $queue;
    private ?string $waiting = null;
    private ?array $reply = null;

    public function __construct(string $url)
    {
        $u = parse_url($url) + ['port' => 5672, 'user' => 'guest', 'pass' => 'guest', 'path' => '/'];
        $vhost = urldecode(substr($u['path'], 1)) ?: '/';
        $this->connection = new AMQPStreamConnection(
            $u['host'], $u['port'], urldecode($u['user']), urldecode($u['pass']), $vhost);
        $this->channel = $this->connection->channel();
        $this->channel->set_return_listener(fn($code, $text, $exchange, $key) => throw new Unroutable($key));
        [$this->queue] = $this->channel->queue_declare('', exclusive: true, auto_delete: true);
        $this->channel->basic_consume($this->queue, no_ack: true, callback: function (AMQPMessage $message) {
            if ($message->get('correlation_id') === $this->waiting) { // one that comes too late is nobody's
                $this->reply = json_decode($message->getBody(), true, flags: JSON_THROW_ON_ERROR);
            }
        });
    }

    /** Sends a read, or with a message id a write, and returns the reply. */
    public function request(string $key, array $body, ?string $messageId = null, float $timeout = 5.0): array
    {
        [$this->waiting, $this->reply, $end] = [bin2hex(random_bytes(8)), null, microtime(true) + $timeout];
        $properties = ['content_type' => 'application/json', 'reply_to' => $this->queue,
            'correlation_id' => $this->waiting];
        $properties += $messageId !== null
            // Stored by RabbitMQ; sent again, it keeps its id.
            ? ['message_id' => $messageId, 'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT]
            // Nobody works on a read after its deadline.
            : ['expiration' => (string) (int) ($timeout * 1000),
                'application_headers' => new AMQPTable(['beds-deadline' => (int) ($end * 1000)])];
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
    $query = ['where' => ['subject' => $subject, 'rating' => ['gte' => '1.0']], 'sort' => ['-rating'], 'limit' => 1];
    do {
        $page = $beds->request('note.fetch', $query);
        echo 'page ', json_encode(array_column($page['data'], 'rating')), "\n";
        $query['after'] = $page['next'] ?? null;
    } while ($query['after'] !== null);
    try {
        $beds->request('note.create', ['data' => ['country' => 'France']], uuid());
    } catch (BedsError $refusal) { echo "refused {$refusal->error['code']}\n"; }
    try {
        $beds->request('nothing.fetch', ['key' => '1']);
    } catch (Unroutable) { echo "returned: no running node serves nothing.fetch\n"; }
} finally {
    foreach ($created as $note) { $beds->request('note.delete', ['key' => $note['id']], uuid()); }
}
$beds->connection->close();
