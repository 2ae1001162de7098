import { describe, expect, it, vi } from 'vitest'
import type { OrderRow } from '@/host'
import { mounted, startDemo, until } from '../../../tests/mounting'
import OrderPane from './OrderPane.vue'
import { chosen, DEFAULT_VIEW, isOrdersView, totalDue } from './view'

const row = (id: string, due: string, status: OrderRow['status'], at: string): OrderRow => ({
  id, appointment_id: null, order_no: id, status, created_at: at, name: null, phone_masked: null, categories: [], weight: '0', due, paid: '0.00', reviews: [], sync: 'synced',
})
const rows = [row('a', '9.00', 2, '2026-11-20'), row('b', '100.10', 3, '2026-11-22'), row('c', '20.20', 2, '2026-11-21')]

describe('the list of tickets', () => {
  it('sorts by time or amount, as numbers', () => {
    expect(chosen(rows, DEFAULT_VIEW).map((r) => r.id)).toEqual(['b', 'c', 'a'])
    expect(chosen(rows, { ...DEFAULT_VIEW, sort: 'oldest' }).map((r) => r.id)).toEqual(['a', 'c', 'b'])
    expect(chosen(rows, { ...DEFAULT_VIEW, sort: 'amount' }).map((r) => r.id)).toEqual(['b', 'c', 'a'])
    expect(chosen(rows, { ...DEFAULT_VIEW, statuses: [2] })).toHaveLength(2)
  })
  it('adds up without voided ones', () => expect(totalDue(rows)).toBe('29.20'))
  it('forgets a stored view that no longer fits', () => expect(isOrdersView({ statuses: [], kind: 'x', sort: 'newest' })).toBe(false))
})

describe('a ticket', () => {
  async function ticket() {
    const host = await startDemo('station')
    const found = (await host.orders({ from: null, to: null, query: '', statuses: [2], tickets: true }))[0]
    if (!found) throw new Error('no ticket')
    const { wrapper } = await mounted(OrderPane, { props: { id: found.id } })
    await until(() => wrapper.find('[data-testid="order"]').exists())
    return { host, wrapper, id: found.id }
  }

  it('explains a price in words', async () => {
    const { wrapper } = await ticket()
    await wrapper.get('[data-testid="why"]').trigger('click')
    await until(() => wrapper.findAll('[data-testid="trace"] li').length > 0)
    expect(wrapper.get('[data-testid="trace"]').text()).toContain('基价')
  })

  it('shows photos and the signature where there are any', async () => {
    const { host, wrapper, id } = await ticket()
    expect(wrapper.find('[data-testid="order-pictures"]').exists()).toBe(false)
    wrapper.unmount()
    const name = await host.picturePut('iVBORw0KGgo=')
    const { order } = await host.order(id)
    await host.execute('order.accept', { order_id: id, quote_id: order.current_quote, by: 'signature', blob: name })
    const { wrapper: again } = await mounted(OrderPane, { props: { id } })
    await until(() => again.find('[data-testid="picture-signature"] img').exists())
    expect(again.get('[data-testid="picture-signature"] img').attributes('src')).toBe('data:image/png;base64,iVBORw0KGgo=')
  })

  it('is voided with a reason, what was paid coming back in the same step', async () => {
    const { host, wrapper, id } = await ticket()
    await wrapper.get('[data-testid="action-void"]').trigger('click')
    await until(() => document.querySelector('[data-testid="refund-first"]') !== null)
    const form = document.querySelector<HTMLFormElement>('#void-form')
    form?.requestSubmit()
    await until(() => document.body.textContent.includes('请填写原因'))
    expect((await host.order(id)).order.status).toBe(2)
    document.querySelector<HTMLButtonElement>('.reasons button')?.click()
    await until(() => document.querySelector<HTMLInputElement>('[data-testid="void-reason"]')?.value !== '')
    form?.requestSubmit()
    await until(() => wrapper.find('[data-testid="action-void"]').exists() === false)
    const { order } = await host.order(id)
    expect(order).toMatchObject({ status: 3, void_reason: '品类录错' })
    expect(order.refunds[0]?.amount).toBe(order.payments[0]?.amount)
  })

  it('is printed again on the roll of this device', async () => {
    const printed = vi.fn()
    vi.stubGlobal('print', printed)
    const { host, wrapper, id } = await ticket()
    await wrapper.get('[data-testid="paper"]').setValue('80')
    await wrapper.get('[data-testid="action-print"]').trigger('click')
    await until(() => printed.mock.calls.length === 1)
    const receipt = document.querySelector('[data-testid="receipt"]')
    const { order } = await host.order(id)
    expect(receipt?.classList.contains('w80')).toBe(true)
    expect(receipt?.textContent).toContain(order.order_no)
    expect(receipt?.textContent).toContain(order.due)
    vi.unstubAllGlobals()
  })

  it('gives back what was paid', async () => {
    const { host, wrapper, id } = await ticket()
    await wrapper.get('[data-testid="action-refund"]').trigger('click')
    await until(() => document.querySelector('[data-testid="refund-go"]') !== null)
    document.querySelector<HTMLFormElement>('#refund-form')?.requestSubmit()
    await until(() => wrapper.find('[data-testid="action-refund"]').exists() === false)
    const { order } = await host.order(id)
    expect(order.refunds[0]?.amount).toBe(order.payments[0]?.amount)
  })
})
