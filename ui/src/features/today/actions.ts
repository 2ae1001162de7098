// Which of the possible commands is the next step of a visit, and which are asides.

import { fen } from '@/format/money'
import type { AppointmentDetail } from '@/host'

/** What a person can do with an appointment. */
export type ActionName = 'start' | 'weigh' | 'reweigh' | 'accept' | 'complete' | 'confirm' | 'reschedule' | 'estimate' | 'assign' | 'cancel'

/** Paid minus refunded reaches what is due, and it was weighed. */
export function settled(detail: AppointmentDetail): boolean {
  const { order } = detail
  const paid = order.payments.reduce((sum, p) => sum + fen(p.amount), 0n) - order.refunds.reduce((sum, r) => sum + fen(r.amount), 0n)
  return order.weighed_at !== null && paid >= fen(order.due) && (order.payments.length > 0 || fen(order.due) === 0n)
}

/** Begun and not at its end: it can be finished whatever else is closed. */
export function inProgress({ appointment, order }: AppointmentDetail): boolean {
  return appointment.status === 4 || (order.weighed_at !== null && (order.status === 0 || order.status === 1))
}

const may = (detail: AppointmentDetail, command: string): boolean => detail.actions.includes(command)

/** The step that brings the visit on: start, weigh, customer's yes and payment, complete. */
export function primaryAction(detail: AppointmentDetail): ActionName | null {
  const { appointment, order } = detail
  if (may(detail, 'appointment.start') && (appointment.status === 0 || appointment.status === 1)) return 'start'
  if (appointment.status !== 4) return null
  if (order.current_quote === null) return may(detail, 'order.weigh') ? 'weigh' : null
  if (!settled(detail)) return may(detail, 'order.accept') || may(detail, 'order.pay') ? 'accept' : null
  return may(detail, 'appointment.complete') ? 'complete' : null
}

/** The rest, the destructive one last in reading order and first in the bar. */
export function secondaryActions(detail: AppointmentDetail, primary: ActionName | null): ActionName[] {
  const { appointment, order } = detail
  const actions: ActionName[] = []
  if (may(detail, 'appointment.cancel') && appointment.status !== 2 && appointment.status !== 3) actions.push('cancel')
  if (may(detail, 'appointment.assign') && appointment.status !== 2 && appointment.status !== 3) actions.push('assign')
  if (may(detail, 'appointment.reschedule') && (appointment.status === 0 || appointment.status === 1)) actions.push('reschedule')
  if (may(detail, 'appointment.estimate') && order.current_quote === null) actions.push('estimate')
  if (may(detail, 'appointment.confirm') && appointment.status === 0) actions.push('confirm')
  if (may(detail, 'order.weigh') && appointment.status === 4 && order.current_quote !== null && !settled(detail)) actions.push('reweigh')
  if (may(detail, 'appointment.complete') && appointment.status === 4 && primary !== 'complete') actions.push('complete')
  return actions
}
