// What people type and paste, in the form the engine takes: "3斤" → "1.5", ".5" → "0.5", "220L" → "220". What cannot be
// read goes to the engine as it stands, which names the fault.

import { parseScaled } from '@/format/decimal'
import { readMeasure } from '@/format/weight'

/** A decimal without superfluous zeros, or null when the text is none. */
export function decimal(text: string | null): string | null {
  const match = /^(\d*)(?:\.(\d*))?$/.exec(text ?? '')
  if (!match || (!match[1] && !match[2])) return null
  const whole = (match[1] ?? '').replace(/^0+(?=\d)/, '') || '0'
  const part = (match[2] ?? '').replace(/0+$/, '')
  return part ? `${whole}.${part}` : whole
}

/** Kilograms out of a typed weight with or without a unit; null when it cannot be read. */
export const readWeight = (text: string): string | null => decimal(readMeasure(text, 'kg'))

/** A percentage with or without its sign. */
export const readPercent = (text: string): string | null => decimal(readMeasure(text, 'percent'))

/** A number of pieces with or without a counting word. */
export const readPieces = (text: string): string | null => decimal(readMeasure(text, 'piece'))

/** The answer to a question, with or without the question's unit (`220L`). */
export function readAnswer(text: string, unit: string | null): string | null {
  const clean = text.normalize('NFKC').replace(/[\s,]/g, '').toLowerCase()
  const sign = unit?.normalize('NFKC').toLowerCase() ?? ''
  return decimal(sign !== '' && clean.endsWith(sign) ? clean.slice(0, -sign.length) : clean)
}

/** Whole fen of a typed amount (`¥1,200.5`, `-3`, `20元`); null when it cannot be read. */
export function readFen(text: string): bigint | null {
  const amount = readMeasure(text.trim().replace(/^([-−－]?)\s*[¥￥]/, '$1'), 'yuan')
  return amount === null || !/\d/.test(amount) ? null : parseScaled(amount, 2)
}

/** What to send for a typed text: empty as nothing, readable as a number, anything else as it stands. */
export function toSend(text: string, read: (text: string) => string | null): string | undefined {
  const trimmed = text.trim()
  return trimmed === '' ? undefined : (read(trimmed) ?? trimmed)
}
