// A walk-in ticket by keyboard alone is written in under a minute: counted by the keystroke-level model, see
// docs/usability.md, whose table these figures are.

import { readFileSync } from 'node:fs'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { host, type Order } from '@/host'
import { mounted, startDemo, until } from '../../../tests/mounting'
import { SECONDS, Typist } from '../../../tests/typist'
import CounterPage from './CounterPage.vue'

const TICKETS = { from: null, to: null, query: '', statuses: [], tickets: true }
let page: VueWrapper
let typist: Typist

const find = (id: string) => page.find(`[data-testid="${id}"]`)
const cursor = () => (document.activeElement as HTMLElement).dataset['testid']
const focused = (id: string) => until(() => cursor() === id)

beforeEach(async () => {
  await startDemo('station')
  page = (await mounted(CounterPage, { at: '/counter' })).wrapper
  await focused('goods-input')
  typist = new Typist()
})
afterEach(() => page.unmount())

/** One kind of goods: code, gross, tare (nothing: none), and moisture if it is damp. */
async function weigh(line: number, code: string, gross: string, tare: string, moisture = '') {
  typist.reach()
  await typist.say(code)
  await typist.press('Enter')
  await focused(`line-${line}-gross`)
  await typist.say(gross)
  await typist.press('Enter')
  await focused(`line-${line}-tare`)
  if (tare) await typist.say(tare)
  await typist.press(moisture ? 'Tab' : 'Enter')
  if (moisture) {
    await focused(`line-${line}-moisture`)
    await typist.say(moisture)
    await typist.press('Enter')
  }
  await focused('goods-input')
}

/** Enter on the empty line, Enter for the exact sum in cash, F10. */
async function payAndPrint(): Promise<Order> {
  const print = vi.fn()
  window.print = print
  await typist.press('Enter')
  await typist.see(() => cursor() === 'pay-amount')
  await typist.press('Enter')
  await typist.see(() => find('ticket-done').exists())
  await typist.press('F10')
  await until(() => print.mock.calls.length === 1)
  const newest = (await host().orders(TICKETS))[0]
  return (await host().order(newest?.id ?? '')).order
}

const counted = () => [typist.keys, typist.decisions, typist.hands, typist.waits]
/** The row of the document's table that these figures stand in. */
const row = (name: string) => `| ${name} | ${[...counted(), `${typist.seconds().toFixed(1)} s`, `${typist.seconds(SECONDS.slowKey).toFixed(1)} s`].join(' | ')} |`
const documented = readFileSync('../docs/usability.md', 'utf8')

describe('a ticket at the counter, by keyboard alone', () => {
  it('of two kinds, one with tare, paid in cash: well under a minute', async () => {
    await weigh(0, '11', '52.4', '1.2')
    await weigh(1, '33', '21.5', '')
    const order = await payAndPrint()
    expect([order.due, order.payments.map((p) => [p.method, p.amount])]).toEqual(['95.02', [['cash', '95.02']]])
    expect(counted()).toEqual([24, 9, 2, 2])
    expect(typist.seconds()).toBeLessThan(30)
    expect(typist.seconds(SECONDS.slowKey)).toBeLessThan(30)
    expect(documented).toContain(row('two kinds, one with tare, cash'))
  })

  const four = async () => {
    await weigh(0, '11', '52.4', '1.2', '3')
    await weigh(1, '12', '40.6', '1.2', '5')
    await weigh(2, '13', '18.3', '0.8', '4')
    await weigh(3, '42', '26.5', '0.5', '2')
  }

  it('of four kinds with tare and moisture, for a seller who is new: still under a minute', async () => {
    await four()
    await typist.press('F4')
    await focused('seller-phone')
    await typist.say('13912345678')
    await typist.press('Enter')
    await focused('seller-name')
    await typist.hanzi('chenjianguo', '陈建国')
    await typist.press('Enter')
    await focused('goods-input')
    const order = await payAndPrint()
    expect(order.seller).toEqual({ name: '陈建国', phone: '13912345678' })
    expect(order.quotes[0]?.quote.items.map((item) => [item.weighing?.tare, item.weighing?.deductions?.[0]?.percent])).toEqual([['1.2', '3'], ['1.2', '5'], ['0.8', '4'], ['0.5', '2']])
    expect(typist.seconds()).toBeLessThan(60)
    expect(documented).toContain(row('four kinds with tare and moisture, a new seller'))
  })

  it('of the same for a seller who is known: the number brings the name', async () => {
    const known = (await host().orders(TICKETS)).find((one) => one.name !== null)
    const phone = (await host().order(known?.id ?? '')).order.seller?.phone ?? ''
    await four()
    await typist.press('F4')
    await focused('seller-phone')
    await typist.say(phone)
    await until(() => (find('seller-name').element as HTMLInputElement).value === known?.name)
    await typist.press('Enter')
    await focused('goods-input')
    const order = await payAndPrint()
    expect(order.seller).toEqual({ name: known?.name, phone })
    expect(typist.seconds()).toBeLessThan(60)
    expect(documented).toContain(row('four kinds with tare and moisture, a known seller'))
  })
})
