// The demo engine keeps the Host's contract, so that what screens do to it means what it means to the real one.

import { describe, expect, it } from 'vitest'
import type { Host, SyncStatus } from '@/host'
import { asAppError } from '@/host'
import { demoHost } from '@/host/demo'

const ALL = { from: null, to: null, query: '', statuses: [], assignee: null }
const ORDERS = { from: null, to: null, query: '', statuses: [], tickets: null }
const refused = (answer: Promise<unknown>) => answer.then(() => 'taken', (reason: unknown) => asAppError(reason).code)
const one = async (host: Host, status: number) => {
  const row = (await host.appointments(ALL)).find((r) => r.status === status)
  if (!row) throw new Error(`no appointment of state ${status}`)
  return row
}

describe('the demo engine', () => {
  it('takes a visit from start to completion, with the money to the fen', async () => {
    const host = demoHost()
    const { id, order_id } = await one(host, 1)
    await host.execute('appointment.start', { appointment_id: id })
    expect((await host.appointment(id)).appointment.status).toBe(4)
    const weighed = await host.weigh({ order_id, items: [{ category: 'paper/cardboard', weighing: { gross: '52.40', tare: '1.20', deductions: [{ kind: 'moisture', percent: '3' }] } }], adjustments: [{ kind: 'round_down', amount: '-0.63' }], gap_reasons: [] })
    const quote = (await host.order(order_id)).order.quotes.at(-1)?.quote
    expect(quote?.lines[0]).toMatchObject({ quantity: '49.664', unit_price: '1.1', amount: '54.63' })
    expect(quote?.due).toBe('54.00')
    await host.execute('order.accept', { order_id, quote_id: weighed.quote_id, by: 'tap' })
    await host.execute('order.pay', { order_id, payment_id: 'p1', method: 'cash', amount: '54.00' })
    await host.execute('order.pay', { order_id, payment_id: 'p1', method: 'cash', amount: '54.00' })
    const order = (await host.order(order_id)).order
    expect([order.status, order.payments.length]).toEqual([1, 1])
    await host.execute('appointment.complete', { appointment_id: id })
    expect((await host.appointment(id)).appointment.status).toBe(2)
  })

  it('refuses as the tables of sync.md do', async () => {
    const host = demoHost()
    const done = await one(host, 2)
    expect(await refused(host.execute('appointment.cancel', { appointment_id: done.id, reason: 'not_home' }))).toBe('already_completed')
    expect(await refused(host.execute('order.void', { order_id: done.order_id, reason: 'x' }))).toBe('already_paid')
    const serving = await one(host, 4)
    expect(await refused(host.execute('appointment.reschedule', { appointment_id: serving.id, appointment_time: new Date().toISOString() }))).toBe('in_service')
    expect(await refused(host.appointment('0193'))).toBe('not_found')
  })

  it('reports a fault per line and keeps pricing the others', async () => {
    const preview = await demoHost().preview({ items: [{ category: 'metal/iron', weighing: { gross: '5', tare: '9' } }, { category: 'metal/iron', quantity: '2' }, { category: 'no/such' }], adjustments: [], gap_reasons: [], appointment_id: null })
    expect(preview.lines.map((line) => line.error)).toEqual(['invalid_weighing', null, 'unknown_category'])
    expect([preview.total, preview.ready]).toEqual(['3.60', false])
  })

  it('keeps changes pending while offline and settles them afterwards', async () => {
    const host = demoHost({ scenario: 'offline' })
    const states: SyncStatus[] = []
    await host.on('sync-status', (status) => states.push(status))
    const { id } = await one(host, 1)
    await host.execute('appointment.start', { appointment_id: id })
    expect([states.at(-1)?.chip, states.at(-1)?.pending]).toEqual(['offline', 1])
    expect(await refused(host.syncNow())).toBe('offline')
    await host.setOffline(false)
    expect((await host.syncNow()).pending).toBe(0)
    expect((await host.mutations())[0]?.outcome).toBe('applied')
  })

  it('filters lists by day, words and state', async () => {
    const host = demoHost()
    const rows = await host.appointments(ALL)
    const day = rows[0]?.slot.date ?? ''
    expect((await host.appointments({ ...ALL, from: day, to: day })).every((r) => r.slot.date === day)).toBe(true)
    expect((await host.appointments({ ...ALL, query: '陈建国' })).every((r) => r.name === '陈建国')).toBe(true)
    expect((await host.orders({ ...ORDERS, tickets: true })).every((r) => r.appointment_id === null)).toBe(true)
  })

  it('keeps drafts, masks phones, and hands out copies that screens cannot spoil', async () => {
    const host = demoHost()
    await host.draftPut('weigh:1', { gross: '5.' })
    expect(await host.draftGet('weigh:1')).toEqual({ gross: '5.' })
    await host.draftDelete('weigh:1')
    expect(await host.draftGet('weigh:1')).toBeNull()
    const [row] = await host.appointments(ALL)
    expect(row?.phone_masked).toMatch(/^\d{3}\*{4}\d{4}$/)
    const detail = await host.appointment(row?.id ?? '')
    detail.appointment.status = 3
    expect((await host.appointment(row?.id ?? '')).appointment.status).toBe(row?.status)
  })
})

it('whatever a rejection is, it becomes an AppError', () => {
  expect(asAppError({ code: 'offline' })).toEqual({ code: 'offline', field: null, errors: [] })
  expect(asAppError(new TypeError('x')).code).toBe('internal')
  expect(asAppError('command not found').code).toBe('internal')
})
