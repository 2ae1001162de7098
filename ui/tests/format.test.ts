import { describe, expect, it } from 'vitest'
import { fen, money, yuan } from '@/format/money'
import { jin, kilograms, readMeasure } from '@/format/weight'
import { addDays, moment } from '@/format/time'
import { uuidv7 } from '@/format/id'

describe('money', () => {
  it.each([
    ['1234.5', '¥1,234.50'],
    ['0', '¥0.00'],
    ['-0.63', '-¥0.63'],
    ['9999999999.99', '¥9,999,999,999.99'],
    [null, '¥0.00'],
  ])('%s is shown as %s', (text, shown) => expect(money(text)).toBe(shown))

  it('shows the sign of a difference where asked', () => expect(money('14.63', true)).toBe('+¥14.63'))
  it('adds without losing a fen', () => expect(yuan(fen('0.10') + fen('0.20'))).toBe('0.30'))
})

describe('weights', () => {
  it.each([
    ['49.664', '49.664', '99.328'],
    ['1049.500', '1,049.5', '2,099'],
    ['0.125', '0.125', '0.25'],
  ])('%s kg is shown as %s kg and %s 斤', (kg, shown, halves) => {
    expect(kilograms(kg)).toBe(shown)
    expect(jin(kg)).toBe(halves)
  })

  it.each([
    ['3斤', '1.5'],
    ['3 斤', '1.5'],
    ['12.5kg', '12.5'],
    ['500克', '0.5'],
    ['２.５公斤', '2.5'],
    ['1吨', '1000'],
    ['7两', '0.35'],
    ['1,234.5', '1234.5'],
    ['3 苹果', null],
    ['斤', null],
    ['1.2.3', null],
  ])('%s pasted into a weight means %s', (text, kg) => expect(readMeasure(text, 'kg')).toBe(kg))

  it.each([
    ['¥12.50', '12.50'],
    ['12块', '12'],
    ['5角', '0.5'],
  ])('%s pasted into an amount means %s', (text, amount) => expect(readMeasure(text, 'yuan')).toBe(amount))
})

describe('time', () => {
  it('steps over the end of a month', () => expect(addDays('2026-11-30', 1)).toBe('2026-12-01'))
  it('names the year only where it is another', () => {
    expect(moment('2025-05-01T00:00:00', new Date(2026, 0, 1))).toMatch(/^2025-/)
    expect(moment('2026-05-01T00:00:00', new Date(2026, 0, 1))).toMatch(/^05-01/)
  })
})

it('ids sort by the time they were made', () => {
  const [first, second] = [uuidv7(1_700_000_000_000), uuidv7(1_700_000_000_001)]
  expect(first < second).toBe(true)
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
