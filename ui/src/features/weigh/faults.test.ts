import { describe, expect, it } from 'vitest'
import type { CatalogueItem, PreviewLine } from '@/host'
import { faultWords } from './faults'
import { newRow, type Row } from './rows'
import { faultField } from './useLines'

const goods = (unit: 'kg' | 'piece'): CatalogueItem => ({ category: 'x/y', name: '货', name_en: 'goods', code: '1', pinyin: 'h', unit, base_price: '1', attributes: [] })
const line = (error: string, field: string | null): PreviewLine => ({ line: null, error, field, trace_zh: [], trace_en: [] })
const row = (part: Partial<Row>, unit: 'kg' | 'piece' = 'kg'): Row => ({ ...newRow(goods(unit)), ...part })

describe('a fault names what is in front of the person', () => {
  it.each([
    [row({ gross: '5x' }), line('invalid_weighing', 'gross'), '看不懂“5x”'],
    [row({ gross: '5', tare: '9' }), line('invalid_weighing', 'tare'), '皮重不能大于毛重'],
    [row({ gross: '5', moisture: '120' }), line('invalid_weighing', 'deductions'), '不能小于 0'],
    [row({}), line('missing_quantity', 'quantity'), '请填毛重'],
    [row({ gross: '5' }), line('unknown_category', 'category'), '没有这个品类'],
  ])('%#', (typed, priced, words) => expect(faultWords(typed, priced, goods('kg'))).toContain(words))

  it('asks for pieces where goods are counted', () => {
    expect(faultWords(row({ quantity: '1.5' }, 'piece'), line('invalid_quantity', 'quantity'), goods('piece'))).toContain('件数')
  })
  it('says nothing of a line without fault', () => expect(faultWords(row({ gross: '5' }), undefined, goods('kg'))).toBe(''))
})

describe('the cursor goes to the field at fault', () => {
  it.each([
    ['gross', 'gross'], ['weighing.tare', 'tare'], ['deductions', 'moisture'], ['quantity', 'gross'], [null, 'gross'], ['volume_l', 'attr:volume_l'],
  ])('%s → %s', (field, place) => expect(faultField(row({ gross: '5' }), field, goods('kg'))).toBe(place))

  it('to the deduction that was typed', () => expect(faultField(row({ impurity: '200' }), 'deductions', goods('kg'))).toBe('impurity'))
  it("even where the category asks for a moisture of its own", () => {
    expect(faultField(row({}), 'moisture', goods('kg'))).toBe('attr:moisture')
  })
})
