// What lists and panes show of the demo's visits.

import { formatScaled, parseScaled, trimZeros } from '@/format/decimal'
import { yuan } from '@/format/money'
import { localDay } from '@/format/time'
import type { AppointmentDetail, AppointmentFilter, AppointmentRow, HistoryEntry, Order, OrderDetail, OrderFilter, OrderRow } from '../types'
import { actionsOf, paidFen, refusal } from './commands'
import { BOOK, divisionName, RULES, STAFF, type Visit } from './data'

const mask = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(-4)}`

/** Rows of appointments. */
export function listAppointments(visits: Visit[], filter: AppointmentFilter): AppointmentRow[] {
  const rows = visits.flatMap((visit): AppointmentRow[] => {
    const { appointment: a, order, sync } = visit
    if (!a) return []
    if ((filter.from && a.slot.date < filter.from) || (filter.to && a.slot.date > filter.to) || (filter.from && !filter.to && a.slot.date !== filter.from)) return []
    if (filter.statuses.length > 0 && !filter.statuses.includes(a.status)) return []
    if (filter.assignee && a.assignee !== filter.assignee) return []
    if (!matches(filter.query, [a.contact.name, a.contact.phone, a.address.detail, order.order_no, ...a.items.map((i) => goodsName(i.category))])) return []
    return [{
      id: a.id, order_id: a.order_id, status: a.status, order_status: order.status, time: a.appointment_time, slot: a.slot, name: a.contact.name,
      phone_masked: mask(a.contact.phone), address: `${divisionName(a.address.division).slice(-3)} ${a.address.detail}`, categories: a.items.map((i) => i.category),
      estimate: a.estimate.due, due: order.current_quote ? order.due : null, assignee: a.assignee, assignee_name: STAFF.find((s) => s.id === a.assignee)?.name ?? null,
      reviews: [...(a.reviews ?? []), ...order.reviews].map((r) => r.code), sync,
    }]
  })
  return rows.sort((x, y) => x.time.localeCompare(y.time))
}

const goodsName = (category: string): string => BOOK.catalogue.find((c) => c.category === category)?.name ?? category
const matches = (query: string, texts: (string | null | undefined)[]): boolean => {
  const wanted = query.trim().toLowerCase()
  return wanted === '' || texts.some((text) => text?.toLowerCase().includes(wanted))
}

/** Rows of orders. */
export function listOrders(visits: Visit[], filter: OrderFilter): OrderRow[] {
  const rows = visits.flatMap(({ appointment, order, sync }): OrderRow[] => {
    const day = localDay(new Date(order.created_at))
    if ((filter.from && day < filter.from) || (filter.to && day > filter.to)) return []
    if (filter.statuses.length > 0 && !filter.statuses.includes(order.status)) return []
    if (filter.tickets !== null && filter.tickets !== (appointment === null)) return []
    const quote = order.quotes.at(-1)?.quote
    const categories = quote?.lines.map((l) => l.category) ?? appointment?.items.map((i) => i.category) ?? []
    const name = appointment?.contact.name ?? order.seller?.name ?? null
    const phone = appointment?.contact.phone ?? order.seller?.phone ?? null
    if (!matches(filter.query, [order.order_no, name, phone, ...categories.map(goodsName)])) return []
    const weight = quote?.lines.filter((l) => RULES.find((r) => r.category === l.category)?.unit === 'kg').reduce((sum, l) => sum + (parseScaled(l.quantity, 3) ?? 0n), 0n) ?? 0n
    const paid = paidFen({ appointment, order, sync })
    return [{
      id: order.id, appointment_id: order.appointment_id, order_no: order.order_no, status: order.status, created_at: order.created_at, name,
      phone_masked: phone ? mask(phone) : null, categories, weight: trimZeros(formatScaled(weight, 3)), due: order.due, paid: yuan(paid), reviews: order.reviews.map((r) => r.code), sync,
    }]
  })
  return rows.sort((x, y) => y.created_at.localeCompare(x.created_at))
}

function history({ appointment: a, order }: Visit): HistoryEntry[] {
  const entries: HistoryEntry[] = []
  const add = (what: string, at: string | null | undefined, part: Partial<HistoryEntry> = {}) => {
    if (at) entries.push({ what, at, by: null, amount: null, detail: null, pending: false, ...part })
  }
  const name = (id: string) => STAFF.find((s) => s.id === id)?.name ?? null
  if (a) add('booked', a.created_at, { by: a.contact.name, amount: a.estimate.due })
  if (a) add('started', a.started_at, { by: name(a.assignee ?? '') })
  for (const q of order.quotes) add('weighed', q.at ?? null, { by: name(q.by), amount: q.quote.due })
  for (const c of order.acceptances) add('accepted', c.at, { by: a?.contact.name ?? null, detail: c.by })
  for (const p of order.payments) add('paid', p.at, { by: name(p.by), amount: p.amount, detail: p.method })
  for (const r of order.refunds) add('refunded', r.at, { by: name(r.by), amount: r.amount })
  if (a) add('completed', a.completed_at, { by: name(a.assignee ?? '') })
  if (a?.cancellation) add('cancelled', a.cancellation.at, { detail: a.cancellation.reason })
  add('received', order.received_at)
  for (const r of [...(a?.reviews ?? []), ...order.reviews]) add('review', r.at, { detail: r.code })
  return entries
}

/** One appointment. */
export function appointmentDetail(visit: Visit, role: string, hasDraft: boolean): AppointmentDetail {
  if (!visit.appointment) throw refusal('not_found')
  return {
    appointment: visit.appointment, order: visit.order, division_name: divisionName(visit.appointment.address.division),
    assignee_name: STAFF.find((s) => s.id === visit.appointment?.assignee)?.name ?? null, sync: visit.sync, history: history(visit),
    actions: actionsOf(visit, role), has_draft: hasDraft,
  }
}

/** One order. */
export const orderDetail = (visit: Visit, role: string): OrderDetail => ({
  order: visit.order satisfies Order, appointment: visit.appointment, sync: visit.sync, history: history(visit), actions: actionsOf(visit, role).filter((a) => a.startsWith('order.')),
})
