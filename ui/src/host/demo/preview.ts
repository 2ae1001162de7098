// The demo's running total and its difference from the estimate.

import { parseScaled } from '@/format/decimal'
import { fen, yuan } from '@/format/money'
import type { Difference, Item, Preview, PreviewRequest, Quote } from '../types'
import { BOOK, RULES, type Visit } from './data'
import { priceLine } from './pricing'

/** Prices goods, and compares them with the estimate. */
export function previewOf(visits: Visit[], request: PreviewRequest): Preview {
  const lines = request.items.map((item) => priceLine(RULES, item as Item))
  const total = lines.reduce((sum, l) => sum + fen(l.line?.amount), 0n)
  const rounded = request.adjustments.filter((a) => a.kind === 'round_down').reduce((sum, a) => sum + fen(a.amount), 0n)
  const bargained = request.adjustments.filter((a) => a.kind === 'bargain').reduce((sum, a) => sum + fen(a.amount), 0n)
  const due = request.adjustments.reduce((sum, a) => sum + fen(a.amount), total)
  const size = bargained < 0n ? -bargained : bargained
  const fault = rounded > 0n || -rounded >= 100n ? 'round_down_too_large' : size * 100n > total * 10n ? 'bargain_too_large' : due < 0n ? 'due_wrong' : null
  const estimate = visits.find((v) => v.appointment && v.appointment.id === request.appointment_id)?.appointment?.estimate
  const priced = lines.length > 0 && lines.every((l) => l.line !== null)
  const difference = priced && estimate ? differenceOf(estimate, lines.map((l) => l.line as NonNullable<typeof l.line>), yuan(due), request) : null
  return {
    lines, total: yuan(total), due: yuan(due < 0n ? 0n : due), adjustment_fault: fault,
    ready: priced && fault === null && (difference?.reasons_owed.length ?? 0) === 0, difference, book_version: BOOK.book.version, book_stale: false,
  }
}

function differenceOf(estimate: Quote, lines: Quote['lines'], due: string, request: PreviewRequest): Difference {
  const taken = new Set<number>()
  const compared = lines.map((line, i) => {
    const at = estimate.lines.findIndex((l, k) => l.category === line.category && !taken.has(k))
    if (at >= 0) taken.add(at)
    const theirs = estimate.lines[at]
    const [was, is] = [parseScaled(theirs?.quantity ?? '0', 3) ?? 0n, parseScaled(line.quantity, 3) ?? 0n]
    const quantity = theirs !== undefined && (is > was ? is - was : was - is) * 100n > was * 10n
    const unitPrice = theirs !== undefined && theirs.unit_price !== line.unit_price
    const reason = request.gap_reasons.find((r) => r.line === i)
    return {
      line: i, estimate_line: at >= 0 ? at : null, gap: yuan(fen(line.amount) - fen(theirs?.amount)), unit_price: unitPrice, quantity,
      reason_required: theirs === undefined || unitPrice || quantity, reason: reason?.code ?? null,
    }
  })
  const given = (line: number) => request.gap_reasons.some((r) => r.line === line && (r.code !== 'other' || Boolean(r.text?.trim())))
  return {
    estimate: estimate.due, due, gap: yuan(fen(due) - fen(estimate.due)), lines: compared, missing: estimate.lines.flatMap((_, i) => (taken.has(i) ? [] : [i])),
    reasons_owed: compared.filter((l) => l.reason_required && !given(l.line)).map((l) => l.line),
    explicit_acceptance: (fen(estimate.due) - fen(due)) * 100n > fen(estimate.due) * 10n,
  }
}
