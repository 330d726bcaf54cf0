// Talks to BEDS from Node: npm install amqplib; node beds_example.mjs amqp://guest:guest@localhost:5672/
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import amqp from 'amqplib'

/** An error reply: what the node says is in `error`. */
class BedsError extends Error {
  constructor(error) {
    super(`${error.code}: ${error.message}`)
    this.error = error
  }
}

/** The connection is lost, or cannot be made. */
class Lost extends Error {}

/** A connection that is made again when it is lost, with a reply queue of its own; any number of requests at a time. */
class Beds {
  constructor(url) {
    this.url = new URL(url)
    this.url.searchParams.set('heartbeat', '10') // a dead server is noticed after two
    this.pending = new Map()
  }

  /** The open channel; requests that come at the same time share it. */
  link() {
    this.opening ??= this.open().catch((error) => {
      this.opening = null
      throw new Lost(error.message)
    })
    return this.opening
  }

  async open() {
    const connection = await amqp.connect(this.url.href, { timeout: 5000 })
    connection.on('error', () => {}) // 'close' follows
    connection.on('close', () => this.end(new Lost('the connection is lost')))
    const channel = await connection.createConfirmChannel()
    // RabbitMQ closes the channel over what it forbids: who waits on it is told, and the next request opens another.
    channel.on('error', (error) => { this.end(error); connection.close().catch(() => {}) })
    channel.on('return', ({ fields, properties }) =>
      this.settle(properties.correlationId, new Error(`no running node serves ${fields.routingKey}`)))
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
    await channel.consume(queue, (message) => {
      if (!message) return // the queue was deleted
      const reply = JSON.parse(message.content)
      this.settle(message.properties.correlationId, reply.ok ? null : new BedsError(reply.error), reply)
    }, { noAck: true })
    return { connection, channel, queue }
  }

  end(error) {
    this.opening = null
    for (const id of this.pending.keys()) this.settle(id, error)
  }

  settle(id, error, reply) {
    const waiting = this.pending.get(id)
    if (!waiting) return // it came too late
    this.pending.delete(id)
    clearTimeout(waiting.timer)
    error ? waiting.reject(error) : waiting.resolve(reply)
  }

  /** Sends a read, or with a messageId a write, and gives the reply. When the connection breaks, it is sent again on the
   *  next one: a write with the same messageId. */
  async request(key, body, { messageId, timeout = 5000 } = {}) {
    for (const end = Date.now() + timeout; ; await sleep(200)) {
      try {
        return await this.exchange(await this.link(), key, body, messageId, end)
      } catch (error) {
        if (!(error instanceof Lost) || Date.now() + 200 >= end) throw error
      }
    }
  }

  exchange({ channel, queue }, key, body, messageId, end) {
    const [id, left] = [randomUUID(), Math.max(1, end - Date.now())]
    const properties = { contentType: 'application/json', replyTo: queue, correlationId: id, mandatory: true }
    // Nobody works on it after its deadline.
    properties.headers = { 'beds-deadline': Date.now() + left }
    // A write is stored by RabbitMQ; sent again, it keeps its id.
    if (messageId) Object.assign(properties, { messageId, persistent: true })
    // RabbitMQ drops a read that nobody waits for.
    else properties.expiration = left
    return new Promise((resolve, reject) => {
      const late = () => this.settle(id, new Error(`${key}: no answer in time`))
      this.pending.set(id, { resolve, reject, timer: setTimeout(late, left) })
      try {
        channel.publish('beds', key, Buffer.from(JSON.stringify(body)), properties, (error) => {
          // Otherwise the channel has been closed, which is told to all who wait.
          if (error?.message === 'message nacked') this.settle(id, new Error(`${key}: its queue is full`))
        })
      } catch (error) { // the channel has just been closed
        this.settle(id, new Lost(error.message))
      }
    })
  }

  async close() {
    const { connection } = await this.link()
    await connection.close()
  }
}

const beds = new Beds(process.argv[2] ?? process.env.AMQP_URL)
const subject = `node ${randomUUID()}`
const write = () => ({ messageId: randomUUID() })

const notes = [0, 1, 2].map((n) => ({ subject, country: 'FR', rating: `${n}.5` }))
const { data: created } = await beds.request('note.create', { data: notes }, write())
console.log('created', ...created.map((note) => note.id))
try {
  const { data: note } = await beds.request('note.fetch', { key: created[0].id })
  console.log('fetched', note.subject, 'rated', note.rating)

  const items = created.map(({ id }) => ({ template: 'note', op: 'fetch', body: { key: id } }))
  const { items: replies } = await beds.request('app_server.batch.read', { items })
  console.log('batch', ...replies.map((reply) => (reply.ok ? reply.data.rating : reply.error.code)))

  const query = { where: { subject, rating: { gte: '1.0' } }, sort: ['-rating'], limit: 1 }
  do {
    const page = await beds.request('note.fetch', query)
    console.log('page', page.data.map((note) => note.rating))
    query.after = page.next
  } while (query.after)

  await beds.request('note.create', { data: { country: 'France' } }, write())
    .catch((refusal) => console.log('refused', refusal.error?.code ?? refusal))
  await beds.request('nothing.fetch', { key: '1' })
    .catch((returned) => console.log('returned:', returned.message))
} finally {
  await Promise.all(created.map((note) => beds.request('note.delete', { key: note.id }, write())))
}
await beds.close()
