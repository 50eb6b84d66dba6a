// The routes of the benchmark as a careful developer writes them on fastify: response schemas (so
// that answers are printed by generated code), one undici pool, Promise.all over upstream calls.
//
// node server.js UPSTREAM, where UPSTREAM is http://host:port. Prints
// `listening on http://127.0.0.1:PORT` when it accepts.

import fastify from 'fastify'
import { Pool } from 'undici'

const upstream = process.argv[2]
if (!upstream) {
  console.error('usage: node server.js UPSTREAM')
  process.exit(2)
}

// As many connections as the other servers may open: no queueing inside the client.
const pool = new Pool(upstream, { connections: 1024 })

async function get(path) {
  const { statusCode, body } = await pool.request({ path, method: 'GET' })
  if (statusCode !== 200) {
    await body.dump()
    throw Object.assign(new Error(`upstream answered ${statusCode}`), { statusCode: 502 })
  }
  return body.json()
}

const text = { type: 'string' }
const number = { type: 'integer' }
const list = (items) => ({ type: 'array', items })
const record = (properties) => ({ type: 'object', properties })
const answers = (schema) => ({ schema: { response: { 200: schema } } })

const app = fastify()

const shape = record({
  id: text,
  kind: text,
  links: record({ this: text, all: text }),
  tags: list(text),
})
app.get('/shape/:id', answers(shape), async (request) => {
  const { id } = request.params
  return { id, kind: 'shape', links: { this: `/shape/${id}`, all: '/shape' }, tags: ['a', 'b', 'c'] }
})

app.get('/three/:id', answers(record({ user: text, cart: text, price: number })), async (request) => {
  const [user, cart, price] = await Promise.all([
    get(`/item/${request.params.id}`),
    get('/item/2'),
    get('/item/3'),
  ])
  return { user: user.name, cart: cart.name, price: price.price }
})

const numbers = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
app.get('/ten', answers(record({ names: list(text), total: number })), async () => {
  const items = await Promise.all(numbers.map((n) => get(`/item/${n}`)))
  return {
    names: items.map((item) => item.name),
    total: items.reduce((total, item) => total + item.price, 0),
  }
})

const group = record({ customer: text, orders: number, total: number })
app.get('/report', answers(list(group)), async () => {
  const { orders } = await get('/big')
  const groups = new Map()
  for (const order of orders) {
    if (order.status !== 'paid') continue
    let group = groups.get(order.customer)
    if (group === undefined) {
      group = { customer: order.customer, orders: 0, total: 0 }
      groups.set(order.customer, group)
    }
    group.orders += 1
    group.total += order.total
  }
  return [...groups.values()].sort((a, b) => (a.customer < b.customer ? -1 : 1))
})

app.get('/hold', answers(record({ held: { type: 'boolean' } })), () => get('/hold'))

const address = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(`listening on ${address}`)
