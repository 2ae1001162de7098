// Weights: strings of kilograms with up to three decimals. 斤 (half a kilogram) is only ever a way to show or type.

import { formatScaled, grouped, parseScaled, plainDigits, trimZeros } from './decimal'

/** Grams; null for what is no weight. */
export const grams = (kg: string | null | undefined): bigint | null => (kg == null ? null : parseScaled(kg, 3))

/** `1,049.664`: kilograms without trailing zeros. */
export const kilograms = (kg: string): string => {
  const value = grams(kg)
  return value === null ? kg : grouped(trimZeros(formatScaled(value, 3)))
}

/** The same weight in 斤. */
export const jin = (kg: string): string => {
  const value = grams(kg)
  return value === null ? kg : grouped(trimZeros(formatScaled(value * 2n, 3)))
}

/** What a field measures. */
export type Measure = 'kg' | 'yuan' | 'piece' | 'percent' | 'plain'

// Thousandths of the field's unit that one of the typed unit makes.
const UNITS: Record<Measure, [RegExp, bigint][]> = {
  kg: [
    [/^(kg|kgs|公斤|千克|kilo(gram)?s?)$/i, 1000n],
    [/^(斤|市斤|jin)$/i, 500n],
    [/^(两|liang)$/i, 50n],
    [/^(g|克|grams?)$/i, 1n],
    [/^(t|吨|tons?)$/i, 1_000_000n],
  ],
  yuan: [
    [/^(元|块|块钱|rmb|cny|yuan)$/i, 1000n],
    [/^(角|毛)$/i, 100n],
    [/^分$/i, 10n],
  ],
  piece: [[/^(台|件|个|只|部|pcs?|pieces?)$/i, 1000n]],
  percent: [[/^[%％]$/, 1000n]],
  plain: [],
}

/** What was typed or pasted, in the field's own unit: "3斤" → "1.5" for kilograms. Null if it makes no sense. */
export function readMeasure(text: string, measure: Measure): string | null {
  const plain = plainDigits(text).replace(/^[¥￥]/, '')
  const match = /^(-?[\d.]+)(.*)$/.exec(plain)
  if (!match) return null
  const [, number = '', unit = ''] = match
  if (unit === '') return parseScaled(number, 6) === null ? null : number
  const factor = UNITS[measure].find(([pattern]) => pattern.test(unit))?.[1]
  const value = parseScaled(number, 6)
  if (factor === undefined || value === null) return null
  return trimZeros(formatScaled(value * factor, 9))
}
