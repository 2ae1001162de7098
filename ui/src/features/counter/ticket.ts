// The ticket being written at the counter and those put aside, as they survive a kill.

import { uuidv7 } from '@/format/id'
import type { Seller } from '@/host'
import { noAdjusting, type Adjusting } from '../weigh/adjust'
import { newKey, type Row } from '../weigh/rows'

/** A ticket not yet recorded. */
export interface Open {
  /** The order's identity, chosen when the ticket is begun: recording it twice is impossible, whatever is killed when. */
  id: string
  rows: Row[]
  adjusting: Adjusting
  seller: Seller
}

/** A ticket put aside with F2, to be taken up again. */
export interface Held extends Open {
  at: string
}

/** A ticket that is recorded and waits for its payment; the payment has its identity already. */
export interface Unpaid {
  order_id: string
  payment_id: string
}

/** Everything that survives. */
export interface CounterDraft {
  v: 1
  current: Open
  held: Held[]
  unpaid: Unpaid | null
}

/** The draft's key. */
export const COUNTER_DRAFT = 'counter'

/** An empty ticket. */
export const blankTicket = (): Open => ({ id: uuidv7(), rows: [], adjusting: noAdjusting(), seller: { name: '', phone: '' } })

/** Whether anything was entered. */
export const begun = (ticket: Open): boolean => ticket.rows.length > 0 || ticket.seller.name.trim() !== '' || ticket.seller.phone.trim() !== ''

/** A stored draft of this form; anything else is none. */
export function readCounterDraft(stored: unknown): CounterDraft | null {
  const draft = stored as Partial<CounterDraft> | null
  if (typeof draft !== 'object' || draft?.v !== 1 || !Array.isArray(draft.current?.rows) || !Array.isArray(draft.held)) return null
  return { v: 1, current: revive(draft.current), held: draft.held.map((h) => ({ ...h, ...revive(h) })), unpaid: draft.unpaid ?? null }
}

function revive(ticket: Open): Open {
  return {
    id: ticket.id ?? uuidv7(),
    rows: ticket.rows.map((r) => ({ ...r, key: newKey() })),
    adjusting: { ...noAdjusting(), ...ticket.adjusting },
    seller: { name: ticket.seller?.name ?? '', phone: ticket.seller?.phone ?? '' },
  }
}

/** What is wrong with the seller's fields: both are given, or neither. */
export function sellerFault(seller: Seller): 'mobile' | 'name' | 'phone' | null {
  const phone = seller.phone.trim()
  if (phone !== '' && !/^1[3-9]\d{9}$/.test(phone)) return 'mobile'
  if (phone !== '' && seller.name.trim() === '') return 'name'
  return phone === '' && seller.name.trim() !== '' ? 'phone' : null
}

/** The seller to send; none where nothing was asked. */
export function sellerOf(seller: Seller): Seller | undefined {
  const name = seller.name.trim()
  const phone = seller.phone.trim()
  return name === '' && phone === '' ? undefined : { name, phone }
}
