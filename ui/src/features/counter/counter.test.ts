import { beforeEach, describe, expect, it } from 'vitest'
import type { CatalogueItem, Host, Order } from '@/host'
import { setHost } from '@/host'
import { newRow } from '../weigh/rows'
import { begun, blankTicket, readCounterDraft, sellerFault, sellerOf } from './ticket'
import { owedBack, voidTicket } from './undo'

const paper: CatalogueItem = { category: 'paper/cardboard', name: '黄板纸', name_en: 'Cardboard', code: '11', pinyin: 'hbz', unit: 'kg', base_price: '1.1', attributes: [] }

describe('the seller', () => {
  it.each([
    ['', '', null], ['王先生', '', 'phone'], ['王先生', '13800002046', null], ['', '13800002046', 'name'], ['王先生', '12345', 'mobile'],
    ['王先生', '138000020461', 'mobile'], ['王先生', ' 13800002046 ', null], ['王先生', '１３８00002046', 'mobile'],
  ])('%s %s', (name, phone, fault) => expect(sellerFault({ name, phone })).toBe(fault))

  it('is left out where nothing was asked', () => {
    expect(sellerOf({ name: ' ', phone: '' })).toBeUndefined()
    expect(sellerOf({ name: ' 王先生 ', phone: '' })).toEqual({ name: '王先生', phone: '' })
  })
})

describe('the counter after a kill', () => {
  it('finds the open ticket, those put aside and the one waiting for its payment', () => {
    const row = { ...newRow(paper), gross: '52.4' }
    const stored = JSON.parse(JSON.stringify({
      v: 1, current: { ...blankTicket(), rows: [row] }, held: [{ ...blankTicket(), id: 'h', at: '2026-11-24T01:00:00Z' }],
      unpaid: { order_id: 'o', payment_id: 'p' },
    })) as unknown
    const draft = readCounterDraft(stored)
    expect(draft?.current.rows[0]).toMatchObject({ category: 'paper/cardboard', gross: '52.4' })
    expect(draft?.held).toHaveLength(1)
    expect(draft?.unpaid).toEqual({ order_id: 'o', payment_id: 'p' })
  })
  it.each([null, 'junk', { v: 2 }, { v: 1, current: {}, held: [] }])('takes %j for no draft', (stored) => expect(readCounterDraft(stored)).toBeNull())
  it('a ticket counts as begun by a line or a name', () => {
    expect(begun(blankTicket())).toBe(false)
    expect(begun({ ...blankTicket(), seller: { name: '王', phone: '' } })).toBe(true)
  })
})

describe('voiding', () => {
  const told: [string, Record<string, unknown>][] = []
  let order: Pick<Order, 'payments' | 'refunds'>
  let failAt = ''

  beforeEach(() => {
    told.length = 0
    failAt = ''
    order = {
      payments: [{ payment_id: 'p1', method: 'cash', amount: '80.00', at: '', by: 's' }, { payment_id: 'p2', method: 'cash', amount: '0.32', at: '', by: 's' }],
      refunds: [],
    }
    setHost({
      order: async () => ({ order }),
      execute: async (name: string, args: Record<string, unknown>) => {
        if (name === failAt) throw { code: 'forbidden' }
        told.push([name, args])
        if (name === 'order.refund') order.refunds.push(args as never)
      },
    } as unknown as Host)
  })

  it('takes back each payment, then voids', async () => {
    await voidTicket('o', '开错了')
    expect(told.map(([name, args]) => [name, args['payment_id'] ?? args['reason']])).toEqual([['order.refund', 'p1'], ['order.refund', 'p2'], ['order.void', '开错了']])
  })

  it('repeated after a failure takes nothing back twice', async () => {
    failAt = 'order.void'
    await expect(voidTicket('o', '开错了')).rejects.toEqual({ code: 'forbidden' })
    failAt = ''
    await voidTicket('o', '开错了')
    expect(told.filter(([name]) => name === 'order.refund')).toHaveLength(2)
  })

  it('knows what is left of a payment partly taken back', () => {
    expect(owedBack({ ...order, refunds: [{ payment_id: 'p1', amount: '30.00' }] } as unknown as Order)).toEqual([
      { payment_id: 'p1', amount: '50.00' }, { payment_id: 'p2', amount: '0.32' },
    ])
  })
})
