import { beforeEach, describe, expect, it } from 'vitest'
import type { AppointmentDetail, AppointmentRow, Host, Order } from '@/host'
import { setHost } from '@/host'
import { change, payable } from './cash'
import { nextVisit } from './next'
import { keepSignature } from './signature'
import { readAcceptDraft, remainingFen, stageOf } from './visit'

describe('change', () => {
  it('is what the customer gives back for a larger note', () => expect(change('200', 17463n)).toEqual({ kind: 'back', amount: 2537n }))
  it('is nothing when exact', () => expect(change('174.63', 17463n)).toEqual({ kind: 'back', amount: 0n }))
  it('says what is short', () => expect(change('170', 17463n)).toEqual({ kind: 'short', amount: 463n }))
  it('is not reckoned while nothing is given', () => expect(change(' ', 17463n)).toEqual({ kind: 'none' }))
  it('does not guess at words', () => expect(change('two hundred', 17463n)).toEqual({ kind: 'unreadable' }))
})

describe('an amount to pay', () => {
  it('may be a part', () => expect(payable('100', 17463n)).toEqual({ amount: 10000n, fault: null, over: 0n }))
  it('says by how much it is too high', () => expect(payable('200', 17463n).over).toBe(2537n))
  it.each([['', 'unreadable'], ['0', 'not_positive'], ['-3', 'not_positive'], ['1.234', 'unreadable']])('%s is refused', (typed, fault) => {
    expect(payable(typed, 17463n).fault).toBe(fault)
  })
})

const order = (part: Partial<Order>): Order => ({
  id: 'o', status: 0, quotes: [], current_quote: null, due: '0.00', payments: [], refunds: [], acceptances: [], ...part,
} as unknown as Order)
const weighed = { quotes: [{ quote: { id: 'q', due: '10.00' } }] as never, current_quote: 'q', due: '10.00' }
const accepted = { ...weighed, acceptances: [{ quote_id: 'q', by: 'tap', at: '' }] as never }
const paid = (amount: string) => [{ payment_id: 'p', method: 'cash', amount, at: '', by: 's' }] as never
const visit = (status: number, part: Partial<Order>): AppointmentDetail => ({ appointment: { status }, order: order(part) } as unknown as AppointmentDetail)

describe('a visit goes on where it stands', () => {
  it.each([
    ['nothing weighed', visit(4, {}), 'unweighed'],
    ['weighed', visit(4, weighed), 'accept'],
    ['accepted an older quote', visit(4, { ...weighed, acceptances: [{ quote_id: 'old', by: 'tap', at: '' }] as never }), 'accept'],
    ['accepted', visit(4, accepted), 'pay'],
    ['partly paid', visit(4, { ...accepted, payments: paid('4.00') }), 'pay'],
    ['paid', visit(4, { ...accepted, payments: paid('10.00') }), 'finish'],
    ['worth nothing', visit(4, { ...accepted, due: '0.00' }), 'finish'],
    ['completed', visit(2, { ...accepted, payments: paid('10.00') }), 'done'],
    ['cancelled', visit(3, weighed), 'cancelled'],
  ])('%s', (_, detail, stage) => expect(stageOf(detail)).toBe(stage))

  it('with what is left after refunds, never below zero', () => {
    expect(remainingFen(order({ due: '10.00', payments: paid('8.00'), refunds: [{ amount: '3.00' }] as never }))).toBe(500n)
    expect(remainingFen(order({ due: '10.00', payments: paid('12.00') }))).toBe(0n)
  })
})

it('a stored difference counts only for its own quote', () => {
  const difference = { gap: '-3.00' }
  expect(readAcceptDraft({ v: 1, quote_id: 'q', difference }, 'q')).toEqual(difference)
  expect(readAcceptDraft({ v: 1, quote_id: 'old', difference }, 'q')).toBeNull()
  expect(readAcceptDraft('junk', 'q')).toBeNull()
})

describe('a signature', () => {
  const kept: string[] = []
  beforeEach(() => {
    kept.length = 0
    setHost({ picturePut: async (data: string) => { kept.push(data); return 'ab'.repeat(32) } } as unknown as Host)
  })

  it('is kept on the device before it is named, and named as the device says', async () => {
    expect(await keepSignature(new Blob([new Uint8Array([1, 2, 250])]))).toBe('ab'.repeat(32))
    expect(kept).toEqual(['AQL6'])
  })

  it('is not named when it could not be kept', async () => {
    setHost({ picturePut: async () => { throw { code: 'disk_full' } } } as unknown as Host)
    await expect(keepSignature(new Blob([new Uint8Array([1])]))).rejects.toEqual({ code: 'disk_full' })
  })
})

describe('the next visit', () => {
  const row = (id: string, status: number, time: string) => ({ id, status, time }) as AppointmentRow
  it('is the one already begun, otherwise the earliest', () => {
    const rows = [row('a', 1, '2026-11-24T05:00:00Z'), row('b', 1, '2026-11-24T03:00:00Z'), row('c', 4, '2026-11-24T07:00:00Z')]
    expect(nextVisit(rows, 'c')?.id).toBe('b')
    expect(nextVisit(rows, 'b')?.id).toBe('c')
  })
  it('is none when all are done', () => expect(nextVisit([row('a', 2, ''), row('b', 3, '')], 'x')).toBeNull())
})
