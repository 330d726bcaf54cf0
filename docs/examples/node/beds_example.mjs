// Talks to BEDS from Node: npm install amqplib; node beds_example.mjs amqp://guest:guest@localhost:5672/
import { randomUUID } from 'node:crypto'
import amqp from 'amqplib'

/** An error reply: what the node says is in `error`. */
class BedsError extends Error {
  constructor(error) {
    super(`${error.code}: ${error.message}`)
    this.error = error
  }
}

/** One connection with a reply queue of its own; any number of requests at a time. */
class Beds {
  static async connect(url) {
    const beds = new Beds()
    beds.pending = new Map()
    beds.connection = await amqp.connect(url, { timeout: 5000 })
    beds.connection.on('error', () => {}) // 'close' follows and tells those who wait
    beds.connection.on('close', () => {
      for (const id of beds.pending.keys()) beds.settle(id, new Error('the connection is lost'))
    })
    beds.channel = await beds.connection.createChannel()
    beds.channel.on('return', ({ fields, properties }) =>
      beds.settle(properties.correlationId, new Error(`no running node serves ${fields.routingKey}`)))
    beds.queue = (await beds.channel.assertQueue('', { exclusive: true, autoDelete: true })).queue
    await beds.channel.consume(beds.queue, (message) => {
      if (!message) return // the queue was deleted
      const reply = JSON.parse(message.content)
      beds.settle(message.properties.correlationId, reply.ok ? null : new BedsError(reply.error), reply)
    }, { noAck: true })
    return beds
  }

  settle(id, error, reply) {
    const waiting = this.pending.get(id)
    if (!waiting) return // it came too late
    this.pending.delete(id)
    clearTimeout(waiting.timer)
    error ? waiting.reject(error) : waiting.resolve(reply)
  }

  /** Sends a read, or with a messageId a write, and gives the reply. */
  request(key, body, { messageId, timeout = 5000 } = {}) {
    const id = randomUUID()
    const properties = { contentType: 'application/json', replyTo: this.queue, correlationId: id, mandatory: true }
    // A write is stored by RabbitMQ; sent again, it keeps its id.
    if (messageId) Object.assign(properties, { messageId, persistent: true })
    // Nobody works on a read after its deadline.
    else Object.assign(properties, { expiration: timeout, headers: { 'beds-deadline': Date.now() + timeout } })
    return new Promise((resolve, reject) => {
      const late = () => this.settle(id, new Error(`${key}: no answer within ${timeout} ms`))
      this.pending.set(id, { resolve, reject, timer: setTimeout(late, timeout) })
      this.channel.publish('beds', key, Buffer.from(JSON.stringify(body)), properties)
    })
  }
}

const beds = await Beds.connect(process.argv[2] ?? process.env.AMQP_URL)
const subject = `node ${randomUUID()}`
const write = () => ({ messageId: randomUUID() })

const notes = [0, 1, 2].map((n) => ({ subject, country: 'FR', rating: `${n}.5` }))
const { data: created } = await beds.request('note.create', { data: notes }, write())
console.log('created', ...created.map((note) => note.id))
try {
  const { data: note } = await beds.request('note.fetch', { key: created[0].id })
  console.log('fetched', note.subject, 'rated', note.rating)

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
await beds.connection.close()
