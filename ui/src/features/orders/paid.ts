// What has been paid out for an order.

import { fen } from '@/format/money'
import type { Order, Payment } from '@/host'

/** Σ payments − Σ refunds, in fen. */
export const paidFen = (order: Pick<Order, 'payments' | 'refunds'>): bigint =>
  order.payments.reduce((sum, p) => sum + fen(p.amount), 0n) - order.refunds.reduce((sum, r) => sum + fen(r.amount), 0n)

/** What is left of one payment after its refunds, in fen. */
export const refundable = (order: Pick<Order, 'refunds'>, payment: Payment): bigint =>
  order.refunds.filter((r) => r.payment_id === payment.payment_id).reduce((left, r) => left - fen(r.amount), fen(payment.amount))
