// What the weighing screen begins with: the draft that was left, the weighing to correct, or the goods as booked.

import type { AppointmentDetail, CatalogueItem } from '@/host'
import { fromAdjustments, noAdjusting, type Adjusting } from './adjust'
import { fromBooked, fromWeighed, newKey, type Row } from './rows'

/** Work that survives a kill. */
export interface WeighDraft {
  v: 1
  rows: Row[]
  adjusting: Adjusting
  /** Names of photos; drafts of earlier versions have none. */
  photos: string[]
  savedAt: string
}

/** The draft's key. */
export const weighDraftKey = (order: string): string => `weigh:${order}`

/** A stored draft of this form; anything else is no draft. */
export function readDraft(stored: unknown): WeighDraft | null {
  const draft = stored as Partial<WeighDraft> | null
  if (typeof draft !== 'object' || draft?.v !== 1 || !Array.isArray(draft.rows)) return null
  return { v: 1, rows: draft.rows.map((r) => ({ ...r, key: newKey() })), adjusting: { ...noAdjusting(), ...draft.adjusting }, photos: Array.isArray(draft.photos) ? draft.photos.filter((name) => typeof name === 'string') : [], savedAt: draft.savedAt ?? '' }
}

/** Lines of a visit without a draft. */
export function prefill(detail: AppointmentDetail, goodsOf: (category: string) => CatalogueItem | undefined): Pick<WeighDraft, 'rows' | 'adjusting' | 'photos'> {
  const { order, appointment } = detail
  const weighed = order.quotes.find((q) => q.quote.id === order.current_quote)
  const current = weighed?.quote
  if (current) {
    return {
      rows: current.items.map((item, at) => fromWeighed(item, current.gap_reasons ?? [], at, goodsOf(item.category))),
      adjusting: fromAdjustments(current.adjustments),
      photos: weighed.photos ?? [],
    }
  }
  return { rows: appointment.items.map((item) => fromBooked(item, goodsOf(item.category))), adjusting: noAdjusting(), photos: [] }
}
