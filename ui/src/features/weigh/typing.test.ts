import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CatalogueItem } from '@/host'
import { adjustments, bargainUnreadable, fromAdjustments, noAdjusting } from './adjust'
import { after, fieldsOf, type Way } from './fields'
import { findGoods } from './find'
import { latest } from './latest'
import { newRow } from './rows'

const goods = (category: string, name: string, code: string, pinyin: string, unit: 'kg' | 'piece' = 'kg'): CatalogueItem =>
  ({ category, name, name_en: name, code, pinyin, unit, base_price: '1', attributes: [] })
const paper = goods('paper/cardboard', '黄板纸', '11', 'hbz')
const news = goods('paper/newspaper', '报纸', '12', 'bz')
const fridge = goods('electronic/fridge', '冰箱', '52', 'bx', 'piece')
const all = [paper, news, fridge]
const goodsOf = (category: string) => all.find((g) => g.category === category)

describe('goods are found', () => {
  it.each([['11', '黄板纸'], ['hbz', '黄板纸'], ['bz', '报纸'], ['冰', '冰箱'], ['５２', '冰箱'], ['纸', '黄板纸'], ['BX', '冰箱']])('by %s', (query, name) => {
    expect(findGoods(all, query)[0]?.name).toBe(name)
  })
  it('or not at all', () => expect(findGoods(all, '99')).toEqual([]))
  it('and all are offered before anything is typed', () => expect(findGoods(all, ' ')).toHaveLength(3))
})

describe('Enter', () => {
  const rows = [newRow(paper), newRow(fridge), newRow(news)]
  const walk = (way: Way) => {
    const seen = []
    let place: ReturnType<typeof after> = { row: rows[0]!.key, field: 'gross' }
    while (place !== 'new') {
      seen.push(`${rows.findIndex((r) => r.key === (place as { row: string }).row)}.${place.field}`)
      place = after(place, rows, goodsOf, way)
    }
    return seen
  }
  it('goes gross → tare → deductions → next line → another line', () => {
    expect(walk('weigh')).toEqual(['0.gross', '0.tare', '0.moisture', '0.impurity', '1.quantity', '2.gross', '2.tare', '2.moisture', '2.impurity'])
  })
  it('passes the deductions at the counter', () => {
    expect(walk('counter')).toEqual(['0.gross', '0.tare', '1.quantity', '2.gross', '2.tare'])
  })
  it('asks an estimate only for how much', () => {
    expect([fieldsOf(paper, newRow(paper), 'estimate'), fieldsOf(fridge, newRow(fridge), 'estimate')]).toEqual([['quantity'], ['quantity']])
  })
  it('asks pieces only for their number', () => expect(fieldsOf(fridge, newRow(fridge))).toEqual(['quantity']))
})

describe('the running total', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('is asked once after a pause in typing', async () => {
    const send = vi.fn((q: number) => Promise.resolve(q))
    const shown: number[] = []
    const asking = latest(send, (a: number) => shown.push(a), () => undefined, 50)
    asking.ask(1)
    asking.ask(2)
    await vi.advanceTimersByTimeAsync(49)
    expect(send).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(send).toHaveBeenCalledOnce()
    expect(shown).toEqual([2])
  })

  it('shows the latest answer even when an earlier one arrives after it', async () => {
    const answers: ((value: string) => void)[] = []
    const shown: string[] = []
    const asking = latest(() => new Promise<string>((done) => answers.push(done)), (a) => shown.push(a), () => undefined, 10)
    asking.ask('a')
    await vi.advanceTimersByTimeAsync(10)
    asking.ask('b')
    await vi.advanceTimersByTimeAsync(10)
    answers[1]!('second')
    answers[0]!('first')
    await vi.advanceTimersByTimeAsync(0)
    expect(shown).toEqual(['second'])
    expect(asking.busy()).toBe(false)
  })

  it('tells a failure only of the latest question', async () => {
    const failures: unknown[] = []
    const fails: ((reason: unknown) => void)[] = []
    const asking = latest(() => new Promise<string>((_, no) => fails.push(no)), () => undefined, (reason) => failures.push(reason), 10)
    asking.ask('a')
    await vi.advanceTimersByTimeAsync(10)
    asking.ask('b')
    await vi.advanceTimersByTimeAsync(10)
    fails[0]!('old')
    fails[1]!('new')
    await vi.advanceTimersByTimeAsync(0)
    expect(failures).toEqual(['new'])
  })

  it('can be had at once', async () => {
    const shown: number[] = []
    const asking = latest((q: number) => Promise.resolve(q), (a) => shown.push(a), () => undefined, 1000)
    asking.ask(7)
    await asking.flush()
    expect(shown).toEqual([7])
  })
})

describe('adjustments', () => {
  it('round down to the yuan whatever the total becomes', () => {
    expect(adjustments({ ...noAdjusting(), roundDown: true }, '174.63')).toEqual([{ kind: 'round_down', amount: '-0.63' }])
    expect(adjustments({ ...noAdjusting(), roundDown: true }, '174.00')).toEqual([])
  })
  it('round down what is left after bargaining', () => {
    expect(adjustments({ roundDown: true, bargain: '5.5', bargainReason: '老客户', approvedBy: 'lina' }, '174.63')).toEqual([
      { kind: 'round_down', amount: '-0.13' },
      { kind: 'bargain', amount: '5.50', reason: '老客户', approved_by: 'lina' },
    ])
  })
  it('come back from a stored quote as they were typed', () => {
    const typed = { roundDown: true, bargain: '5.50', bargainReason: '老客户', approvedBy: '' }
    expect(fromAdjustments(adjustments(typed, '10.10'))).toEqual(typed)
  })
  it('say when the bargain cannot be read', () => {
    expect(bargainUnreadable({ ...noAdjusting(), bargain: 'abc' })).toBe(true)
    expect(bargainUnreadable(noAdjusting())).toBe(false)
  })
})
