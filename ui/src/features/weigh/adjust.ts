// What is rounded off (抹零) or bargained (议价) on the whole quote. Whether it is allowed is said by the engine.

import { fen, yuan } from '@/format/money'
import type { Adjustment } from '@/host'
import { readFen } from './numbers'

const YUAN = 100n

/** As typed. */
export interface Adjusting {
  /** Drop the fen and jiao of the total, kept up to date while weighing goes on. */
  roundDown: boolean
  /** Signed amount, as typed. */
  bargain: string
  bargainReason: string
  approvedBy: string
}

/** Nothing rounded off, nothing bargained. */
export const noAdjusting = (): Adjusting => ({ roundDown: false, bargain: '', bargainReason: '', approvedBy: '' })

/** The bargain cannot be read as an amount. */
export const bargainUnreadable = (a: Adjusting): boolean => a.bargain.trim() !== '' && readFen(a.bargain) === null

/** The adjustments for a total. */
export function adjustments(a: Adjusting, total: string): Adjustment[] {
  const list: Adjustment[] = []
  const bargain = readFen(a.bargain) ?? 0n
  if (bargain !== 0n) {
    const entry: Adjustment = { kind: 'bargain', amount: yuan(bargain) }
    if (a.bargainReason.trim()) entry.reason = a.bargainReason.trim()
    if (a.approvedBy.trim()) entry.approved_by = a.approvedBy.trim()
    list.push(entry)
  }
  const odd = (fen(total) + bargain) % YUAN
  if (a.roundDown && odd > 0n) list.unshift({ kind: 'round_down', amount: yuan(-odd) })
  return list
}

/** What was typed, from the adjustments of a stored quote. */
export function fromAdjustments(list: readonly Adjustment[]): Adjusting {
  const bargain = list.find((a) => a.kind === 'bargain')
  return {
    roundDown: list.some((a) => a.kind === 'round_down'),
    bargain: bargain?.amount ?? '',
    bargainReason: bargain?.reason ?? '',
    approvedBy: bargain?.approved_by ?? '',
  }
}
