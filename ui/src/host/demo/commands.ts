// What commands do to the demo host's visits: the transitions of sync.md that screens can trigger.

import { fen, yuan } from '@/format/money'
import { cityClock, cityDay } from '@/format/city'
import { uuidv7 } from '@/format/id'
import type { AppError, AppointmentStatus, PaymentMethod, AcceptedBy } from '../types'
import type { Visit } from './data'

/** A rejection as the engine makes it. */
export const refusal = (code: string, field: string | null = null): AppError => ({ code, field, errors: [] })

interface Act {
  by: string
  role: string
  at: string
}

type Args = Record<string, unknown>
const text = (args: Args, key: string): string => (typeof args[key] === 'string' ? args[key] : '')

/** Σ payments − Σ refunds, in fen. */
export const paidFen = (visit: Visit): bigint =>
  visit.order.payments.reduce((sum, p) => sum + fen(p.amount), 0n) - visit.order.refunds.reduce((sum, r) => sum + fen(r.amount), 0n)

const open = (status: AppointmentStatus | undefined): AppError | null => {
  if (status === undefined) return refusal('no_appointment')
  if (status === 2) return refusal('already_completed')
  if (status === 3) return refusal('already_cancelled')
  return null
}

const commands: Record<string, (visit: Visit, args: Args, act: Act) => AppError | null> = {
  'appointment.confirm': ({ appointment }) => {
    const refused = appointment?.status === 4 ? refusal('in_service') : open(appointment?.status)
    if (!refused && appointment) appointment.status = 1
    return refused
  },
  'appointment.assign': ({ appointment, order }, args) => {
    const refused = open(appointment?.status)
    if (!refused && appointment) order.collector = appointment.assignee = (args['assignee'] as string | null) ?? null
    return refused
  },
  'appointment.reschedule': ({ appointment }, args) => {
    const refused = appointment?.status === 4 ? refusal('in_service') : open(appointment?.status)
    if (refused || !appointment) return refused
    const at = new Date(text(args, 'appointment_time'))
    if (Number.isNaN(at.getTime())) return refusal('required', 'appointment_time')
    if (at.getTime() < Date.now() + 3_600_000) return refusal('too_soon', 'appointment_time')
    const hour = Math.floor(Number(cityClock(at).slice(0, 2)) / 2) * 2
    if (hour < 8 || hour >= 18) return refusal('outside_slots', 'appointment_time')
    const clock = (h: number) => `${String(h).padStart(2, '0')}:00`
    appointment.appointment_time = at.toISOString()
    appointment.slot = { date: cityDay(at), start: clock(hour), end: clock(hour + 2) }
    return null
  },
  'appointment.start': ({ appointment }, _args, act) => {
    if (!appointment) return refusal('no_appointment')
    if (appointment.status !== 2) appointment.status = 4
    appointment.started_at ??= act.at
    return null
  },
  'appointment.cancel': (visit, args, act) => {
    const { appointment, order } = visit
    if (appointment?.status === 3) return null
    const refused = open(appointment?.status)
    if (refused || !appointment) return refused
    if (!text(args, 'reason')) return refusal('required', 'reason')
    appointment.status = 3
    const words = text(args, 'text')
    appointment.cancellation = { by: act.role, reason: text(args, 'reason'), at: act.at, ...(words ? { text: words } : {}) }
    if (order.status === 0 && paidFen(visit) === 0n) order.status = 3
    return null
  },
  'appointment.complete': ({ appointment }, _args, act) => {
    if (!appointment) return refusal('no_appointment')
    appointment.status = 2
    appointment.completed_at ??= act.at
    return null
  },
  'order.accept': ({ order }, args, act) => {
    if (!order.quotes.some((q) => q.quote.id === args['quote_id'])) return refusal('unknown_quote')
    order.acceptances.push({ quote_id: text(args, 'quote_id'), by: args['by'] as AcceptedBy, at: act.at, ...(typeof args['blob'] === 'string' ? { blob: args['blob'] } : {}) })
    return null
  },
  'order.pay': (visit, args, act) => {
    const { order } = visit
    const amount = fen(text(args, 'amount'))
    if (amount <= 0n) return refusal('required', 'amount')
    if (order.payments.some((p) => p.payment_id === args['payment_id'])) return null
    order.payments.push({ payment_id: text(args, 'payment_id') || uuidv7(), method: args['method'] as PaymentMethod, amount: yuan(amount), at: act.at, by: act.by })
    if (order.weighed_at === null) order.reviews.push({ code: 'paid_unweighed', at: act.at })
    else if (paidFen(visit) >= fen(order.due)) order.status = visit.appointment ? 1 : 2
    if (order.weighed_at !== null && paidFen(visit) > fen(order.due)) order.reviews.push({ code: 'overpaid', at: act.at })
    return null
  },
  'order.refund': (visit, args, act) => {
    const amount = fen(text(args, 'amount'))
    if (amount <= 0n) return refusal('required', 'amount')
    visit.order.refunds.push({ refund_id: text(args, 'refund_id') || uuidv7(), payment_id: text(args, 'payment_id'), amount: yuan(amount), at: act.at, by: act.by })
    if (visit.order.status === 2) visit.order.reviews.push({ code: 'refunded_completed', at: act.at })
    else if (paidFen(visit) < fen(visit.order.due)) visit.order.status = 0
    return null
  },
  'order.void': (visit, args) => {
    if (visit.order.status === 2 && visit.appointment) return refusal('already_completed')
    if (paidFen(visit) > 0n) return refusal('already_paid')
    if (!text(args, 'reason')) return refusal('required', 'reason')
    visit.order.status = 3
    visit.order.void_reason = text(args, 'reason')
    return null
  },
  'order.receive': ({ order }, _args, act) => {
    order.received_at = act.at
    if (order.status === 1) order.status = 2
    else if (order.status === 0) order.reviews.push({ code: 'unpaid_received', at: act.at })
    return null
  },
}

/** Applies a command; the refusal if there is one. */
export function applyCommand(visit: Visit, name: string, args: object, act: Act): AppError | null {
  const command = commands[name.replace(/@1$/, '')]
  return command ? command(visit, args as Args, act) : refusal('unknown_command')
}

/** Commands possible now. */
export function actionsOf(visit: Visit, role: string): string[] {
  const { appointment, order } = visit
  const actions: string[] = []
  if (appointment && (appointment.status === 0 || appointment.status === 1)) {
    if (appointment.status === 0) actions.push('appointment.confirm')
    actions.push('appointment.start', 'appointment.reschedule')
  }
  if (appointment && appointment.status !== 2 && appointment.status !== 3) {
    actions.push('appointment.cancel')
    const atTheDoor = role === 'collector' && appointment.status === 4
    if (order.quotes.length === 0 && !atTheDoor) actions.push('appointment.estimate')
    if (role !== 'collector') actions.push('appointment.assign')
  }
  if (appointment?.status === 4) {
    actions.push('order.weigh')
    if (order.current_quote) actions.push('order.accept', 'order.pay', 'appointment.complete')
  }
  if (paidFen(visit) > 0n) actions.push('order.refund')
  if (order.status !== 3 && (order.status !== 2 || !appointment)) actions.push('order.void')
  if (!order.received_at && order.status !== 3 && role !== 'collector' && order.weighed_at) actions.push('order.receive')
  return actions
}
