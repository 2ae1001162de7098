import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { host, setHost, type AppointmentRow, type Host } from '@/host'
import { demoHost } from '@/host/demo'
import { i18n } from '@/i18n'
import { useSession } from '@/stores/session'
import AcceptPage from '../accept/AcceptPage.vue'
import { acceptDraftKey } from '../accept/visit'
import CounterPage from '../counter/CounterPage.vue'
import { COUNTER_DRAFT } from '../counter/ticket'
import { weighDraftKey } from './prefill'
import WeighPage from './WeighPage.vue'

// The running total is asked after 50 ms, a draft stored after 150.
const PRICED = 70
const STORED = 200
let page: VueWrapper
let router: Router
let visit: AppointmentRow

const find = (id: string) => page.find(`[data-testid="${id}"]`)
const settle = async (ms = PRICED) => {
  await flushPromises()
  await new Promise((resolve) => setTimeout(resolve, ms))
  await flushPromises()
}
const type = async (id: string, text: string) => find(id).setValue(text)

async function open(component: typeof WeighPage | typeof AcceptPage | typeof CounterPage, props: Record<string, unknown> = {}) {
  page = mount(component as never, { props, global: { plugins: [i18n, router] }, attachTo: document.body } as never) as unknown as VueWrapper
  await settle()
}

beforeEach(async () => {
  setActivePinia(createPinia())
  setHost(demoHost())
  await useSession().start()
  const rows = await host().appointments({ from: null, to: null, query: '', statuses: [4], assignee: null })
  visit = rows[0] as AppointmentRow
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: { template: '<i/>' } },
      { path: '/appointments/:id', component: { template: '<i/>' } },
      { path: '/appointments/:id/accept', name: 'accept', component: { template: '<i/>' } },
      { path: '/appointments/:id/weigh', name: 'weigh', component: { template: '<i/>' } },
    ],
  })
})
afterEach(() => page.unmount())

async function weighAll(gross: string) {
  for (let at = 0; find(`line-${at}`).exists(); at += 1) {
    if (find(`line-${at}-gross`).exists()) await type(`line-${at}-gross`, gross)
  }
  await settle()
}

async function giveReasons() {
  for (let at = 0; find(`line-${at}`).exists(); at += 1) {
    if (find(`line-${at}-reason-weight`).exists()) await find(`line-${at}-reason-weight`).trigger('click')
  }
  await settle()
}

describe('weighing a visit', () => {
  it('begins with the goods as booked and asks no customer before everything is weighed', async () => {
    await open(WeighPage, { id: visit.id })
    expect(page.findAll('[data-row]')).toHaveLength(visit.categories.length)
    await find('weigh-confirm').trigger('click')
    await settle()
    expect(find('line-0-error').text()).not.toBe('')
    expect(router.currentRoute.value.name).not.toBe('accept')
  })

  it('keeps what was typed as a draft, finds it again, and removes it once it is weighed', async () => {
    await open(WeighPage, { id: visit.id })
    await weighAll('60')
    await settle(STORED)
    expect(await host().draftGet(weighDraftKey(visit.order_id))).toMatchObject({ v: 1 })
    page.unmount()
    await open(WeighPage, { id: visit.id })
    expect(find('draft-restored').exists()).toBe(true)
    await giveReasons()
    await find('weigh-confirm').trigger('click')
    await settle()
    expect(router.currentRoute.value.name).toBe('accept')
    expect(await host().draftGet(weighDraftKey(visit.order_id))).toBeNull()
    expect(await host().draftGet(acceptDraftKey(visit.order_id))).toMatchObject({ v: 1 })
  })

  it('stays, with the draft kept, when the weighing is refused', async () => {
    await open(WeighPage, { id: visit.id })
    await weighAll('60')
    await giveReasons()
    await settle(STORED)
    vi.spyOn(host(), 'weigh').mockRejectedValueOnce({ code: 'disk_full', field: null, errors: [] })
    await find('weigh-confirm').trigger('click')
    await settle()
    expect(find('weigh-refused').text()).toContain('磁盘')
    expect(await host().draftGet(weighDraftKey(visit.order_id))).not.toBeNull()
  })

  it('puts a removed line back where it was', async () => {
    await open(WeighPage, { id: visit.id })
    const before = page.findAll('[data-row]').map((row) => row.attributes('data-row'))
    await find('line-0-remove').trigger('click')
    expect(page.findAll('[data-row]')).toHaveLength(before.length - 1)
    const { useToasts } = await import('@/stores/toasts')
    await useToasts().toasts.at(-1)?.action?.run()
    await settle()
    expect(page.findAll('[data-row]').map((row) => row.attributes('data-row'))).toEqual(before)
  })

  it('adds a line by its code and puts the cursor on its weight', async () => {
    await open(WeighPage, { id: visit.id })
    const lines = page.findAll('[data-row]').length
    await type('goods-input', '11')
    await find('goods-input').trigger('keydown', { key: 'Enter' })
    await settle()
    expect(page.findAll('[data-row]')).toHaveLength(lines + 1)
    expect(document.activeElement?.getAttribute('data-testid')).toBe(`line-${lines}-gross`)
  })
})

