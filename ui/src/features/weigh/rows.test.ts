import { describe, expect, it } from 'vitest'
import type { CatalogueItem } from '@/host'
import { changeGoods, fromBooked, fromWeighed, gapReasons, newRow, toItem, unanswered, untouched } from './rows'

const cardboard: CatalogueItem = {
  category: 'paper/cardboard', name: '黄板纸', name_en: 'Cardboard', code: '11', pinyin: 'hbz', unit: 'kg', base_price: '1.1',
  attributes: [{ field: 'moisture', label: '含水率', label_en: 'Moisture', type: 'number', unit: '%', choices: [] }],
}
const fridge: CatalogueItem = {
  category: 'electronic/fridge', name: '冰箱', name_en: 'Refrigerator', code: '52', pinyin: 'bx', unit: 'piece', base_price: '120',
  attributes: [
    { field: 'volume_l', label: '容积', label_en: 'Volume', type: 'number', unit: 'L', choices: [] },
    { field: 'cools', label: '能制冷', label_en: 'Cools', type: 'bool', unit: null, choices: [] },
  ],
}

describe('a line becomes an item', () => {
  it('with gross, tare and both deductions of what was typed', () => {
    const row = { ...newRow(cardboard), gross: '104.8斤', tare: '1.2', moisture: '3%', impurity: '1斤', impurityUnit: 'weight' as const }
    expect(toItem(row, cardboard)).toEqual({
      category: 'paper/cardboard',
      weighing: {
        gross: '52.4', tare: '1.2', source: 'typed',
        deductions: [{ kind: 'moisture', percent: '3' }, { kind: 'impurity', weight: '0.5' }],
      },
    })
  })

  it('with an unfinished weight as it stands, so that the engine names the fault', () => {
    expect(toItem({ ...newRow(cardboard), gross: '5x' }, cardboard).weighing?.gross).toBe('5x')
    expect(toItem(newRow(cardboard), cardboard)).toEqual({ category: 'paper/cardboard' })
  })

  it('with pieces and answers, numbers freed of their unit', () => {
    const row = { ...newRow(fridge), attributes: { volume_l: '220L', cools: true } }
    expect(toItem(row, fridge)).toEqual({ category: 'electronic/fridge', quantity: '1', attributes: { volume_l: '220', cools: true } })
  })

  it('never with both a quantity and a weighing', () => {
    const row = changeGoods({ ...newRow(fridge), attributes: { volume_l: '220' } }, cardboard)
    expect(toItem({ ...row, gross: '3' }, cardboard)).toEqual({ category: 'paper/cardboard', weighing: { gross: '3', source: 'typed' } })
  })
})

it('booked kilograms are a hint to weigh against, booked pieces are taken over', () => {
  expect(fromBooked({ category: 'paper/cardboard', quantity: '20' }, cardboard)).toMatchObject({ gross: '', quantity: '', booked: '20' })
  expect(fromBooked({ category: 'electronic/fridge', quantity: '2', attributes: { cools: true } }, fridge))
    .toMatchObject({ quantity: '2', booked: '2', attributes: { cools: true } })
})

it('goods weighed before come back unchanged, unknown deductions and reasons included', () => {
  const item = {
    category: 'paper/cardboard',
    weighing: { gross: '10', tare: '1', source: 'scale', deductions: [{ kind: 'bag', weight: '0.2' }, { kind: 'moisture', percent: '3' }] },
    attributes: { moisture: '12' },
  }
  const row = fromWeighed(item, [{ line: 0, code: 'other', text: '雨天' }], 0)
  expect(row).toMatchObject({ gross: '10', tare: '1', moisture: '3', reason: 'other', reasonText: '雨天', source: 'scale' })
  expect(toItem(row, cardboard)).toEqual(item)
})

it('reasons are told by line, words only where there are some', () => {
  const rows = [newRow(cardboard), { ...newRow(cardboard), reason: 'weight' as const }, { ...newRow(cardboard), reason: 'other' as const, reasonText: ' 破损 ' }]
  expect(gapReasons(rows)).toEqual([{ line: 1, code: 'weight' }, { line: 2, code: 'other', text: '破损' }])
})

it('a fresh line counts as untouched and its questions as open', () => {
  expect(untouched(newRow(cardboard), cardboard)).toBe(true)
  expect(untouched({ ...newRow(cardboard), gross: '1' }, cardboard)).toBe(false)
  expect(unanswered({ ...newRow(fridge), attributes: { cools: false } }, fridge)).toBe(1)
})
