// Where a visit stands between the final quote and the end: what was accepted, paid and is left to do.

import { fen } from '@/format/money'
import type { AppointmentDetail, Difference, FinalQuote, Order } from '@/host'

/** What the customer is asked next. */
export type Stage = 'unweighed' | 'cancelled' | 'accept' | 'pay' | 'finish' | 'done'

/** The difference from the estimate as it was when the goods were weighed. */
export interface AcceptDraft {
  v: 1
  quote_id: string | null
  difference: Difference | null
}

/** The draft's key. */
export const acceptDraftKey = (order: string): string => `accept:${order}`

/** A stored difference of this very quote; anything else is none. */
export function readAcceptDraft(stored: unknown, quote: string): Difference | null {
  const draft = stored as Partial<AcceptDraft> | null
  if (typeof draft !== 'object' || draft?.v !== 1 || draft.quote_id !== quote) return null
  return draft.difference ?? null
}

/** The final quote that counts. */
export const currentQuote = (order: Order): FinalQuote | undefined => order.quotes.find((q) => q.quote.id === order.current_quote)

/** Paid minus refunded. */
export function paidFen(order: Order): bigint {
  const sum = (list: readonly { amount: string }[]) => list.reduce((total, one) => total + fen(one.amount), 0n)
  return sum(order.payments) - sum(order.refunds)
}

/** Still to be paid; never below zero. */
export function remainingFen(order: Order): bigint {
  const left = fen(order.due) - paidFen(order)
  return left > 0n ? left : 0n
}

/** The stage, from the records alone: a restart continues where it was. */
export function stageOf({ appointment, order }: AppointmentDetail): Stage {
  if (appointment.status === 2) return 'done'
  if (appointment.status === 3 || order.status === 3) return 'cancelled'
  const quote = currentQuote(order)
  if (!quote) return 'unweighed'
  const accepted = order.acceptances.some((a) => a.quote_id === quote.quote.id)
  if (!accepted && paidFen(order) === 0n) return 'accept'
  return remainingFen(order) > 0n ? 'pay' : 'finish'
}