describe('the customer', () => {
  async function weighed(gross: string) {
    await open(WeighPage, { id: visit.id })
    await weighAll(gross)
    await giveReasons()
    await find('weigh-confirm').trigger('click')
    await settle()
    page.unmount()
    await open(AcceptPage, { id: visit.id })
  }

  it('accepts, is paid in two parts, and the visit ends', async () => {
    await weighed('60')
    const { order } = await host().appointment(visit.id)
    const executed = vi.spyOn(host(), 'execute')
    await find('accept-yes').trigger('click')
    await settle()
    expect(executed).toHaveBeenCalledWith('order.accept', { order_id: order.id, quote_id: order.current_quote, by: 'tap' })
    await type('pay-amount', '1')
    await find('pay-confirm').trigger('click')
    await settle()
    expect(page.findAll('[data-testid="payment"]')).toHaveLength(1)
    await find('pay-confirm').trigger('click')
    await settle()
    expect(find('paid-in-full').exists()).toBe(true)
    await find('complete').trigger('click')
    await settle()
    expect(find('visit-done').exists()).toBe(true)
    expect((await host().appointment(visit.id)).appointment.status).toBe(2)
  })

  it('must sign where the price is far below the estimate', async () => {
    await weighed('5')
    const executed = vi.spyOn(host(), 'execute')
    expect(find('accept-gap').text()).toContain('少')
    await find('accept-yes').trigger('click')
    await settle()
    expect(find('sign-first').exists()).toBe(true)
    expect(executed).not.toHaveBeenCalled()
  })

  it('walks away free, and only after being asked once', async () => {
    await weighed('60')
    await find('decline').trigger('click')
    expect((await host().appointment(visit.id)).appointment.status).toBe(4)
    await find('decline-yes').trigger('click')
    await settle()
    const { appointment } = await host().appointment(visit.id)
    expect(appointment.status).toBe(3)
    expect(appointment.cancellation?.reason).toBe('refused_price')
  })

  it('is not paid more than is due by a single press', async () => {
    await weighed('60')
    const { order } = await host().appointment(visit.id)
    await host().execute('order.accept', { order_id: order.id, quote_id: order.current_quote, by: 'tap' })
    page.unmount()
    await open(AcceptPage, { id: visit.id })
    await type('pay-amount', '9999')
    await find('pay-confirm').trigger('click')
    await settle()
    expect((await host().order(order.id)).order.payments).toHaveLength(0)
    expect(find('pay-over').exists()).toBe(true)
    await find('pay-confirm').trigger('click')
    await settle()
    expect((await host().order(order.id)).order.payments).toHaveLength(1)
  })
})

describe('the counter', () => {
  const press = async (key: string) => {
    window.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }))
    await settle()
  }
  const enter = async (id: string) => {
    await find(id).trigger('keydown', { key: 'Enter' })
    await settle()
  }

  async function write() {
    await type('goods-input', 'hbz')
    await enter('goods-input')
    await type('line-0-gross', '3斤')
    await enter('line-0-gross')
  }

  it('writes and pays a ticket by keyboard', async () => {
    await open(CounterPage)
    const before = (await host().orders({ from: null, to: null, query: '', statuses: [], tickets: true })).length
    await write()
    expect((find('line-0-gross').element as HTMLInputElement).value).toBe('1.5')
    await press('F9')
    await enter('pay-amount')
    expect(find('ticket-done').exists()).toBe(true)
    const tickets = await host().orders({ from: null, to: null, query: '', statuses: [], tickets: true })
    expect(tickets).toHaveLength(before + 1)
    expect(await host().draftGet(COUNTER_DRAFT)).toBeNull()
  })

  it('pays a recorded ticket once, with one identity, when the payment fails at first', async () => {
    await open(CounterPage)
    await write()
    await press('F9')
    const told: unknown[] = []
    const engine = host()
    const execute = engine.execute.bind(engine)
    let failures = 1
    setHost({ ...engine, execute: (name: string, args: object) => {
      if (name === 'order.pay') told.push((args as { payment_id: string }).payment_id)
      return name === 'order.pay' && failures-- > 0 ? Promise.reject({ code: 'store', field: null, errors: [] }) : execute(name, args)
    } } as Host)
    const tickets = vi.spyOn(host(), 'ticket')
    await enter('pay-amount')
    expect(find('counter-refused').exists()).toBe(true)
    expect(await host().draftGet(COUNTER_DRAFT)).toMatchObject({ unpaid: { payment_id: told[0] } })
    await enter('pay-amount')
    expect(find('ticket-done').exists()).toBe(true)
    expect(tickets).toHaveBeenCalledOnce()
    expect(told).toHaveLength(2)
    expect(told[0]).toBe(told[1])
  })

  it('puts an unfinished ticket aside with F2 and takes it up again', async () => {
    await open(CounterPage)
    await write()
    await press('F2')
    expect(page.findAll('[data-row]')).toHaveLength(0)
    await find('held').find('button').trigger('click')
    await settle()
    expect((find('line-0-gross').element as HTMLInputElement).value).toBe('1.5')
  })

  it('steps back from the payment with the lines kept', async () => {
    await open(CounterPage)
    await write()
    await press('F9')
    expect(find('pay').exists()).toBe(true)
    await press('Escape')
    expect(find('pay').exists()).toBe(false)
    expect(page.findAll('[data-row]')).toHaveLength(1)
  })

  it('finds the unfinished ticket after a kill and says so', async () => {
    await open(CounterPage)
    await write()
    await settle(STORED)
    page.unmount()
    await open(CounterPage)
    expect(find('draft-restored').exists()).toBe(true)
    expect((find('line-0-gross').element as HTMLInputElement).value).toBe('1.5')
  })
})
