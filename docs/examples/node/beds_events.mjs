// Listens to BEDS from Node: npm install amqplib; node beds_events.mjs amqp://guest:guest@localhost:5672/ QUEUE PATTERN…
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import amqp from 'amqplib'

const REMEMBERED = 10_000 // how many ids are remembered to tell doubles

/** Gives each event to `handle`, one after the other, for ever. One that `handle` did not finish comes again. */
async function listen(url, queue, patterns, handle) {
  const seen = new Set()
  for (;;) {
    try {
      const connection = await amqp.connect(`${url}?heartbeat=10`, { timeout: 5000 })
      connection.on('error', () => {}) // 'close' follows
      const closed = once(connection, 'close')
      const channel = await connection.createChannel()
      channel.on('error', () => connection.close().catch(() => {}))
      // Durable: it gathers events while nobody listens, and survives a restart of RabbitMQ.
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
      for (const pattern of patterns) await channel.bindQueue(queue, 'beds.events', pattern)
      await channel.prefetch(64)
      let last = Promise.resolve()
      await channel.consume(queue, (message) => {
        if (!message) return connection.close().catch(() => {}) // the queue was deleted
        last = last.then(async () => {
          const id = message.properties.messageId
          if (!seen.has(id)) { // an event may come twice, with the same id
            await handle(JSON.parse(message.content))
            seen.add(id)
            if (seen.size > REMEMBERED) seen.delete(seen.values().next().value)
          }
          channel.ack(message)
        }).catch(() => connection.close().catch(() => {}))
      })
      console.log('listening')
      await closed
    } catch {
      // There is no connection yet.
    }
    await sleep(1000)
  }
}

const [url, queue, ...patterns] = process.argv.slice(2)
await listen(url, queue, patterns, ({ template, operation, key, version }) =>
  console.log(template, operation, JSON.stringify(key), version))
