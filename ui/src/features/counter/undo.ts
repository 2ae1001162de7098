// Voiding a recorded ticket: what was paid is taken back first, payment by payment, then the ticket is void.

import { uuidv7 } from '@/format/id'
import { fen, yuan } from '@/format/money'
import { host, type Order } from '@/host'

/** What is still to be taken back of each payment. */
export function owedBack(order: Order): { payment_id: string; amount: string }[] {
  return order.payments.flatMap((payment) => {
    const back = order.refunds.filter((r) => r.payment_id === payment.payment_id).reduce((sum, r) => sum + fen(r.amount), 0n)
    const left = fen(payment.amount) - back
    return left > 0n ? [{ payment_id: payment.payment_id, amount: yuan(left) }] : []
  })
}

/** Takes back what was paid and voids the ticket. Safe to repeat after a failure: what is already back stays back. */
export async function voidTicket(id: string, reason: string): Promise<void> {
  const { order } = await host().order(id)
  for (const back of owedBack(order)) {
    await host().execute('order.refund', { order_id: id, refund_id: uuidv7(), ...back })
  }
  await host().execute('order.void', { order_id: id, reason })
}
